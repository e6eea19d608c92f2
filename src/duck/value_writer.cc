#include "duck/value_writer.h"

#include <array>
#include <charconv>
#include <cmath>
#include <cstdio>

#include "duck/plain_json.h"
#include "duckdb/common/types/date.hpp"
#include "duckdb/common/types/timestamp.hpp"

namespace strata::duck {
namespace {

using duckdb::idx_t;
using duckdb::LogicalTypeId;

constexpr std::int64_t kSafeInteger = (1LL << 53) - 1;

template <class T>
bool AppendInteger(T value, std::string& out) {
  char buffer[24];
  const auto end = std::to_chars(buffer, buffer + sizeof buffer, value).ptr;
  out.append(buffer, end);
  if constexpr (std::is_signed_v<T>) {
    return value >= -kSafeInteger && value <= kSafeInteger;
  } else {
    return value <= static_cast<std::uint64_t>(kSafeInteger);
  }
}

bool AppendNumber(double value, std::string& out) {
  char buffer[40];
  out += FormatDouble(value, buffer);
  return std::isfinite(value);
}

bool AppendNumber(float value, std::string& out) {
  if (!std::isfinite(value)) return AppendNumber(static_cast<double>(value), out);
  char buffer[40];
  out.append(buffer, std::to_chars(buffer, buffer + sizeof buffer, value).ptr);
  return true;
}

void AppendDigits(std::int64_t value, int digits, std::string& out) {
  char buffer[24];
  std::snprintf(buffer, sizeof buffer, "%0*lld", digits, static_cast<long long>(value));
  out += buffer;
}

// Seconds since 1970 and nanoseconds below.
void AppendSeconds(std::int64_t seconds, std::int64_t nanos, std::string& out) {
  std::int64_t days = seconds / 86400;
  std::int64_t second = seconds % 86400;
  if (second < 0) {
    second += 86400;
    --days;
  }
  std::int32_t year = 0;
  std::int32_t month = 0;
  std::int32_t day = 0;
  duckdb::Date::Convert(duckdb::date_t(static_cast<std::int32_t>(days)), year, month, day);
  AppendDigits(year, 4, out);
  out += '-';
  AppendDigits(month, 2, out);
  out += '-';
  AppendDigits(day, 2, out);
  out += 'T';
  AppendDigits(second / 3600, 2, out);
  out += ':';
  AppendDigits(second / 60 % 60, 2, out);
  out += ':';
  AppendDigits(second % 60, 2, out);
  out += '.';
  AppendDigits(nanos, 9, out);
  out += 'Z';
}

// `units` of which `per_second` make a second.
void AppendTimeIn(std::int64_t units, std::int64_t per_second, std::string& out) {
  std::int64_t seconds = units / per_second;
  std::int64_t rest = units % per_second;
  if (rest < 0) {
    rest += per_second;
    --seconds;
  }
  AppendSeconds(seconds, rest * (1'000'000'000 / per_second), out);
}

bool IsInfinite(std::int64_t value) {
  return value == std::numeric_limits<std::int64_t>::max() ||
         value == -std::numeric_limits<std::int64_t>::max();
}

}  // namespace

void AppendTime(std::int64_t nanos, std::string& out) {
  AppendTimeIn(nanos, 1'000'000'000, out);
}

void AppendBase64(std::string_view bytes, std::string& out) {
  static constexpr char kAlphabet[] =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    const auto at = [&](std::size_t k) {
      return i + k < bytes.size() ? static_cast<unsigned char>(bytes[i + k]) : 0U;
    };
    const unsigned group = (at(0) << 16) | (at(1) << 8) | at(2);
    out += kAlphabet[group >> 18];
    out += kAlphabet[(group >> 12) & 63];
    out += i + 1 < bytes.size() ? kAlphabet[(group >> 6) & 63] : '=';
    out += i + 2 < bytes.size() ? kAlphabet[group & 63] : '=';
  }
}

ValueWriter::ValueWriter(duckdb::Vector& vector, idx_t count)
    : vector_(vector), type_(vector.GetType().id()) {
  vector.ToUnifiedFormat(count, format_);
  const auto add = [&](duckdb::Vector& child, idx_t child_count) {
    children_.push_back(std::make_unique<ValueWriter>(child, child_count));
  };
  if (type_ == LogicalTypeId::LIST) {
    add(duckdb::ListVector::GetEntry(vector), duckdb::ListVector::GetListSize(vector));
  } else if (type_ == LogicalTypeId::ARRAY) {
    array_size_ = duckdb::ArrayType::GetSize(vector.GetType());
    // Behind a selection the rows of the child would have to be found through it.
    vector.Flatten(count);
    vector.ToUnifiedFormat(count, format_);
    add(duckdb::ArrayVector::GetEntry(vector), count * array_size_);
  } else if (type_ == LogicalTypeId::MAP) {
    const idx_t items = duckdb::ListVector::GetListSize(vector);
    add(duckdb::MapVector::GetKeys(vector), items);
    add(duckdb::MapVector::GetValues(vector), items);
  } else if (type_ == LogicalTypeId::STRUCT) {
    // Struct vectors of dictionary or constant form have flat children behind the same selection.
    vector.Flatten(count);
    vector.ToUnifiedFormat(count, format_);
    for (const auto& child : duckdb::StructVector::GetEntries(vector)) add(*child, count);
    for (const auto& field : duckdb::StructType::GetChildTypes(vector.GetType())) {
      names_.push_back(field.first);
    }
  }
}

bool ValueWriter::IsNull(idx_t row) const {
  return !format_.validity.RowIsValid(format_.sel->get_index(row));
}

void ValueWriter::AppendJson(idx_t row, std::string& out) const {
  if (IsNull(row)) {
    out += "null";
    return;
  }
  switch (type_) {
    case LogicalTypeId::LIST: {
      const auto range = Get<duckdb::list_entry_t>(row);
      return AppendItems(range.offset, range.length, out);
    }
    case LogicalTypeId::ARRAY:
      return AppendItems(row * array_size_, array_size_, out);
    case LogicalTypeId::MAP:
      return AppendMap(row, out);
    case LogicalTypeId::STRUCT:
      return AppendStruct(row, out);
    case LogicalTypeId::VARCHAR: {
      const auto text = Get<duckdb::string_t>(row);
      return AppendJsonString(out, {text.GetData(), text.GetSize()});
    }
    default:
      break;
  }
  const std::size_t begin = out.size();
  if (AppendScalar(row, out)) return;
  const std::string text = out.substr(begin);
  out.resize(begin);
  AppendJsonString(out, text);
}

void ValueWriter::AppendText(idx_t row, std::string& out) const {
  switch (type_) {
    case LogicalTypeId::LIST:
    case LogicalTypeId::ARRAY:
    case LogicalTypeId::MAP:
    case LogicalTypeId::STRUCT:
      return AppendJson(row, out);
    case LogicalTypeId::VARCHAR: {
      const auto text = Get<duckdb::string_t>(row);
      out.append(text.GetData(), text.GetSize());
      return;
    }
    default:
      AppendScalar(row, out);
  }
}

bool ValueWriter::AppendScalar(idx_t row, std::string& out) const {
  switch (type_) {
    case LogicalTypeId::BOOLEAN:
      out += Get<bool>(row) ? "true" : "false";
      return true;
    case LogicalTypeId::TINYINT:
      return AppendInteger<std::int64_t>(Get<std::int8_t>(row), out);
    case LogicalTypeId::SMALLINT:
      return AppendInteger<std::int64_t>(Get<std::int16_t>(row), out);
    case LogicalTypeId::INTEGER:
      return AppendInteger<std::int64_t>(Get<std::int32_t>(row), out);
    case LogicalTypeId::BIGINT:
      return AppendInteger(Get<std::int64_t>(row), out);
    case LogicalTypeId::UTINYINT:
      return AppendInteger<std::uint64_t>(Get<std::uint8_t>(row), out);
    case LogicalTypeId::USMALLINT:
      return AppendInteger<std::uint64_t>(Get<std::uint16_t>(row), out);
    case LogicalTypeId::UINTEGER:
      return AppendInteger<std::uint64_t>(Get<std::uint32_t>(row), out);
    case LogicalTypeId::UBIGINT:
      return AppendInteger(Get<std::uint64_t>(row), out);
    case LogicalTypeId::FLOAT:
      return AppendNumber(Get<float>(row), out);
    case LogicalTypeId::DOUBLE:
      return AppendNumber(Get<double>(row), out);
    case LogicalTypeId::BLOB: {
      const auto bytes = Get<duckdb::string_t>(row);
      AppendBase64({bytes.GetData(), bytes.GetSize()}, out);
      return false;
    }
    case LogicalTypeId::TIMESTAMP_NS:
    case LogicalTypeId::TIMESTAMP:
    case LogicalTypeId::TIMESTAMP_TZ:
    case LogicalTypeId::TIMESTAMP_MS:
    case LogicalTypeId::TIMESTAMP_SEC: {
      const auto value = Get<std::int64_t>(row);
      if (IsInfinite(value)) {
        out += value > 0 ? "infinity" : "-infinity";
        return false;
      }
      AppendTimeIn(value,
                   type_ == LogicalTypeId::TIMESTAMP_NS    ? 1'000'000'000
                   : type_ == LogicalTypeId::TIMESTAMP_MS  ? 1'000
                   : type_ == LogicalTypeId::TIMESTAMP_SEC ? 1
                                                           : 1'000'000,
                   out);
      return false;
    }
    default:
      break;
  }
  const duckdb::Value value = vector_.GetValue(row);
  const std::string text = value.ToString();
  out += text;
  // sum() of integers is HUGEINT, literals are DECIMAL: numbers while a double holds them.
  if (type_ == LogicalTypeId::HUGEINT || type_ == LogicalTypeId::UHUGEINT) {
    return text.size() <= 16 && std::abs(value.GetValue<double>()) <= kSafeInteger;
  }
  return type_ == LogicalTypeId::DECIMAL && text.size() <= 16;
}

void ValueWriter::AppendItems(idx_t begin, idx_t count, std::string& out) const {
  out += '[';
  for (idx_t i = 0; i < count; ++i) {
    if (i != 0) out += ',';
    children_[0]->AppendJson(begin + i, out);
  }
  out += ']';
}

void ValueWriter::AppendMap(idx_t row, std::string& out) const {
  const auto range = Get<duckdb::list_entry_t>(row);
  out += '{';
  for (idx_t i = 0; i < range.length; ++i) {
    if (i != 0) out += ',';
    std::string key;
    children_[0]->AppendText(range.offset + i, key);
    AppendJsonString(out, key);
    out += ':';
    children_[1]->AppendJson(range.offset + i, out);
  }
  out += '}';
}

void ValueWriter::AppendStruct(idx_t row, std::string& out) const {
  out += '{';
  for (std::size_t i = 0; i < children_.size(); ++i) {
    if (i != 0) out += ',';
    AppendJsonString(out, names_[i]);
    out += ':';
    children_[i]->AppendJson(row, out);
  }
  out += '}';
}

}  // namespace strata::duck
