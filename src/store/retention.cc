#include "store/retention.h"

#include <algorithm>

#include "base/fault_point.h"
#include "base/log.h"

namespace strata::store {
namespace {

constexpr Duration kBelievableLead = std::chrono::hours(24);

// What the age of rows counts from; min_time > max_time: none has an event time.
std::int64_t YoungestOf(std::int64_t last_arrival_ns, std::int64_t min_time,
                        std::int64_t max_time) {
  if (min_time > max_time) return last_arrival_ns;
  return std::max(last_arrival_ns, std::min(max_time, last_arrival_ns + kBelievableLead.count()));
}

RetentionDrop DropOf(const model::Collection& collection, const PartPtr& part) {
  return {
      .collection = collection,
      .part = part,
      .positions = {.first = part->min_position(), .last = part->max_position()},
      .youngest_ns = YoungestOf(part->last_arrival_ns, part->info->min_time, part->info->max_time)};
}

RetentionDrop DropOf(const model::Collection& collection, const LostRows& lost) {
  return {.collection = collection,
          .part = nullptr,
          .positions = lost.positions,
          .youngest_ns = YoungestOf(lost.last_arrival_ns, lost.min_time, lost.max_time)};
}

}  // namespace

std::vector<RetentionDrop> PlanRetention(std::span<const ManifestPtr> manifests,
                                         const RetentionConfig& config, std::int64_t now_ns) {
  std::vector<RetentionDrop> drops;
  for (const ManifestPtr& manifest : manifests) {
    for (const CollectionPartsPtr& parts : manifest->collections) {
      const Duration keep = config.Of(parts->collection);
      if (keep <= Duration::zero()) continue;
      const auto add = [&](RetentionDrop drop) {
        if (now_ns - drop.youngest_ns <= keep.count()) return;
        drop.expired_ns = drop.youngest_ns + keep.count();
        drops.push_back(std::move(drop));
      };
      for (const PartPtr& part : parts->parts) add(DropOf(parts->collection, part));
      for (const LostRows& lost : parts->lost) add(DropOf(parts->collection, lost));
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
    std::uint64_t count = 0;
    std::size_t end = begin;
    for (; end < drops.size() && drops[end].collection.id == collection.id; ++end) {
      if (const PartPtr& part = drops[end].part; part != nullptr) {
        edit.emplace_back(RemovePart{
            .collection = collection.id, .min_position = part->min_position(), .path = part->path});
        rows += part->rows();
        ++count;
      }
      edit.emplace_back(DropRange{.collection = collection.id, .positions = drops[end].positions});
    }
    FaultPoint<"store.retention.planned">();
    RETURN_IF_ERROR(manifests.Apply(collection.namespace_name, edit));
    FaultPoint<"store.retention.listed">();
    for (; begin < end; ++begin) {
      if (drops[begin].part != nullptr) graveyard.Bury(drops[begin].part);
    }
    metrics.retained_out_parts.Add(count);
    metrics.retained_out_rows.Add(rows);
    LogInfo("parts dropped by retention", {{"namespace", collection.namespace_name},
                                           {"collection", collection.name},
                                           {"parts", count},
                                           {"rows", rows}});
  }
  return Done{};
}

}  // namespace strata::store
