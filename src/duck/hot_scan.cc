#include "duck/hot_scan.h"

#include <algorithm>
#include <bit>
#include <cstring>

#include <immintrin.h>

#include "duck/attribute_values.h"
#include "duck/hex.h"
#include "duck/slice_runs.h"
#include "duckdb/common/types/value.hpp"
#include "duckdb/planner/filter/constant_filter.hpp"
#include "model/schema.h"

namespace strata::duck {
namespace {

using duckdb::ExpressionType;
using duckdb::idx_t;
using duckdb::sel_t;
using model::kChunkRows;

// Rows of 2,048 bytes with value >= bound, 32 at a time.
idx_t SelectAtLeast(const std::uint8_t* values, std::uint32_t count, std::uint8_t bound,
                    sel_t* out) {
  idx_t size = 0;
  std::uint32_t i = 0;
  const __m256i limit = _mm256_set1_epi8(static_cast<char>(bound));
  for (; i + 32 <= count; i += 32) {
    const __m256i v = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(values + i));
    auto mask = static_cast<std::uint32_t>(
        _mm256_movemask_epi8(_mm256_cmpeq_epi8(_mm256_max_epu8(v, limit), v)));
    for (; mask != 0; mask &= mask - 1) {
      out[size++] = i + static_cast<std::uint32_t>(std::countr_zero(mask));
    }
  }
  for (; i < count; ++i) {
    if (values[i] >= bound) out[size++] = i;
  }
  return size;
}

// Rows whose 16 bytes equal `id`, two at a time.
idx_t SelectId16(const std::byte* ids, std::uint32_t count, const char* id, sel_t* out) {
  constexpr std::size_t kBytes = 16;
  idx_t size = 0;
  const __m128i half = _mm_loadu_si128(reinterpret_cast<const __m128i*>(id));
  const __m256i wanted = _mm256_broadcastsi128_si256(half);
  std::uint32_t i = 0;
  for (; i + 2 <= count; i += 2) {
    const __m256i v = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(ids + i * kBytes));
    const auto mask =
        static_cast<std::uint32_t>(_mm256_movemask_epi8(_mm256_cmpeq_epi64(v, wanted)));
    if ((mask & 0xFFFFU) == 0xFFFFU) out[size++] = i;
    if ((mask >> 16) == 0xFFFFU) out[size++] = i + 1;
  }
  for (; i < count; ++i) {
    if (std::memcmp(ids + i * kBytes, id, kBytes) == 0) out[size++] = i;
  }
  return size;
}

template <class T, class F>
bool WithComparison(ExpressionType type, T bound, F f) {
  switch (type) {
    case ExpressionType::COMPARE_EQUAL:
      f([bound](T v) { return v == bound; });
      return true;
    case ExpressionType::COMPARE_NOTEQUAL:
      f([bound](T v) { return v != bound; });
      return true;
    case ExpressionType::COMPARE_GREATERTHAN:
      f([bound](T v) { return v > bound; });
      return true;
    case ExpressionType::COMPARE_GREATERTHANOREQUALTO:
      f([bound](T v) { return v >= bound; });
      return true;
    case ExpressionType::COMPARE_LESSTHAN:
      f([bound](T v) { return v < bound; });
      return true;
    case ExpressionType::COMPARE_LESSTHANOREQUALTO:
      f([bound](T v) { return v <= bound; });
      return true;
    default:
      return false;
  }
}

}  // namespace

HotScan::HotScan(duckdb::ClientContext& context, const ScanPlan& plan)
    : context_(context), plan_(plan), columns_(plan), selection_(kChunkRows) {
  filters_.reserve(plan.filters.size());
  for (const ScanFilter& filter : plan.filters) {
    filters_.push_back({.filter = filter,
                        .evaluator = FilterEvaluator(context, *filter.filter),
                        .table_id = {},
                        .table = {},
                        .ids = {},
                        .numbers = {},
                        .scratch = nullptr});
    Filter& added = filters_.back();
    const ViewColumn& view = plan.columns[filter.column];
    if (view.source == ViewSource::kAttribute) {
      if (auto texts = EqualityTexts(*filter.filter); !texts.empty()) added.numbers.emplace(texts);
    }
    if (view.source != ViewSource::kFixed) continue;
    const auto type = model::FixedColumns(plan.kind)[view.fixed].type;
    if (type != model::ColumnType::kId16 && type != model::ColumnType::kId8) continue;
    const auto texts = EqualityTexts(*filter.filter);
    if (texts.empty()) continue;
    added.by_id = true;
    added.id_bytes = type == model::ColumnType::kId16 ? 16 : 8;
    const std::string unset(added.id_bytes, '\0');
    for (const std::string& text : texts) {
      auto id = BytesFromHex(text);
      // Unset ids are NULL.
      if (id && id->size() == added.id_bytes && *id != unset) added.ids.push_back(*std::move(id));
    }
  }
}

