#include "server/handler.h"

#include <algorithm>
#include <array>

#include "base/check.h"

namespace strata::server {

namespace {

char Lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c;
}

int HexDigit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  const char lower = Lower(c);
  return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

// application/x-www-form-urlencoded: %41 is A, + is a space; what is not an escape stays as it is.
std::string FormDecoded(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '%' && i + 2 < text.size() && HexDigit(text[i + 1]) >= 0 &&
        HexDigit(text[i + 2]) >= 0) {
      out += static_cast<char>(HexDigit(text[i + 1]) * 16 + HexDigit(text[i + 2]));
      i += 2;
    } else {
      out += text[i] == '+' ? ' ' : text[i];
    }
  }
  return out;
}

}  // namespace

WireStatus WireStatusOf(Code code) {
  switch (code) {
    case Code::kInvalidInput:
      return {400, GrpcCode::kInvalidArgument};
    case Code::kNotFound:
      return {404, GrpcCode::kNotFound};
    case Code::kConflict:
      return {409, GrpcCode::kAlreadyExists};
    case Code::kForbidden:
      return {403, GrpcCode::kPermissionDenied};
    case Code::kTooLarge:
      return {413, GrpcCode::kResourceExhausted};
    case Code::kExhausted:
    case Code::kUnavailable:
    case Code::kIo:  // the data was not accepted: a disk may recover, so the client may retry
      return {503, GrpcCode::kUnavailable};
    case Code::kTimeout:
      return {504, GrpcCode::kDeadlineExceeded};
    case Code::kCorrupt:
      return {500, GrpcCode::kInternal};
  }
  return {500, GrpcCode::kInternal};
}

std::optional<std::string_view> HeaderView::Find(std::string_view name) const {
  for (const auto& [field, value] : fields_) {
    if (std::ranges::equal(field, name, {}, Lower, Lower)) return value;
  }
  return std::nullopt;
}

std::string_view HeaderView::Get(std::string_view name) const {
  return Find(name).value_or(std::string_view());
}

std::string_view HeaderView::Repeated() const {
  static constexpr std::array<std::string_view, 9> kOnce = {
      "host",          "content-length", "content-type",  "content-encoding", "authorization",
      "x-scope-orgid", "grpc-timeout",   "grpc-encoding", "idempotency-key"};
  unsigned seen = 0;
  for (const auto& [name, value] : fields_) {
    const auto once = std::ranges::find_if(kOnce, [&](std::string_view each) {
      return each.size() == name.size() && std::ranges::equal(each, name, {}, {}, Lower);
    });
    if (once == kOnce.end()) continue;
    const unsigned bit = 1U << (once - kOnce.begin());
    if ((seen & bit) != 0) return *once;
    seen |= bit;
  }
  return {};
}

std::optional<std::string> Request::QueryParameter(std::string_view name) const {
  std::string_view rest = query;
  while (!rest.empty()) {
    const std::string_view pair = rest.substr(0, rest.find('&'));
    rest.remove_prefix(std::min(pair.size() + 1, rest.size()));
    const std::size_t equals = std::min(pair.find('='), pair.size());
    if (FormDecoded(pair.substr(0, equals)) != name) continue;
    return FormDecoded(pair.substr(std::min(equals + 1, pair.size())));
  }
  return std::nullopt;
}

Reply::~Reply() {
  if (sink_ == nullptr) return;
  Response response;
  response.http_status = 503;
  response.grpc_status = GrpcCode::kUnavailable;
  response.grpc_message = "the request was abandoned, for example because the server stops";
  response.headers.emplace_back("retry-after", "1");
  sink_->Deliver(std::move(response));
}

void Reply::operator()(Response&& response) {
  CHECK(sink_ != nullptr);
  const std::shared_ptr<ReplySink> sink = std::move(sink_);
  sink->Deliver(std::move(response));
}

}  // namespace strata::server
