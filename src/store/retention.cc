#include "store/retention.h"

#include <algorithm>

#include "base/fault_point.h"
#include "base/log.h"

namespace strata::store {
namespace {

constexpr Duration kBelievableLead = std::chrono::hours(24);

std::int64_t YoungestOf(const Part& part) {
  const duck::PartInfo& info = *part.info;
  if (info.min_time > info.max_time) return part.last_arrival_ns;  // no row has an event time
  return std::max(part.last_arrival_ns,
                  std::min(info.max_time, part.last_arrival_ns + kBelievableLead.count()));
}

}  // namespace

std::vector<RetentionDrop> PlanRetention(std::span<const ManifestPtr> manifests,
                                         const RetentionConfig& config, std::int64_t now_ns) {
  std::vector<RetentionDrop> drops;
  for (const ManifestPtr& manifest : manifests) {
    for (const CollectionPartsPtr& parts : manifest->collections) {
      const Duration keep = config.Of(parts->collection);
      if (keep <= Duration::zero()) continue;
      for (const PartPtr& part : parts->parts) {
        const std::int64_t youngest = YoungestOf(*part);
        if (now_ns - youngest <= keep.count()) continue;
        drops.push_back({.collection = parts->collection,
                         .part = part,
                         .youngest_ns = youngest,
                         .expired_ns = youngest + keep.count()});
      }
    }
  }
  return drops;
}

Status ApplyRetention(const std::vector<RetentionDrop>& drops, Manifests& manifests,
                      Graveyard& graveyard, Metrics& metrics) {
  for (std::size_t begin = 0; begin < drops.size();) {
    const model::Collection& collection = drops[begin].collection;
    Edit edit;
    std::uint64_t rows = 0;
    std::size_t end = begin;
    for (; end < drops.size() && drops[end].collection.id == collection.id; ++end) {
      const Part& part = *drops[end].part;
      edit.emplace_back(RemovePart{
          .collection = collection.id, .min_position = part.min_position(), .path = part.path});
      edit.emplace_back(
          DropRange{.collection = collection.id,
                    .positions = {.first = part.min_position(), .last = part.max_position()}});
      rows += part.rows();
    }
    FaultPoint<"store.retention.planned">();
    RETURN_IF_ERROR(manifests.Apply(collection.namespace_name, edit));
    FaultPoint<"store.retention.listed">();
    for (; begin < end; ++begin) graveyard.Bury(drops[begin].part);
    metrics.retained_out_parts.Add(edit.size() / 2);
    metrics.retained_out_rows.Add(rows);
    LogInfo("parts dropped by retention", {{"namespace", collection.namespace_name},
                                           {"collection", collection.name},
                                           {"parts", edit.size() / 2},
                                           {"rows", rows}});
  }
  return Done{};
}

}  // namespace strata::store
