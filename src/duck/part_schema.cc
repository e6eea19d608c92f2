#include "duck/part_schema.h"

#include <algorithm>
#include <cctype>

#include "base/check.h"
#include "duck/plain_json.h"
#include "model/schema.h"

namespace strata::duck {
namespace {

using duckdb::LogicalType;
using model::ColumnType;
using model::Kind;

// Ids 1-99 are the kind's fixed columns in the model's order; the rest is listed here. An id is
// never given to another column.
std::vector<PartField> MakeFields(Kind kind) {
  std::vector<PartField> fields;
  const auto add = [&](std::string name, LogicalType type, std::int32_t id, PartSource source) {
    fields.push_back(
        {.name = std::move(name), .type = std::move(type), .id = id, .source = source, .key = {}});
    return &fields.back();
  };
  const auto add_rest = [&](const std::string& prefix, std::int32_t id, AttributeScope scope) {
    add(prefix + "attributes_rest", TextMapType(), id, PartSource::kRest)->scope = scope;
    add(prefix + "attributes_rest_types", LogicalType::VARCHAR, id + 1, PartSource::kRestTypes)
        ->scope = scope;
  };
  add("position", LogicalType::UBIGINT, 200, PartSource::kPosition);
  add("service_name", LogicalType::VARCHAR, 201, PartSource::kServiceName);
  const auto specs = model::FixedColumns(kind);
  for (std::uint16_t i = 0; i < specs.size(); ++i) {
    if (i == model::kResource || i == model::kScope || i == model::kRest) continue;
    const CellType cell = CellTypeOf(kind, i);
    PartField* field = add(std::string(specs[i].name),
                           cell == CellType::kNone ? PartType(specs[i].type) : PartCellType(cell),
                           i + 1, cell == CellType::kNone ? PartSource::kFixed : PartSource::kCell);
    field->fixed = i;
    field->cell = cell;
    if (cell == CellType::kAttributes) {
      PartField* types = add(std::string(specs[i].name) + "_types", LogicalType::VARCHAR, 230,
                             PartSource::kCellTypes);
      types->fixed = i;
      types->cell = cell;
    }
  }
  add("resource_present", LogicalType::BOOLEAN, 202, PartSource::kResourcePresent);
  add("resource_schema_url", LogicalType::VARCHAR, 203, PartSource::kResourceUrl);
  add("resource_dropped_attributes_count", LogicalType::UINTEGER, 204,
      PartSource::kResourceDropped);
  add("scope_present", LogicalType::BOOLEAN, 205, PartSource::kScopePresent);
  add("scope_name", LogicalType::VARCHAR, 206, PartSource::kScopeName);
  add("scope_version", LogicalType::VARCHAR, 207, PartSource::kScopeVersion);
  add("scope_schema_url", LogicalType::VARCHAR, 208, PartSource::kScopeUrl);
  add("scope_dropped_attributes_count", LogicalType::UINTEGER, 209, PartSource::kScopeDropped);
  add_rest("", 210, AttributeScope::kRecord);
  add_rest("resource_", 212, AttributeScope::kResource);
  add_rest("scope_", 214, AttributeScope::kScope);
  return fields;
}

std::string Lower(std::string text) {
  for (char& c : text) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return text;
}

LogicalType AttributeType(model::AnyType type) {
  switch (type) {
    case model::AnyType::kInt:
      return LogicalType::BIGINT;
    case model::AnyType::kDouble:
      return LogicalType::DOUBLE;
    case model::AnyType::kBool:
      return LogicalType::BOOLEAN;
    default:
      return LogicalType::VARCHAR;
  }
}

void AppendRow(std::string& out, std::initializer_list<std::string_view> texts) {
  out += out.size() > 1 ? ",[" : "[";
  bool first = true;
  for (const std::string_view text : texts) {
    if (!first) out += ',';
    first = false;
    AppendJsonString(out, text);
  }
  out += ']';
}

// Reads an array of arrays of strings, the only JSON that is written here.
class RowsReader {
 public:
  explicit RowsReader(std::string_view json) : json_(json) {}

  bool Read(std::vector<std::vector<std::string>>& rows) {
    if (!Take('[')) return false;
    if (Take(']')) return Skip(), at_ == json_.size();
    do {
      rows.emplace_back();
      if (!Take('[')) return false;
      do {
        if (!String(rows.back().emplace_back())) return false;
      } while (Take(','));
      if (!Take(']')) return false;
    } while (Take(','));
    return Take(']') && (Skip(), at_ == json_.size());
  }

 private:
  void Skip() {
    while (at_ < json_.size() && std::isspace(static_cast<unsigned char>(json_[at_])) != 0) ++at_;
  }
  bool Take(char c) {
    Skip();
    if (at_ >= json_.size() || json_[at_] != c) return false;
    ++at_;
    return true;
  }
  bool String(std::string& out) {
    if (!Take('"')) return false;
    while (at_ < json_.size() && json_[at_] != '"') {
      if (json_[at_] != '\\') {
        out += json_[at_++];
      } else if (!Escape(out)) {
        return false;
      }
    }
    return at_ < json_.size() && json_[at_++] == '"';
  }
  bool Escape(std::string& out) {
    if (at_ + 1 >= json_.size()) return false;
    const char c = json_[at_ + 1];
    at_ += 2;
    static constexpr std::string_view kFrom = "\"\\/nrtbf";
    static constexpr std::string_view kTo = "\"\\/\n\r\t\b\f";
    if (const auto i = kFrom.find(c); i != std::string_view::npos) {
      out += kTo[i];
      return true;
    }
    // Only control characters are written this way.
    if (c != 'u' || at_ + 4 > json_.size()) return false;
    const std::string digits(json_.substr(at_, 4));
    at_ += 4;
    char* end = nullptr;
    const long code = std::strtol(digits.c_str(), &end, 16);
    if (end != digits.c_str() + 4 || code >= 0x80) return false;
    out += static_cast<char>(code);
    return true;
  }

