// OpenPart::Convert: columns of a part as the view shows them.
#include <algorithm>

#include "duck/nested.h"
#include "duck/open_part.h"
#include "duck/plain_json.h"
#include "model/schema.h"

namespace strata::duck {
namespace {

using duckdb::ConstantVector;
using duckdb::FlatVector;
using duckdb::idx_t;
using duckdb::string_t;
using duckdb::Vector;

// A vector with its selection and typed access by row.
class Values {
 public:
  Values(Vector& vector, idx_t count) { vector.ToUnifiedFormat(count, format_); }
  bool IsNull(idx_t row) const { return !format_.validity.RowIsValid(format_.sel->get_index(row)); }
  template <class T>
  const T& Get(idx_t row) const {
    return duckdb::UnifiedVectorFormat::GetData<T>(format_)[format_.sel->get_index(row)];
  }
  std::string_view Text(idx_t row) const {
    const auto& text = Get<string_t>(row);
    return {text.GetData(), text.GetSize()};
  }

 private:
  duckdb::UnifiedVectorFormat format_;
};

std::string_view TextOf(model::AnyType type, const Values& values, idx_t row, char (&buffer)[40]) {
  switch (type) {
    case model::AnyType::kInt:
      return FormatInt(values.Get<std::int64_t>(row), buffer);
    case model::AnyType::kDouble:
      return FormatDouble(values.Get<double>(row), buffer);
    case model::AnyType::kBool:
      return values.Get<bool>(row) ? "true" : "false";
    default:
      return values.Text(row);
  }
}

// The entries of a rest, row by row.
class RestReader {
 public:
  RestReader(Vector& maps, Vector* types, idx_t count)
      : maps_(maps, count),
        keys_(duckdb::MapVector::GetKeys(maps), duckdb::ListVector::GetListSize(maps)),
        values_(duckdb::MapVector::GetValues(maps), duckdb::ListVector::GetListSize(maps)) {
    if (types != nullptr) types_.emplace(*types, count);
  }
  idx_t Size(idx_t row) const {
    return maps_.IsNull(row) ? 0 : maps_.Get<duckdb::list_entry_t>(row).length;
  }
  TypedEntry At(idx_t row, idx_t index) const {
    const idx_t item = maps_.Get<duckdb::list_entry_t>(row).offset + index;
    const std::string_view letters =
        types_ && !types_->IsNull(row) ? types_->Text(row) : std::string_view();
    return {.key = keys_.Text(item),
            .type = index < letters.size() ? static_cast<model::AnyType>(letters[index])
                                           : model::AnyType::kString,
            .text = values_.IsNull(item) ? std::string_view() : values_.Text(item)};
  }