void HotScan::Start(const HotUnit& unit) {
  unit_ = unit;
  chunk_ = unit.first_chunk;
  columns_.Start(*unit.slice, *unit.collection);
  for (Filter& filter : filters_) filter.table_id.clear();
  run_ = FirstRunBehind(*unit.slice, chunk_ * kChunkRows);
}

// Sets rows_ to the visible rows of the chunk.
bool HotScan::FindRows(std::uint32_t chunk) {
  const auto& runs = columns_.block().runs();
  const std::uint32_t begin = chunk * kChunkRows;
  const std::uint32_t end = begin + kChunkRows;
  rows_ = {.chunk = chunk};
  for (; run_ < unit_.slice->last_run && runs[run_].begin < end; ++run_) {
    const std::uint32_t from = std::max(runs[run_].begin, begin) - begin;
    const std::uint32_t to = std::min(runs[run_].end, end) - begin;
    const bool adjoins = rows_.selection == nullptr && rows_.base + rows_.count == from;
    if (rows_.count == 0) {
      rows_.base = from;
    } else if (!adjoins && rows_.selection == nullptr) {
      for (idx_t i = 0; i < rows_.count; ++i) selection_[i] = rows_.base + static_cast<sel_t>(i);
      rows_.selection = selection_.data();
    }
    if (rows_.selection != nullptr) {
      for (std::uint32_t row = from; row < to; ++row) {
        selection_[rows_.count + row - from] = row;
      }
    }
    rows_.count += to - from;
    if (runs[run_].end > end) break;  // goes on in the next chunk
  }
  return rows_.count != 0;
}

template <class Keep>
void HotScan::Retain(Keep keep) {
  sel_t* to = selection_.data();
  idx_t kept = 0;
  if (rows_.selection == nullptr) {
    const std::uint32_t end = rows_.base + static_cast<std::uint32_t>(rows_.count);
    for (std::uint32_t row = rows_.base; row < end; ++row) {
      to[kept] = row;
      kept += keep(row) ? 1 : 0;
    }
    if (kept == rows_.count) return;  // still dense
  } else {
    for (idx_t i = 0; i < rows_.count; ++i) {
      const sel_t row = rows_.selection[i];
      to[kept] = row;
      kept += keep(row) ? 1 : 0;
    }
  }
  rows_.selection = to;
  rows_.count = kept;
}

bool HotScan::ApplyPlain(Filter& filter, const void* values) {
  if (filter.filter.filter->filter_type != duckdb::TableFilterType::CONSTANT_COMPARISON) {
    // Every row has a value.
    return filter.filter.filter->filter_type == duckdb::TableFilterType::IS_NOT_NULL;
  }
  const auto& comparison = filter.filter.filter->Cast<duckdb::ConstantFilter>();
  const auto type = comparison.comparison_type;
  const auto apply = [&]<class T>(T bound) {
    return WithComparison<T>(type, bound, [&](auto keep) {
      const T* of = static_cast<const T*>(values);
      Retain([&](std::uint32_t row) { return keep(of[row]); });
    });
  };
  switch (plan_.columns[filter.filter.column].type.InternalType()) {
    case duckdb::PhysicalType::UINT8: {
      const auto bound = comparison.constant.GetValueUnsafe<std::uint8_t>();
      if (type == ExpressionType::COMPARE_GREATERTHANOREQUALTO && rows_.selection == nullptr) {
        const auto count = static_cast<std::uint32_t>(rows_.count);
        const auto* from = static_cast<const std::uint8_t*>(values) + rows_.base;
        rows_.count = SelectAtLeast(from, count, bound, selection_.data());
        for (idx_t i = 0; i < rows_.count && rows_.base != 0; ++i) selection_[i] += rows_.base;
        rows_.selection = selection_.data();
        return true;
      }
      return apply(bound);
    }
    case duckdb::PhysicalType::UINT32:
      return apply(comparison.constant.GetValueUnsafe<std::uint32_t>());
    case duckdb::PhysicalType::UINT64:
      return apply(comparison.constant.GetValueUnsafe<std::uint64_t>());
    case duckdb::PhysicalType::INT32:
      return apply(comparison.constant.GetValueUnsafe<std::int32_t>());
    case duckdb::PhysicalType::INT64:
      return apply(comparison.constant.GetValueUnsafe<std::int64_t>());
    default:
      return false;
  }
}

