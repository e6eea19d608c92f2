// The JSON answer of POST /api/v1/sql as a table for people.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace strata::app {

struct RenderedTable {
  std::string text;     // columns aligned, NULL written out, control characters escaped
  std::string summary;  // "2 rows in 3.1 ms, 4.5MiB read"
  bool complete = true;
};

Result<RenderedTable> RenderTable(std::string_view answer);

// The same layout for any text; a column of numbers alone stands to the right.
std::string AlignColumns(const std::vector<std::string>& head,
                         const std::vector<std::vector<std::string>>& rows);

// An error's message and hint, each on a line; the body itself when it is something else.
std::string RenderError(std::string_view answer);

}  // namespace strata::app
