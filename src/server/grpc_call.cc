#include "server/grpc_call.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <utility>

#include "base/fault_point.h"
#include "server/grpc_text.h"
#include "server/namespace_rule.h"
#include "wire/base64.h"
#include "wire/otlp_response.h"

namespace strata::server {

namespace {

constexpr std::chrono::milliseconds kRetryDelay{1000};
constexpr std::size_t kFieldOverheadBytes = 32;  // as HTTP/2 counts a field (RFC 9113, 6.5.2)
constexpr std::size_t kPrefixBytes = 5;

GrpcRefusal BadHead(std::string message) {
  return {.status = {400, GrpcCode::kInvalidArgument}, .message = std::move(message)};
}

GrpcRefusal TooLate() {
  return {.status = {504, GrpcCode::kDeadlineExceeded},
          .message = "the call's deadline has passed"};
}

std::array<std::byte, kPrefixBytes> PrefixOf(std::size_t length) {
  std::array<std::byte, kPrefixBytes> prefix{};
  for (std::size_t i = 0; i < 4; ++i) prefix[4 - i] = static_cast<std::byte>(length >> 8 * i);
  return prefix;
}

std::string UnpaddedBase64(std::string_view bytes) {
  std::string out;
  wire::AppendBase64(out, bytes);
  while (out.ends_with('=')) out.pop_back();
  return out;
}

}  // namespace

GrpcCall::GrpcCall(std::shared_ptr<GrpcHost> host, std::int32_t stream, Listener& listener,
                   MonotonicTime now)
    : host_(std::move(host)),
      stream_(stream),
      listener_(listener),
      message_(listener.options().grpc.message_bytes_max),
      hold_(listener.ledger),
      progress_deadline_(now + listener.options().body_progress_time),
      began_(now) {}

void GrpcCall::AddField(std::string_view name, std::string_view value) {
  if (head_too_large_) return;
  const std::size_t size = text_.size() + kFieldOverheadBytes * (fields_.size() + 1);
  if (size + name.size() + value.size() > listener_.options().limits.header_bytes_max) {
    head_too_large_ = true;
    return;
  }
  text_.append(name);
  const std::size_t name_end = text_.size();
  text_.append(value);
  fields_.push_back({.name_end = name_end, .value_end = text_.size()});
}

std::optional<GrpcRefusal> GrpcCall::EndHead() {
  if (head_too_large_) {
    listener_.metrics.refused_too_large.Add();
    return GrpcRefusal{.status = {431, GrpcCode::kResourceExhausted},
                       .message = "the metadata is too large"};
  }
  std::string_view verb;
  std::size_t begin = 0;
  for (const Field& field : fields_) {
    const std::string_view all = text_;
    const std::string_view name = all.substr(begin, field.name_end - begin);
    const std::string_view value = all.substr(field.name_end, field.value_end - field.name_end);
    begin = field.value_end;
    if (name == ":path") path_ = value;
    if (name == ":method") verb = value;
    if (!name.starts_with(':')) headers_.Add(name, value);
  }
  if (const std::string_view name = headers_.Repeated(); !name.empty()) {
    return BadHead(std::string(name) + " is there twice");
  }
  if (verb != "POST") {
    GrpcRefusal refusal = BadHead("a call is a POST");
    refusal.status.http = http_status_ = 405;
    return refusal;
  }
  if (!headers_.Get("content-type").starts_with("application/grpc")) {
    GrpcRefusal refusal = BadHead("the content type must be application/grpc");
    refusal.status.http = http_status_ = 415;
    return refusal;
  }
  if (const auto text = headers_.Find("grpc-timeout")) {
    const auto timeout = ParseGrpcTimeout(*text);
    if (!timeout) return BadHead("grpc-timeout is not a number of at most eight digits and a unit");
    deadline_ = began_ + *timeout;
  }
  hold_.ChargeTo(headers_.Get(kNamespaceHeader));
  return std::nullopt;
}

std::optional<GrpcRefusal> GrpcCall::AddData(ByteSpan bytes) {
  auto refusal = message_.Add(bytes, hold_);
  if (refusal) CountRefusal(*refusal);
  return refusal;
}

std::optional<GrpcRefusal> GrpcCall::Dispatch(MonotonicTime now) {
  FaultPoint<"server.grpc.received">();
  began_ = now;
  listener_.metrics.received_bytes.Add(message_.bytes());
  Request request;
  const auto coding = wire::ContentCodingFromName(headers_.Get("grpc-encoding"));
  if (auto refusal = message_.Take(coding, hold_, request.body)) {
    CountRefusal(*refusal);
    return refusal;
  }
  if (began_ >= deadline_) return TooLate();
  request.transport = Transport::kGrpc;
  request.verb = "POST";
  request.path = path_;
  request.headers = &headers_;
  request.peer = host_->peer();
  request.deadline = deadline_;
  stage_ = Stage::kHandling;
  in_handler_ = true;
  listener_.handler.Handle(std::move(request), Reply(shared_from_this()));
  return std::nullopt;
}

void GrpcCall::CountRefusal(const GrpcRefusal& refusal) const {
  const ListenerMetrics& metrics = listener_.metrics;
  (refusal.status.http == 413   ? metrics.refused_too_large
   : refusal.status.http == 503 ? metrics.refused_overload
                                : metrics.refused_malformed)
      .Add();
}

void GrpcCall::EndStream() {
  stream_open_ = false;
  if (stage_ == Stage::kHandling) Cancel();
}

void GrpcCall::Deliver(Response&& response) {
  delivered_ = std::move(response);
  host_->PostAnswered(shared_from_this());
}

bool GrpcCall::TakeDelivered() {
  in_handler_ = false;
  if (stage_ == Stage::kAnswered) return false;
  Settle(std::move(delivered_));
  return true;
}

void GrpcCall::Refuse(GrpcRefusal&& refusal) {
  Cancel();
  Response response;
  response.http_status = refusal.status.http;
  response.grpc_status = refusal.status.grpc;
  response.body = wire::EncodeRpcStatus(
      wire::OtlpFormat::kProtobuf,
      {.code = static_cast<int>(refusal.status.grpc),
       .message = refusal.message,
       .retry_delay = refusal.retry ? std::optional(kRetryDelay) : std::nullopt,
       .bad_field = {}});
  response.grpc_message = std::move(refusal.message);
  Settle(std::move(response));
}

void GrpcCall::Settle(Response&& response) {
  FaultPoint<"server.grpc.answering">();
  stage_ = Stage::kAnswered;
  response_ = std::move(response);
  const std::chrono::duration<double> took = SystemClock().Monotonic() - began_;
  listener_.metrics.request_seconds.Observe(took.count());
  listener_.metrics.CountAnswer(response_.http_status);
}

std::optional<GrpcRefusal> GrpcCall::Overdue(MonotonicTime now) {
  if (stage_ == Stage::kAnswered) return std::nullopt;
  if (now >= deadline_) return TooLate();
  if (stage_ != Stage::kReading || now < progress_deadline_) return std::nullopt;
  const HttpOptions& options = listener_.options();
  if (message_.bytes() - progress_bytes_ < options.body_progress_bytes) {
    listener_.metrics.refused_slow.Add();
    return GrpcRefusal{.status = {408, GrpcCode::kDeadlineExceeded},
                       .message = "the message came too slowly"};
  }
  progress_bytes_ = message_.bytes();
  progress_deadline_ = now + options.body_progress_time;
  return std::nullopt;
}

GrpcCall::Fields GrpcCall::AnswerFields() const {
  Fields fields;
  fields.head.emplace_back(":status", std::to_string(http_status_));
  if (http_status_ != 200) return fields;
  fields.head.emplace_back("content-type", "application/grpc");
  const bool ok = response_.grpc_status == GrpcCode::kOk;
  auto& end = ok ? fields.trailers : fields.head;
  end.emplace_back("grpc-status", std::to_string(static_cast<int>(response_.grpc_status)));
  if (!ok) {
    end.emplace_back("grpc-message", EncodeGrpcMessage(response_.grpc_message));
    if (response_.http_status == 415) end.emplace_back("grpc-accept-encoding", "gzip,deflate,zstd");
    if (!response_.body.empty()) {
      end.emplace_back("grpc-status-details-bin", UnpaddedBase64(response_.body));
    }
  }
  for (const auto& [name, value] : response_.headers) {
    if (name.starts_with("strata-")) end.emplace_back(name, value);
  }
  return fields;
}

std::size_t GrpcCall::ReadAnswer(std::span<std::byte> room) {
  const auto prefix = PrefixOf(response_.body.size());
  std::size_t count = 0;
  if (read_bytes_ < kPrefixBytes) {
    const ByteSpan rest = ByteSpan(prefix).subspan(read_bytes_);
    count = std::min(room.size(), rest.size());
    std::memcpy(room.data(), rest.data(), count);
    read_bytes_ += count;
  }
  const ByteSpan rest =
      AsBytes(response_.body).subspan(std::max(read_bytes_, kPrefixBytes) - kPrefixBytes);
  const std::size_t more = std::min(room.size() - count, rest.size());
  if (more != 0) std::memcpy(room.data() + count, rest.data(), more);
  read_bytes_ += more;
  return count + more;
}

bool GrpcCall::AnswerIsRead() const {
  return read_bytes_ == kPrefixBytes + response_.body.size();
}

}  // namespace strata::server
