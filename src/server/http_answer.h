// The head of an HTTP answer, as bytes.
#pragma once

#include <string>
#include <string_view>

#include "server/handler.h"

namespace strata::server {

struct HttpAnswerOptions {
  bool http11 = true;
  bool close = false;  // the connection ends behind this answer
};

// Replaces `out` by status line, fields and the empty line. Line breaks in header values become
// spaces: a value can never start a header of its own.
void WriteAnswerHead(std::string& out, const Response& response, const HttpAnswerOptions& options);

std::string_view HttpReason(int status);

}  // namespace strata::server
