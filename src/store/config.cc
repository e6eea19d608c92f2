#include "store/config.h"

namespace strata::store {

Duration RetentionConfig::Of(const model::Collection& collection) const {
  const auto own = by_collection.find(collection.namespace_name + "/" + collection.name);
  return own != by_collection.end() ? own->second
                                    : by_kind[static_cast<std::size_t>(collection.kind)];
}

Status Config::Validate() const {
  const auto invalid = [](const char* what) { return Error{Code::kInvalidInput, what}; };
  if (data_dir.empty()) return invalid("data_dir is not set");
  if (seal.rows == 0 || seal.bytes == 0) return invalid("seal.rows and seal.bytes must be above 0");
  if (seal.age <= Duration::zero()) return invalid("seal.age must be above 0");
  if (merge.inputs_max < 2) return invalid("merge.inputs_max must be at least 2");
  if (merge.target_rows == 0) return invalid("merge.target_rows must be above 0");
  if (scrub.bytes_per_second == 0) return invalid("scrub.rate must be above 0");
  return Done{};
}

}  // namespace strata::store