bool HotScan::ApplyIds(Filter& filter) {
  const std::byte* ids = columns_.IdValues(filter.filter.column, rows_.chunk);
  if (ids == nullptr || filter.ids.empty()) {
    rows_.count = 0;
    return true;
  }
  if (filter.ids.size() == 1 && filter.id_bytes == 16 && rows_.selection == nullptr) {
    const auto count = static_cast<std::uint32_t>(rows_.count);
    rows_.count =
        SelectId16(ids + rows_.base * 16ULL, count, filter.ids[0].data(), selection_.data());
    for (idx_t i = 0; i < rows_.count && rows_.base != 0; ++i) selection_[i] += rows_.base;
    rows_.selection = selection_.data();
    return true;
  }
  Retain([&](std::uint32_t row) {
    return std::ranges::any_of(filter.ids, [&](const std::string& id) {
      return std::memcmp(ids + row * filter.id_bytes, id.data(), filter.id_bytes) == 0;
    });
  });
  return true;
}

// = or IN on an attribute that is a number in this chunk: its text is not made. False: it is none.
bool HotScan::ApplyEqual(const NumberTexts& wanted, const AttributeSource& source) {
  const auto retain = [&](const auto* values) {
    Retain(
        [&](std::uint32_t row) { return wanted.Has(values[row]) && source.chunk->IsValid(row); });
    return true;
  };
  switch (source.attribute->type) {
    case model::AnyType::kInt:
      return retain(source.chunk->values<std::int64_t>());
    case model::AnyType::kDouble:
      return retain(source.chunk->values<double>());
    case model::AnyType::kBool:
      return retain(source.chunk->values<std::uint8_t>());
    default:
      return false;
  }
}

// Any comparison with a text; no vector is made. False: the filter is none.
bool HotScan::ApplyText(const duckdb::TableFilter& filter, const AttributeSource& source) {
  if (filter.filter_type != duckdb::TableFilterType::CONSTANT_COMPARISON) return false;
  const auto& comparison = filter.Cast<duckdb::ConstantFilter>();
  const std::string_view bound = duckdb::StringValue::Get(comparison.constant);
  char buffer[40];
  return WithComparison(comparison.comparison_type, bound, [&](auto keep) {
    Retain([&](std::uint32_t row) {
      return AttributeIsSet(*source.chunk, row) &&
             keep(AttributeText(*source.attribute, *source.chunk, row, buffer));
    });
  });
}

bool HotScan::ApplyAttribute(const Filter& filter) {
  const AttributeSource source = columns_.OnlyAttribute(filter.filter.column, rows_.chunk);
  if (source.chunk == nullptr) return false;
  if (filter.numbers && ApplyEqual(*filter.numbers, source)) return true;
  return ApplyText(*filter.filter.filter, source);
}

void HotScan::ApplyTable(Filter& filter, const CodedValues& coded) {
  if (filter.table_id != *coded.id) {
    filter.table = filter.evaluator.PassTable(*coded.dictionary, coded.size);
    filter.table_id = *coded.id;
  }
  const std::uint8_t* pass = filter.table.data();
  if (coded.codes16 != nullptr) {
    Retain([&](std::uint32_t row) { return pass[coded.codes16[row]] != 0; });
  } else if (coded.codes32 != nullptr) {
    Retain([&](std::uint32_t row) { return pass[coded.codes32[row]] != 0; });
  } else {
    Retain([&](std::uint32_t row) { return pass[coded.codes8[row]] != 0; });
  }
}

void HotScan::ApplyAny(Filter& filter) {
  if (filter.scratch == nullptr) {
    filter.scratch = std::make_unique<duckdb::DataChunk>();
    filter.scratch->Initialize(context_, {plan_.columns[filter.filter.column].type});
  }
  filter.scratch->Reset();
  duckdb::Vector& values = filter.scratch->data[0];
  columns_.Fill(filter.filter.column, rows_, values);
  duckdb::SelectionVector selected;
  const idx_t count = filter.evaluator.Select(values, rows_.count, selected);
  if (count == rows_.count) return;
  for (idx_t i = 0; i < count; ++i) selection_[i] = rows_[selected.get_index(i)];
  rows_.selection = selection_.data();
  rows_.count = count;
}

bool HotScan::Apply(Filter& filter) {
  if (filter.by_id) {
    ApplyIds(filter);
  } else if (const void* values = columns_.PlainValues(filter.filter.column, rows_.chunk);
             values != nullptr && ApplyPlain(filter, values)) {
    return rows_.count != 0;
  } else if (CodedValues coded; columns_.Coded(filter.filter.column, rows_.chunk, coded)) {
    ApplyTable(filter, coded);
  } else if (!ApplyAttribute(filter)) {
    ApplyAny(filter);
  }
  return rows_.count != 0;
}

bool HotScan::Next(duckdb::DataChunk& out) {
  while (chunk_ < unit_.last_chunk) {
    if (!FindRows(chunk_++)) continue;
    const bool any = std::ranges::all_of(filters_, [&](Filter& filter) { return Apply(filter); });
    if (!any) continue;
    for (std::size_t i = 0; i < plan_.output.size(); ++i) {
      columns_.Fill(plan_.output[i], rows_, out.data[i]);
    }
    out.SetCardinality(rows_.count);
    return true;
  }
  return false;
}

}  // namespace strata::duck
