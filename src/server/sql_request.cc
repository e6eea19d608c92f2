#include "server/sql_request.h"

#include <optional>
#include <string>
#include <utility>
#include <variant>

#include <simdjson.h>

#include "server/error_response.h"
#include "server/namespace_rule.h"
#include "wire/decompress.h"

namespace strata::server {

namespace {

std::optional<query::SqlFormat> FormatFromName(std::string_view name) {
  if (name == "json") return query::SqlFormat::kJson;
  if (name == "ndjson") return query::SqlFormat::kNdjson;
  if (name == "csv") return query::SqlFormat::kCsv;
  if (name == "parquet") return query::SqlFormat::kParquet;
  return std::nullopt;
}

constexpr std::string_view kJsonHint =
    "the body is {\"sql\": \"SELECT …\", \"params\": […]}; params may be missing";

// Fills `sql` and `params_json`; false: not the object that is expected.
bool ReadJson(ByteSpan body, query::SqlRequest& out) {
  simdjson::dom::parser parser;
  simdjson::dom::object object;
  if (parser.parse(simdjson::padded_string(AsText(body))).get(object) != simdjson::SUCCESS) {
    return false;
  }
  bool has_sql = false;
  for (const auto& [key, value] : object) {
    std::string_view text;
    if (key == "sql" && value.get(text) == simdjson::SUCCESS) {
      out.sql = text;
      has_sql = true;
    } else if (key == "params" && value.is_array()) {
      out.params_json = simdjson::minify(value);
    } else {
      return false;  // a misspelt key must not be dropped in silence
    }
  }
  return has_sql;
}

}  // namespace

std::variant<query::SqlRequest, SqlRefusal> ReadSqlRequest(const Request& request) {
  query::SqlRequest out;
  auto namespace_name = NamespaceOf(*request.headers);
  if (!namespace_name) return SqlRefusal{400, namespace_name.error().message, ""};
  out.namespace_name = *std::move(namespace_name);
  const std::string format_name = request.QueryParameter("format").value_or("json");
  const auto format = FormatFromName(format_name);
  if (!format) {
    return SqlRefusal{400, "unknown format '" + format_name + "'",
                      "format is json, ndjson, csv or parquet"};
  }
  out.format = *format;
  if (wire::ContentCodingFromName(request.headers->Get("content-encoding")) !=
      wire::ContentCoding::kIdentity) {
    return SqlRefusal{415, "a statement is sent without content encoding", ""};
  }
  const std::string_view content_type = request.headers->Get("content-type");
  if (IsMediaType(content_type, "application/json")) {
    if (!ReadJson(request.body, out)) {
      return SqlRefusal{400, "the JSON body is not a statement", std::string(kJsonHint)};
    }
  } else if (content_type.empty() || IsMediaType(content_type, "text/plain") ||
             IsMediaType(content_type, "application/x-www-form-urlencoded")) {
    out.sql = AsText(request.body);
  } else {
    return SqlRefusal{415, "the content type must be text/plain or application/json", ""};
  }
  return out;
}

}  // namespace strata::server
