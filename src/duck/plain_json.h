// The text that SQL shows for an attribute or body.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "model/any.h"

namespace strata::duck {

// Canonical OTLP JSON of an ArrayValue or KeyValueList (model/any.h) as plain JSON: [1,"x"] or
// {"k":true}. Text that is not of that form comes back as it is.
std::string PlainJson(std::string_view canonical);

// Appends `text` as a JSON string, quotes included; invalid UTF-8 becomes U+FFFD.
void AppendJsonString(std::string& out, std::string_view text);

// The SQL text of a value that is kept as `text`; nullopt: NULL. `scratch` may hold what is
// returned.
std::optional<std::string_view> SqlText(model::AnyType type, std::string_view text,
                                        std::string& scratch);

// Shortest decimal that reads back as the same double; NaN, Infinity, -Infinity.
std::string_view FormatDouble(double value, char (&buffer)[40]);
std::string_view FormatInt(std::int64_t value, char (&buffer)[40]);

// The integer or double whose text is exactly `text`, nullopt where no value has that text.
std::optional<std::int64_t> CanonicalInt(std::string_view text);
std::optional<double> CanonicalDouble(std::string_view text);

}  // namespace strata::duck
