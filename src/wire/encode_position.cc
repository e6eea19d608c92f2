#include "wire/block_rows.h"
#include "wire/otlp_encode.h"

namespace strata::wire {
namespace {

void AddRow(OtlpEncoder& encoder, const model::Block& block, std::uint32_t row) {
  const ResourceRow resource = ResourceOf(block.resources()[ResourceIndexOf(block, row)]);
  const ScopeRow scope = ScopeOf(block.scopes()[ScopeIndexOf(block, row)]);
  switch (block.kind()) {
    case model::Kind::kLogs:
      return encoder.Add(resource, scope, LogRowOf(block, row));
    case model::Kind::kSpans:
      return encoder.Add(resource, scope, SpanRowOf(block, row));
    case model::Kind::kMetrics:
      return encoder.Add(resource, scope, MetricRowOf(block, row));
  }
}

}  // namespace

std::string EncodePosition(std::span<const model::BlockSlice> slices, std::uint64_t position) {
  OtlpEncoder encoder;
  for (const model::BlockSlice& slice : slices) {
    for (std::uint32_t i = slice.first_run; i < slice.last_run; ++i) {
      const model::Run& run = slice.block->runs()[i];
      if (run.position != position) continue;
      for (std::uint32_t row = run.begin; row < run.end; ++row) {
        AddRow(encoder, *slice.block, row);
      }
    }
  }
  return encoder.Finish();
}

}  // namespace strata::wire
