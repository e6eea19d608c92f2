#include "server/http_answer.h"

namespace strata::server {

namespace {

void AppendField(std::string& out, std::string_view name, std::string_view value) {
  out.append(name).append(": ");
  for (const char c : value) out += c == '\r' || c == '\n' || c == '\0' ? ' ' : c;
  out += "\r\n";
}

}  // namespace

std::string_view HttpReason(int status) {
  switch (status) {
    case 200:
      return "OK";
    case 204:
      return "No Content";
    case 400:
      return "Bad Request";
    case 403:
      return "Forbidden";
    case 404:
      return "Not Found";
    case 405:
      return "Method Not Allowed";
    case 408:
      return "Request Timeout";
    case 409:
      return "Conflict";
    case 413:
      return "Content Too Large";
    case 415:
      return "Unsupported Media Type";
    case 417:
      return "Expectation Failed";
    case 429:
      return "Too Many Requests";
    case 431:
      return "Request Header Fields Too Large";
    case 500:
      return "Internal Server Error";
    case 501:
      return "Not Implemented";
    case 503:
      return "Service Unavailable";
    case 504:
      return "Gateway Timeout";
    case 505:
      return "HTTP Version Not Supported";
    default:
      return "Status";
  }
}

void WriteAnswerHead(std::string& out, const Response& response, const HttpAnswerOptions& options) {
  out.assign(options.http11 ? "HTTP/1.1 " : "HTTP/1.0 ");
  out += std::to_string(response.http_status);
  out += ' ';
  out += HttpReason(response.http_status);
  out += "\r\n";
  if (!response.content_type.empty()) AppendField(out, "content-type", response.content_type);
  if (response.http_status != 204) {
    AppendField(out, "content-length", std::to_string(response.body.size()));
  }
  for (const auto& [name, value] : response.headers) AppendField(out, name, value);
  if (options.close) {
    out += "connection: close\r\n";
  } else if (!options.http11) {
    out += "connection: keep-alive\r\n";
  }
  out += "\r\n";
}

}  // namespace strata::server
