#include "duck/block_origins.h"

#include <algorithm>
#include <span>
#include <vector>

#include "model/schema.h"

namespace strata::duck {
namespace {

using duckdb::idx_t;
using Attributes = std::span<const model::Attribute>;

// Those of the index-th resource or scope; none where the block does not have it.
Attributes AttributesOf(const model::Block& block, bool of_scope, std::size_t index) {
  if (index >= (of_scope ? block.scopes().size() : block.resources().size())) return {};
  if (of_scope) {
    const model::Scope& scope = block.scopes()[index];
    return {scope.attributes, scope.attribute_count};
  }
  const model::Resource& resource = block.resources()[index];
  return {resource.attributes, resource.attribute_count};
}

const model::Attribute* Find(Attributes attributes, std::string_view key) {
  const auto found = std::ranges::lower_bound(
      attributes, key, {}, [](const model::Attribute& attribute) { return attribute.key.view(); });
  return found != attributes.end() && found->key.view() == key ? &*found : nullptr;
}

std::optional<TypedEntry> PlainText(const model::Text& text) {
  return TypedEntry{.key = {}, .type = model::AnyType::kString, .text = text.view()};
}

}  // namespace

bool IsOfScope(const ViewColumn& view) {
  return view.source == ViewSource::kScopeName || view.source == ViewSource::kScopeVersion ||
         view.source == ViewSource::kScopeUrl || view.scope == AttributeScope::kScope;
}

bool IsOriginText(const ViewColumn& view) {
  return view.source == ViewSource::kServiceName || view.source == ViewSource::kResourceUrl ||
         view.source == ViewSource::kScopeName || view.source == ViewSource::kScopeVersion ||
         view.source == ViewSource::kScopeUrl ||
         (view.source == ViewSource::kAttribute && view.scope != AttributeScope::kRecord);
}

std::size_t OriginCount(const model::Block& block, const ViewColumn& view) {
  return IsOfScope(view) ? block.scopes().size() : block.resources().size();
}

std::optional<TypedEntry> OriginText(const model::Block& block, const ViewColumn& view,
                                     std::size_t index) {
  switch (view.source) {
    case ViewSource::kServiceName:
      return PlainText(block.resources()[index].service_name);
    case ViewSource::kResourceUrl:
      return PlainText(block.resources()[index].schema_url);
    case ViewSource::kScopeName:
      return PlainText(block.scopes()[index].name);
    case ViewSource::kScopeVersion:
      return PlainText(block.scopes()[index].version);
    case ViewSource::kScopeUrl:
      return PlainText(block.scopes()[index].schema_url);
    default:
      break;
  }
  const auto* attribute = Find(AttributesOf(block, IsOfScope(view), index), view.key);
  if (attribute == nullptr) return std::nullopt;
  return TypedEntry{.key = {}, .type = attribute->type, .text = attribute->text.view()};
}

void FillOriginMap(const model::Block& block, const ViewColumn& view, const ChunkRows& rows,
                   duckdb::Vector& out) {
  const bool of_scope = IsOfScope(view);
  const model::Chunk* codes =
      block.fixed(of_scope ? model::kScope : model::kResource).chunk(rows.chunk);
  std::vector<std::uint32_t> used;
  duckdb::SelectionVector selection(std::max<idx_t>(rows.count, 1));
  for (idx_t i = 0; i < rows.count; ++i) {
    const std::uint32_t code = codes == nullptr ? 0 : codes->values<std::uint32_t>()[rows[i]];
    auto at = std::ranges::find(used.rbegin(), used.rend(), code);
    if (at == used.rend()) {
      used.push_back(code);
      at = used.rbegin();
    }
    selection.set_index(i, static_cast<idx_t>(used.rend() - at - 1));
  }
  duckdb::Vector maps(out.GetType(), std::max<idx_t>(used.size(), 1));
  MapAppender map(maps, nullptr, Shape::kView);
  for (idx_t i = 0; i < used.size(); ++i) {
    map.BeginRow(i);
    for (const model::Attribute& attribute : AttributesOf(block, of_scope, used[i])) {
      map.Add({.key = attribute.key.view(), .type = attribute.type, .text = attribute.text.view()});
    }
    map.EndRow();
  }
  out.Slice(maps, selection, rows.count);
}

}  // namespace strata::duck
