// Rows of a block as plain structs.
#pragma once

#include <cstdint>

#include "model/block.h"
#include "wire/otlp_rows.h"

namespace strata::wire {

ResourceRow ResourceOf(const model::Resource& resource);
ScopeRow ScopeOf(const model::Scope& scope);

// `row` is a published row of the block. Requires: the block's kind is that of the result.
LogRow LogRowOf(const model::Block& block, std::uint32_t row);
SpanRow SpanRowOf(const model::Block& block, std::uint32_t row);
MetricRow MetricRowOf(const model::Block& block, std::uint32_t row);

// Indexes into Block::resources() and Block::scopes().
std::uint32_t ResourceIndexOf(const model::Block& block, std::uint32_t row);
std::uint32_t ScopeIndexOf(const model::Block& block, std::uint32_t row);

}  // namespace strata::wire
