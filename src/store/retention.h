// Retention: parts whose youngest row is older than their collection keeps are dropped, as a whole.
// A part's age counts from the arrival of its youngest row, or from that row's event time if it is
// later; event times more than a day after arrival are not believed.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "base/result.h"
#include "store/config.h"
#include "store/graveyard.h"
#include "store/manifests.h"
#include "store/metrics.h"

namespace strata::store {

struct RetentionDrop {
  model::Collection collection;
  PartPtr part;  // null: rows that are lost, and are no longer told as such
  wal::PositionRange positions;
  std::int64_t youngest_ns = 0;  // what its age counts from
  std::int64_t expired_ns = 0;   // since when it may go
};

// Exactly what ApplyRetention would drop at `now_ns`.
std::vector<RetentionDrop> PlanRetention(std::span<const ManifestPtr> manifests,
                                         const RetentionConfig& config, std::int64_t now_ns);

// Drops them: one edit a collection. Requires: no merge is under way.
Status ApplyRetention(const std::vector<RetentionDrop>& drops, Manifests& manifests,
                      Graveyard& graveyard, Metrics& metrics);

}  // namespace strata::store
