#include "duck/part_origins.h"

#include <type_traits>

#include "base/check.h"
#include "model/schema.h"

namespace strata::duck {
namespace {

using duckdb::string_t;
using model::Resource;
using model::Scope;

// Calls f with the member that the field shows.
template <class F>
auto WithMember(PartSource source, F f) {
  switch (source) {
    case PartSource::kServiceName:
      return f(&Resource::service_name);
    case PartSource::kResourcePresent:
      return f(&Resource::present);
    case PartSource::kResourceUrl:
      return f(&Resource::schema_url);
    case PartSource::kResourceDropped:
      return f(&Resource::dropped_attributes_count);
    case PartSource::kScopePresent:
      return f(&Scope::present);
    case PartSource::kScopeName:
      return f(&Scope::name);
    case PartSource::kScopeVersion:
      return f(&Scope::version);
    case PartSource::kScopeUrl:
      return f(&Scope::schema_url);
    case PartSource::kScopeDropped:
      return f(&Scope::dropped_attributes_count);
    default:
      CHECK(false);
  }
}

// What a part without the field says (docs/formats/parquet.md, "Missing columns").
bool IsDefault(const model::Text& text) {
  return text.empty();
}
bool IsDefault(bool present) {
  return present;
}
bool IsDefault(std::uint32_t dropped) {
  return dropped == 0;
}

template <class Item>
constexpr bool kIsResource = std::is_same_v<Item, Resource>;

template <class Item>
const auto& ItemsOf(const model::Block& block) {
  if constexpr (kIsResource<Item>) {
    return block.resources();
  } else {
    return block.scopes();
  }
}

// What rows show whose block has no resource or scope of their number.
template <class Item>
const Item& NoItem() {
  static const Item none;
  return none;
}

string_t Shown(const model::Text& text) {
  return AsString(text);
}
bool Shown(bool present) {
  return present;
}
std::uint32_t Shown(std::uint32_t dropped) {
  return dropped;
}

}  // namespace

PartOrigins::PartOrigins(std::span<const model::BlockSlice> slices) : slices_(slices) {
  for (const model::BlockSlice& slice : slices) {
    resources_.push_back(slice.block->resources().size());
    scopes_.push_back(slice.block->scopes().size());
  }
}

template <class Item>
const std::vector<std::size_t>& PartOrigins::Counts() const {
  return kIsResource<Item> ? resources_ : scopes_;
}

bool PartOrigins::IsPresent(const PartField& field) const {
  return WithMember(field.source, [&]<class Item, class T>(T Item::* member) {
    const auto& counts = Counts<Item>();
    for (std::size_t s = 0; s < slices_.size(); ++s) {
      if (counts[s] == 0 && !IsDefault(NoItem<Item>().*member)) return true;
      const auto& items = ItemsOf<Item>(*slices_[s].block);
      for (std::size_t i = 0; i < counts[s]; ++i) {
        if (!IsDefault(items[i].*member)) return true;
      }
    }
    return false;
  });
}

void PartOrigins::Gather(const PartField& field, const PartRows& rows, PartVectors& out) const {
  WithMember(field.source, [&]<class Item, class T>(T Item::* member) {
    const auto& counts = Counts<Item>();
    const std::uint16_t numbers = kIsResource<Item> ? model::kResource : model::kScope;
    auto* to = out.AddFlat<decltype(Shown(T()))>(field.type, rows.size());
    for (std::size_t i = 0; i < rows.size(); ++i) {
      const std::uint32_t number = rows.Origin(numbers, i);
      const bool known = number < counts[rows.refs[i].slice];
      to[i] = Shown((known ? ItemsOf<Item>(rows.block(i))[number] : NoItem<Item>()).*member);
    }
  });
}

}  // namespace strata::duck
