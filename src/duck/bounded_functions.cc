#include "duck/bounded_functions.h"

#include <cctype>
#include <cmath>
#include <string>
#include <utility>

#include "duckdb/catalog/catalog_entry/scalar_function_catalog_entry.hpp"
#include "duckdb/common/exception.hpp"
#include "duckdb/function/scalar_function.hpp"
#include "duckdb/parser/parsed_data/create_scalar_function_info.hpp"

namespace strata::duck {
namespace {

using duckdb::DataChunk;
using duckdb::idx_t;

// About how many bytes the function makes of one row; NULL arguments count as nothing.
using Estimate = double (*)(DataChunk& args, idx_t row);

double Number(DataChunk& args, idx_t column, idx_t row) {
  if (column >= args.ColumnCount()) return 0;
  const duckdb::Value value = args.data[column].GetValue(row);
  if (value.IsNull()) return 0;
  switch (value.type().id()) {
    case duckdb::LogicalTypeId::TIMESTAMP:
    case duckdb::LogicalTypeId::TIMESTAMP_TZ:
      return static_cast<double>(value.GetValueUnsafe<std::int64_t>());
    case duckdb::LogicalTypeId::DATE:
      return static_cast<double>(value.GetValueUnsafe<std::int32_t>()) * 86400e6;
    case duckdb::LogicalTypeId::INTERVAL: {
      const auto interval = value.GetValueUnsafe<duckdb::interval_t>();
      return interval.months * 2592000e6 + interval.days * 86400e6 +
             static_cast<double>(interval.micros);
    }
    default:
      return value.type().IsNumeric() ? value.GetValue<double>() : 0;
  }
}

// Bytes of a text, or of a list's entries.
double Size(DataChunk& args, idx_t column, idx_t row) {
  if (column >= args.ColumnCount()) return 0;
  const duckdb::Value value = args.data[column].GetValue(row);
  if (value.IsNull()) return 0;
  if (value.type().InternalType() == duckdb::PhysicalType::VARCHAR) {
    return static_cast<double>(duckdb::StringValue::Get(value).size());
  }
  if (value.type().id() == duckdb::LogicalTypeId::LIST) {
    return 16.0 * static_cast<double>(duckdb::ListValue::GetChildren(value).size());
  }
  return 16;
}

double OfRepeat(DataChunk& args, idx_t row) {
  return std::max(Size(args, 0, row), 1.0) * Number(args, 1, row);
}
double OfPad(DataChunk& args, idx_t row) {
  return 4 * Number(args, 1, row);
}
double OfResize(DataChunk& args, idx_t row) {
  return 16 * Number(args, 1, row);
}
double OfRange(DataChunk& args, idx_t row) {
  const bool one = args.ColumnCount() == 1;
  const double begin = one ? 0 : Number(args, 0, row);
  const double end = Number(args, one ? 0 : 1, row);
  const double step = args.ColumnCount() > 2 ? Number(args, 2, row) : 1;
  return step == 0 ? 0 : 8 * std::max((end - begin) / step, 0.0);
}
double OfReplace(DataChunk& args, idx_t row) {
  const double from = std::max(Size(args, 1, row), 1.0);
  return Size(args, 0, row) / from * Size(args, 2, row);
}
double OfRegexReplace(DataChunk& args, idx_t row) {
  return Size(args, 0, row) * Size(args, 2, row);
}
double OfBar(DataChunk& args, idx_t row) {
  return 4 * Number(args, 3, row);
}
// The largest number in the format.
double OfFormat(DataChunk& args, idx_t row) {
  const duckdb::Value value = args.data[0].GetValue(row);
  if (value.IsNull()) return 0;
  const std::string text = duckdb::StringValue::Get(value);
  double largest = 0;
  double number = 0;
  for (const char c : text) {
    number = std::isdigit(static_cast<unsigned char>(c)) != 0 ? number * 10 + (c - '0') : 0;
    largest = std::max(largest, number);
  }
  return largest;
}

struct Bounded {
  const char* name;
  Estimate estimate;
};

constexpr Bounded kBounded[] = {{"repeat", OfRepeat},
                                {"lpad", OfPad},
                                {"rpad", OfPad},
                                {"range", OfRange},
                                {"generate_series", OfRange},
                                {"list_resize", OfResize},
                                {"array_resize", OfResize},
                                {"replace", OfReplace},
                                {"regexp_replace", OfRegexReplace},
                                {"printf", OfFormat},
                                {"format", OfFormat},
                                {"bar", OfBar},
                                {"bitstring", OfPad}};

void Check(DataChunk& args, Estimate estimate, const char* name) {
  // Constant arguments are the same in every row.
  const idx_t rows = args.AllConstant() ? std::min<idx_t>(args.size(), 1) : args.size();
  double bytes = 0;
  for (idx_t row = 0; row < rows; ++row) bytes += std::max(estimate(args, row), 0.0);
  if (!(bytes <= kBytesOfOneCallMax)) {
    throw duckdb::OutOfMemoryException("%s would make more than %lld MiB at once", name,
                                       static_cast<long long>(kBytesOfOneCallMax / (1 << 20)));
  }
}

}  // namespace

void BoundFunctions(duckdb::ExtensionLoader& loader) {
  for (const Bounded& bounded : kBounded) {
    const auto entry = loader.TryGetFunction(bounded.name);
    if (!entry) continue;
    duckdb::ScalarFunctionSet set = entry->Cast<duckdb::ScalarFunctionCatalogEntry>().functions;
    for (auto& function : set.functions) {
      const auto original = function.function;
      function.function = [original, bounded](DataChunk& args, duckdb::ExpressionState& state,
                                              duckdb::Vector& out) {
        Check(args, bounded.estimate, bounded.name);
        original(args, state, out);
      };
    }
    duckdb::CreateScalarFunctionInfo info(std::move(set));
    info.on_conflict = duckdb::OnCreateConflict::REPLACE_ON_CONFLICT;
    loader.RegisterFunction(std::move(info));
  }
}

}  // namespace strata::duck
