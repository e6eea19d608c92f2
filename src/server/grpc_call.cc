#include "server/grpc_call.h"

#include <string>
#include <utility>

#include <grpcpp/support/status.h>
#include <pthread.h>

#include "base/fault_point.h"
#include "server/error_response.h"
#include "server/grpc_byte_buffer_peer.h"
#include "wire/decompress.h"
#include "wire/otlp_response.h"

namespace strata::server {

namespace {

constexpr std::chrono::milliseconds kRetryDelay{1000};

// The call whose handler this thread is in.
thread_local const GrpcCall* dispatching = nullptr;

bool StartsWith(ByteSpan bytes, std::string_view magic) {
  return AsText(bytes).starts_with(magic);
}

// gRPC tells the codings it knows from grpc-encoding and each message's flag. Of others it drops
// the header, and the message arrives as if it were plain: those are known by the number they start
// with, which no OTLP message does (all begin with field 1).
Result<wire::ContentCoding> CodingOf(grpc_compression_algorithm algorithm, ByteSpan message) {
  switch (algorithm) {
    case GRPC_COMPRESS_NONE:
      if (StartsWith(message, "\x28\xb5\x2f\xfd")) return wire::ContentCoding::kZstd;
      if (StartsWith(message, std::string_view("\xff\x06\x00\x00sNaPpY", 10)) ||
          StartsWith(message, "\x04\x22\x4d\x18")) {
        return Error{Code::kNotFound, "messages may be compressed by gzip, deflate or zstd"};
      }
      return wire::ContentCoding::kIdentity;
    case GRPC_COMPRESS_GZIP:
      return wire::ContentCoding::kGzip;
    case GRPC_COMPRESS_DEFLATE:
      return wire::ContentCoding::kDeflate;
    default:
      return Error{Code::kNotFound, "messages may be compressed by gzip, deflate or zstd"};
  }
}

MonotonicTime MonotonicDeadline(std::chrono::system_clock::time_point deadline) {
  if (deadline == std::chrono::system_clock::time_point::max()) return MonotonicTime::max();
  return SystemClock().Monotonic() + (deadline - std::chrono::system_clock::now());
}

Response ErrorStatus(GrpcCode code, int http_status, std::string_view message, bool retry) {
  Response response;
  response.http_status = http_status;
  response.grpc_status = code;
  response.grpc_message = message;
  response.body =
      wire::EncodeRpcStatus(wire::OtlpFormat::kProtobuf,
                            {.code = static_cast<int>(code),
                             .message = message,
                             .retry_delay = retry ? std::optional(kRetryDelay) : std::nullopt,
                             .bad_field = {}});
  return response;
}

}  // namespace

GrpcReplyThread::GrpcReplyThread(std::function<void(MonotonicTime now)> sweep,
                                 std::chrono::milliseconds interval)
    : sweep_(std::move(sweep)), interval_(interval), thread_([this] { Run(); }) {}

GrpcReplyThread::~GrpcReplyThread() {
  {
    const MutexLock lock(mutex_);
    ending_ = true;
  }
  posted_.notify_one();
  thread_.join();
}

void GrpcReplyThread::Post(std::shared_ptr<GrpcCall> call) {
  bool wake = false;
  {
    const MutexLock lock(mutex_);
    wake = answered_.empty();
    answered_.push_back(std::move(call));
  }
  if (wake) posted_.notify_one();
}

void GrpcReplyThread::Run() {
  pthread_setname_np(pthread_self(), "strata-grpc-out");
  std::vector<std::shared_ptr<GrpcCall>> sending;
  MonotonicTime sweep_at = SystemClock().Monotonic() + interval_;
  bool ending = false;
  while (!ending) {
    if (const MonotonicTime now = SystemClock().Monotonic(); now >= sweep_at) {
      sweep_(now);
      sweep_at = now + interval_;
    }
    mutex_.lock();
    posted_.wait_until(mutex_, sweep_at, [this] { return ending_ || !answered_.empty(); });
    ending = ending_;
    sending.swap(answered_);
    mutex_.unlock();
    for (const auto& call : sending) call->Send();
    sending.clear();
  }
}

// Late messages are found within a quarter of the time that they have.
GrpcCalls::GrpcCalls(const GrpcOptions& the_options, Handler& the_handler, Ledger& the_ledger,
                     ListenerMetrics the_metrics)
    : options(the_options),
      handler(the_handler),
      ledger(the_ledger),
      metrics(the_metrics),
      replies([this](MonotonicTime now) { Sweep(now); }, options.message_time / 4) {}

bool GrpcCalls::Add(GrpcCall& call) {
  const MutexLock lock(mutex_);
  call.slot = open_.size();
  open_.push_back(&call);
  return !aborting_;
}

void GrpcCalls::Remove(GrpcCall& call) {
  const MutexLock lock(mutex_);
  open_.back()->slot = call.slot;
  std::swap(open_[call.slot], open_.back());
  open_.pop_back();
}

std::vector<std::shared_ptr<GrpcCall>> GrpcCalls::Open() {
  const MutexLock lock(mutex_);
  std::vector<std::shared_ptr<GrpcCall>> open;
  for (GrpcCall* const call : open_) open.push_back(call->shared_from_this());
  return open;
}

void GrpcCalls::AbortAll() {
  {
    const MutexLock lock(mutex_);
    aborting_ = true;
  }
  for (const auto& call : Open()) call->Abort();
}

void GrpcCalls::Sweep(MonotonicTime now) {
  for (const auto& call : Open()) call->EndIfLate(now);
}

void GrpcCall::Begin() {
  self_ = shared_from_this();
  StartRead(&in_);  // gRPC calls back only after CreateReactor has returned
  if (!calls_.Add(*this)) Abort();
}

void GrpcCall::OnReadDone(bool ok) {
  Stage reading = Stage::kReading;
  if (!stage_.compare_exchange_strong(reading, Stage::kHandling)) return;
  dispatched_at_ = SystemClock().Monotonic();
  if (!ok) {
    calls_.metrics.refused_malformed.Add();
    return Refuse({Code::kInvalidInput, "the call ended before its message"});
  }
  auto message = TakeMessage();
  if (!message) return Refuse(message.error());
  Dispatch(*std::move(message));
}

Result<Buffer> GrpcCall::TakeMessage() {
  const std::size_t limit = calls_.options.message_bytes_max;
  const std::size_t length = in_.Length();
  calls_.metrics.received_bytes.Add(length);
  if (!hold_.GrowTo(length)) {
    calls_.metrics.refused_overload.Add();
    return Error{Code::kExhausted, "too many bytes of requests are in flight"};
  }
  const auto algorithm = grpc::internal::GrpcByteBufferPeer(&in_).c_buffer()->data.raw.compression;
  std::vector<grpc::Slice> slices;
  if (!in_.Dump(&slices).ok()) return Error{Code::kInvalidInput, "unreadable message"};
  Buffer message(length);
  for (const grpc::Slice& slice : slices) {
    message.Append(std::as_bytes(std::span(slice.begin(), slice.size())));
  }
  in_.Clear();
  slices.clear();
  ASSIGN_OR_RETURN(const auto coding, CodingOf(algorithm, message));
  auto decoded = wire::Decompress(coding, std::move(message), limit);
  if (!decoded) {
    (decoded.error().code == Code::kTooLarge ? calls_.metrics.refused_too_large
                                             : calls_.metrics.refused_malformed)
        .Add();
    return decoded;
  }
  if (!hold_.GrowTo(decoded->size())) {
    calls_.metrics.refused_overload.Add();
    return Error{Code::kExhausted, "too many bytes of requests are in flight"};
  }
  return decoded;
}

void GrpcCall::Dispatch(Buffer message) {
  FaultPoint<"server.grpc.received">();
  for (const auto& [name, value] : context_.client_metadata()) {
    headers_.Add({name.data(), name.size()}, {value.data(), value.size()});
  }
  peer_ = context_.peer();
  Request request;
  request.transport = Transport::kGrpc;
  request.verb = "POST";
  request.path = context_.method();
  request.headers = &headers_;
  request.peer = peer_;
  request.deadline = MonotonicDeadline(context_.deadline());
  request.body = std::move(message);
  const auto self = shared_from_this();
  const GrpcCall* const outer = std::exchange(dispatching, this);
  calls_.handler.Handle(std::move(request), Reply(self));
  dispatching = outer;
  if (answered_inline_) Send();
}

void GrpcCall::Refuse(const Error& error) {
  WireStatus status = WireStatusOf(error.code);
  if (error.code == Code::kNotFound) status = {415, GrpcCode::kUnimplemented};  // see CodingOf
  if (stage_.exchange(Stage::kAnswered) == Stage::kAnswered) return;
  response_ = ErrorStatus(status.grpc, status.http, error.message, status.http == 503);
  Send();
}

void GrpcCall::Deliver(Response&& response) {
  if (stage_.exchange(Stage::kAnswered) == Stage::kAnswered) return;  // aborted meanwhile
  response_ = std::move(response);
  if (dispatching == this) {
    answered_inline_ = true;
  } else {
    calls_.replies.Post(shared_from_this());
  }
}

void GrpcCall::Abort() {
  cancel_.request_stop();
  if (stage_.exchange(Stage::kAnswered) == Stage::kAnswered) return;
  response_ = ErrorStatus(GrpcCode::kUnavailable, 503, "the server stops", true);
  calls_.replies.Post(shared_from_this());
}

void GrpcCall::EndIfLate(MonotonicTime now) {
  if (now < message_deadline_) return;
  Stage reading = Stage::kReading;
  if (!stage_.compare_exchange_strong(reading, Stage::kAnswered)) return;
  calls_.metrics.refused_slow.Add();
  response_ = ErrorStatus(GrpcCode::kDeadlineExceeded, 408, "the message came too slowly", false);
  Send();
}

void GrpcCall::Send() {
  FaultPoint<"server.grpc.answering">();
  calls_.metrics.request_seconds.Observe(
      std::chrono::duration<double>(SystemClock().Monotonic() - dispatched_at_.load()).count());
  calls_.metrics.CountAnswer(response_.http_status);
  for (const auto& [name, value] : response_.headers) {
    if (name.starts_with("strata-")) context_.AddTrailingMetadata(std::string(name), value);
  }
  if (response_.grpc_status != GrpcCode::kOk) {
    Finish(grpc::Status(static_cast<grpc::StatusCode>(response_.grpc_status),
                        response_.grpc_message, response_.body));
    return;
  }
  const grpc::Slice slice(response_.body);
  out_ = grpc::ByteBuffer(&slice, 1);
  StartWriteAndFinish(&out_, grpc::WriteOptions(), grpc::Status::OK);
}

void GrpcCall::OnCancel() {
  cancel_.request_stop();
}

void GrpcCall::OnDone() {
  FaultPoint<"server.grpc.answered">();
  hold_.Release();
  calls_.Remove(*this);
  const auto self = std::move(self_);  // destroyed last, unless a Reply is still about
}

}  // namespace strata::server