 private:
  Values maps_;
  Values keys_;
  Values values_;
  std::optional<Values> types_;
};

bool SameInBoth(CellType cell) {
  return cell == CellType::kUint64s || cell == CellType::kDoubles || cell == CellType::kQuantiles;
}

}  // namespace

void OpenPart::Convert(std::size_t column, duckdb::DataChunk& raw, Vector& out) const {
  const ViewColumn& view = plan_.columns[column];
  const Source& source = sources_[column];
  const idx_t count = raw.size();
  if (source.direct) return out.Reference(raw.data[*source.direct]);
  if (source.has_default) return ConvertDefault(view, out);
  switch (view.source) {
    case ViewSource::kFixed:
      return ConvertIds(raw.data[source.columns[0]], count, out);
    case ViewSource::kEnum:
      return ConvertEnum(view, raw.data[source.columns[0]], count, out);
    case ViewSource::kBody:
      return ConvertBody(source, raw, out);
    case ViewSource::kValue:
    case ViewSource::kDuration:
      return ConvertNumbers(view, source, raw, out);
    case ViewSource::kAttribute:
      return ConvertAttribute(source, view.key, raw, out);
    case ViewSource::kAttributes:
      return ConvertMap(source, raw, out);
    case ViewSource::kCell: {
      Vector& from = raw.data[source.columns[0]];
      if (SameInBoth(view.cell)) return out.Reference(from);
      std::vector<std::optional<std::string>> bytes(count);
      CellList cells(count);
      for (idx_t row = 0; row < count; ++row) {
        bytes[row] = CellFromVector(view.cell, from, row, count);
        if (bytes[row]) cells[row] = *bytes[row];
      }
      return CellsToVector(view.cell, cells, Shape::kView, out);
    }
    default:
      throw duckdb::InternalException("no conversion of column %s", view.name);
  }
}

void OpenPart::ConvertDefault(const ViewColumn& view, Vector& out) const {
  out.SetVectorType(duckdb::VectorType::CONSTANT_VECTOR);
  const auto set = [&](const duckdb::Value& value) { out.Reference(value); };
  switch (view.source) {
    case ViewSource::kCollection:
      return set(duckdb::Value(collection_));
    case ViewSource::kBody:
    case ViewSource::kServiceName:
    case ViewSource::kResourceUrl:
    case ViewSource::kScopeName:
    case ViewSource::kScopeVersion:
    case ViewSource::kScopeUrl:
      return set(duckdb::Value(""));
    case ViewSource::kEnum:
      if (model::FixedColumns(plan_.kind)[view.fixed].nullable) break;
      return set(duckdb::Value(std::string(EnumName(plan_.kind, view.fixed, 0))));
    case ViewSource::kCell: {
      if (model::FixedColumns(plan_.kind)[view.fixed].nullable) break;
      return set(duckdb::Value::LIST(duckdb::ListType::GetChildType(view.type), {}));
    }
    case ViewSource::kFixed: {
      const auto& spec = model::FixedColumns(plan_.kind)[view.fixed];
      if (spec.nullable || spec.type == model::ColumnType::kTime ||
          spec.type == model::ColumnType::kId16 || spec.type == model::ColumnType::kId8)
        break;
      if (view.type.id() == duckdb::LogicalTypeId::VARCHAR) return set(duckdb::Value(""));
      return set(duckdb::Value::INTEGER(0).DefaultCastAs(view.type));
    }
    default:
      break;
  }
  set(duckdb::Value(view.type));
}

void OpenPart::ConvertIds(Vector& from, idx_t count, Vector& out) const {
  const Values ids(from, count);
  auto* to = FlatVector::GetData<string_t>(out);
  for (idx_t row = 0; row < count; ++row) {
    if (ids.IsNull(row)) {
      FlatVector::SetNull(out, row, true);
    } else {
      to[row] = HexString(out, ids.Text(row));
    }
  }
}

void OpenPart::ConvertEnum(const ViewColumn& view, Vector& from, idx_t count, Vector& out) const {
  const Values numbers(from, count);
  auto* to = FlatVector::GetData<string_t>(out);
  for (idx_t row = 0; row < count; ++row) {
    if (numbers.IsNull(row)) {
      FlatVector::SetNull(out, row, true);
    } else {
      // Names live for ever.
      const auto name = EnumName(plan_.kind, view.fixed, numbers.Get<std::uint8_t>(row));
      to[row] = string_t(name.data(), static_cast<std::uint32_t>(name.size()));
    }
  }
}

void OpenPart::ConvertBody(const Source& source, duckdb::DataChunk& raw, Vector& out) const {
  Vector& body = raw.data[source.columns[0]];
  const Values types(raw.data[source.columns[1]], raw.size());
  const auto is_nested = [&](idx_t row) {
    if (types.IsNull(row)) return false;
    const auto letter = types.Get<std::uint8_t>(row);
    return letter == 'a' || letter == 'm';
  };
  bool any = false;
  for (idx_t row = 0; row < raw.size(); ++row) any |= is_nested(row);
  if (!any) return out.Reference(body);
  const Values texts(body, raw.size());
  auto* to = FlatVector::GetData<string_t>(out);
  std::string scratch;
  for (idx_t row = 0; row < raw.size(); ++row) {
    std::string_view text = texts.IsNull(row) ? std::string_view() : texts.Text(row);
    if (is_nested(row)) {
      text = SqlText(static_cast<model::AnyType>(types.Get<std::uint8_t>(row)), text, scratch)
                 .value_or("");
    }
    to[row] = duckdb::StringVector::AddString(out, text.data(), text.size());
  }
}

// Metric value: the double, else the integer. Duration: end minus start.
void OpenPart::ConvertNumbers(const ViewColumn& view, const Source& source, duckdb::DataChunk& raw,
                              Vector& out) const {
  const idx_t count = raw.size();
  if (view.source == ViewSource::kDuration) {
    const Values starts(raw.data[source.columns[0]], count);
    const Values ends(raw.data[source.columns[1]], count);
    auto* to = FlatVector::GetData<std::int64_t>(out);
    for (idx_t row = 0; row < count; ++row) {
      if (starts.IsNull(row) || ends.IsNull(row)) {
        FlatVector::SetNull(out, row, true);
      } else {
        to[row] = ends.Get<std::int64_t>(row) - starts.Get<std::int64_t>(row);
      }
    }
    return;
  }
  std::optional<Values> doubles;
  std::optional<Values> integers;
  for (const Local local : source.columns) {
    (types_[local].id() == duckdb::LogicalTypeId::DOUBLE ? doubles : integers)
        .emplace(raw.data[local], count);
  }
  auto* to = FlatVector::GetData<double>(out);
  for (idx_t row = 0; row < count; ++row) {
    if (doubles && !doubles->IsNull(row)) {
      to[row] = doubles->Get<double>(row);
    } else if (integers && !integers->IsNull(row)) {
      to[row] = static_cast<double>(integers->Get<std::int64_t>(row));
    } else {
      FlatVector::SetNull(out, row, true);
    }
  }
}

void OpenPart::ConvertAttribute(const Source& source, const std::string& key,
                                duckdb::DataChunk& raw, Vector& out) const {
  const idx_t count = raw.size();
  std::vector<Values> values;
  for (const auto& column : source.keys) values.emplace_back(raw.data[column.column], count);
  std::optional<RestReader> rest;
  if (source.rest) {
    rest.emplace(raw.data[*source.rest],
                 source.rest_types ? &raw.data[*source.rest_types] : nullptr, count);
  }
  auto* to = FlatVector::GetData<string_t>(out);
  char buffer[40];
  std::string scratch;
  for (idx_t row = 0; row < count; ++row) {
    std::optional<std::string_view> text;
    for (std::size_t i = 0; i < values.size() && !text; ++i) {
      if (!values[i].IsNull(row)) text = TextOf(source.keys[i].type, values[i], row, buffer);
    }
    for (idx_t i = 0; rest && !text && i < rest->Size(row); ++i) {
      const TypedEntry entry = rest->At(row, i);
      if (entry.key != key) continue;
      text = SqlText(entry.type, entry.text, scratch);
      break;
    }
    if (text) {
      to[row] = duckdb::StringVector::AddString(out, text->data(), text->size());
    } else {
      FlatVector::SetNull(out, row, true);
    }
  }
}

void OpenPart::ConvertMap(const Source& source, duckdb::DataChunk& raw, Vector& out) const {
  const idx_t count = raw.size();
  std::vector<Values> values;
  for (const auto& column : source.keys) values.emplace_back(raw.data[column.column], count);
  std::optional<RestReader> rest;
  if (source.rest) {
    rest.emplace(raw.data[*source.rest],
                 source.rest_types ? &raw.data[*source.rest_types] : nullptr, count);
  }
  duckdb::ListVector::SetListSize(out, 0);
  MapAppender map(out, nullptr, Shape::kView);
  char buffer[40];
  for (idx_t row = 0; row < count; ++row) {
    map.BeginRow(row);
    // Both ascend by key: merge them.
    const idx_t rest_size = rest ? rest->Size(row) : 0;
    idx_t next = 0;
    for (std::size_t i = 0; i < values.size(); ++i) {
      if (values[i].IsNull(row)) continue;
      for (; next < rest_size && rest->At(row, next).key < source.keys[i].key; ++next) {
        map.Add(rest->At(row, next));
      }
      // The text of a number is not of the type that the part keeps it in.
      map.Add({.key = source.keys[i].key,
               .type = model::AnyType::kString,
               .text = TextOf(source.keys[i].type, values[i], row, buffer)});
    }
    for (; next < rest_size; ++next) map.Add(rest->At(row, next));
    map.EndRow();
  }
}

}  // namespace strata::duck
