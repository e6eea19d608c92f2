// What the pipeline tells an operator. Registered once; docs/metrics.md lists the names.
#pragma once

#include <array>

#include "base/result.h"
#include "model/kind.h"
#include "model/metrics.h"

namespace strata::ingest {

struct IngestMetrics {
  explicit IngestMetrics(model::Registry& registry);

  struct OfKind {
    model::Counter* requests;
    model::Counter* records;
    model::Counter* bytes;
    model::Counter* rejected_records;
    model::Counter* duplicates;
  };
  // Kinds are numbered from 1.
  std::array<OfKind, 4> kinds{};
  // By what the sender was told; see RefusalReason.
  std::array<model::Counter*, 7> refused{};
  model::Histogram* decode_seconds = nullptr;

  OfKind& Of(model::Kind kind) { return kinds[static_cast<std::size_t>(kind)]; }
  void CountRefusal(const Error& error);
};

}  // namespace strata::ingest