  std::string_view json_;
  std::size_t at_ = 0;
};

bool IsScope(const std::string& text) {
  return text == "a" || text == "r" || text == "s";
}

}  // namespace

LogicalType PartType(ColumnType type) {
  switch (type) {
    case ColumnType::kTime:
      return LogicalType::TIMESTAMP_NS;
    case ColumnType::kInt64:
      return LogicalType::BIGINT;
    case ColumnType::kUint64:
      return LogicalType::UBIGINT;
    case ColumnType::kInt32:
      return LogicalType::INTEGER;
    case ColumnType::kUint32:
      return LogicalType::UINTEGER;
    case ColumnType::kUint8:
      return LogicalType::UTINYINT;
    case ColumnType::kBool:
      return LogicalType::BOOLEAN;
    case ColumnType::kDouble:
      return LogicalType::DOUBLE;
    case ColumnType::kId16:
    case ColumnType::kId8:
      return LogicalType::BLOB;
    case ColumnType::kText:
    case ColumnType::kLabel:
      return LogicalType::VARCHAR;
  }
  CHECK(false);
}

const std::vector<PartField>& PartFields(Kind kind) {
  static const std::vector<PartField> logs = MakeFields(Kind::kLogs);
  static const std::vector<PartField> spans = MakeFields(Kind::kSpans);
  static const std::vector<PartField> metrics = MakeFields(Kind::kMetrics);
  return kind == Kind::kLogs ? logs : kind == Kind::kSpans ? spans : metrics;
}

bool IsRequired(const PartField& field, Kind kind) {
  switch (field.source) {
    case PartSource::kPosition:
    case PartSource::kServiceName:
      return true;
    case PartSource::kFixed:
      return field.fixed == model::kOrdinal || field.fixed == model::TimeColumn(kind);
    default:
      return false;
  }
}

PartField AttributeField(AttributeScope scope, const std::string& key, model::AnyType type,
                         const std::string& name, std::int32_t id) {
  return {.name = name,
          .type = AttributeType(type),
          .id = id,
          .source = PartSource::kAttribute,
          .scope = scope,
          .key = key,
          .any = type};
}

std::string PartColumnNames::Add(AttributeScope scope, const std::string& key,
                                 model::AnyType type) {
  const std::string plain = std::string(1, static_cast<char>(scope)) + "." + key;
  std::string name = plain;
  for (int n = 1;; ++n) {
    const std::string lower = Lower(name);
    const auto at = std::ranges::lower_bound(taken_, lower);
    if (at == taken_.end() || *at != lower) {
      taken_.insert(at, lower);
      return name;
    }
    name = plain + "#" + static_cast<char>(type) + (n == 1 ? "" : std::to_string(n));
  }
}

std::string EncodeColumns(const std::vector<PartColumn>& columns) {
  std::string out = "[";
  for (const PartColumn& column : columns) {
    const char scope = static_cast<char>(column.scope);
    const char type = static_cast<char>(column.type);
    AppendRow(out, {column.name, {&scope, 1}, column.key, {&type, 1}});
  }
  return out + "]";
}

Result<std::vector<PartColumn>> DecodeColumns(std::string_view json) {
  std::vector<std::vector<std::string>> rows;
  if (!RowsReader(json).Read(rows)) return Error{Code::kCorrupt, "strata.columns is no list"};
  std::vector<PartColumn> columns;
  for (auto& row : rows) {
    if (row.size() != 4 || !IsScope(row[1]) || row[3].size() != 1 ||
        !model::IsKnownAnyType(row[3][0])) {
      return Error{Code::kCorrupt, "strata.columns has an entry of unknown form"};
    }
    columns.push_back({.name = std::move(row[0]),
                       .scope = static_cast<AttributeScope>(row[1][0]),
                       .key = std::move(row[2]),
                       .type = static_cast<model::AnyType>(row[3][0])});
  }
  return columns;
}

std::string EncodeRestKeys(const std::vector<RestKey>& keys) {
  std::string out = "[";
  for (const RestKey& key : keys) {
    const char scope = static_cast<char>(key.scope);
    AppendRow(out, {{&scope, 1}, key.key});
  }
  return out + "]";
}

Result<std::vector<RestKey>> DecodeRestKeys(std::string_view json) {
  std::vector<std::vector<std::string>> rows;
  if (!RowsReader(json).Read(rows)) return Error{Code::kCorrupt, "strata.rest_keys is no list"};
  std::vector<RestKey> keys;
  for (auto& row : rows) {
    if (row.size() != 2 || !IsScope(row[0])) {
      return Error{Code::kCorrupt, "strata.rest_keys has an entry of unknown form"};
    }
    keys.push_back({.scope = static_cast<AttributeScope>(row[0][0]), .key = std::move(row[1])});
  }
  return keys;
}

}  // namespace strata::duck
