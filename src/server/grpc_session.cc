#include "server/grpc_session.h"

#include <algorithm>
#include <array>
#include <utility>

#include <nghttp2/nghttp2.h>

#include "base/check.h"

namespace strata::server {

namespace {

constexpr std::uint32_t kFrameBytesMax = 256_KiB;
constexpr std::int32_t kStreamWindowBytes = 1_MiB;
constexpr std::int32_t kConnectionWindowBytes = 4_MiB;
constexpr std::size_t kContinuationsMax = 8;
constexpr std::size_t kSettingsMax = 32;
constexpr std::size_t kAcksWaitingMax = 1000;
// Calls that their client has reset count until their handler is done with them.
constexpr std::size_t kCallsOverStreams = 2;

std::string_view Text(const std::uint8_t* bytes, std::size_t size) {
  return {reinterpret_cast<const char*>(bytes), size};
}

// The names live in string literals, the values in `fields`.
std::vector<nghttp2_nv> NameValues(
    const std::vector<std::pair<std::string_view, std::string>>& fields) {
  const auto bytes = [](std::string_view text) {
    return reinterpret_cast<std::uint8_t*>(const_cast<char*>(text.data()));  // nghttp2 only reads
  };
  std::vector<nghttp2_nv> out;
  out.reserve(fields.size());
  for (const auto& [name, value] : fields) {
    out.push_back({.name = bytes(name),
                   .value = bytes(value),
                   .namelen = name.size(),
                   .valuelen = value.size(),
                   .flags = NGHTTP2_NV_FLAG_NONE});
  }
  return out;
}

GrpcRefusal Stopping() {
  return {.status = {503, GrpcCode::kUnavailable}, .message = "the server stops", .retry = true};
}

}  // namespace

bool FrameBudget::Spend(MonotonicTime now) {
  const std::chrono::duration<double> passed = now - filled_at_;
  filled_at_ = now;
  left_ = std::min(kMost, left_ + passed.count() * kPerSecond);
  if (left_ < 1) return false;
  left_ -= 1;
  return true;
}

void FrameBudget::Earn() {
  left_ = std::min(kMost, left_ + kPerCall);
}

void GrpcSession::Delete::operator()(nghttp2_session* session) const {
  nghttp2_session_del(session);
}

// nghttp2 calls these from within Receive and Send; each `self` is the session.
struct GrpcSession::Hooks {
  static GrpcSession& Self(void* self) { return *static_cast<GrpcSession*>(self); }
  static GrpcCall* CallOf(nghttp2_session* session, std::int32_t stream) {
    return static_cast<GrpcCall*>(nghttp2_session_get_stream_user_data(session, stream));
  }

  static int OnBeginFrame(nghttp2_session*, const nghttp2_frame_hd* head, void* self) {
    const bool ends = (head->flags & NGHTTP2_FLAG_END_STREAM) != 0;
    Self(self).OnFrame(head->type, head->length, ends);
    return 0;
  }

  static int OnBeginHeaders(nghttp2_session*, const nghttp2_frame* frame, void* self) {
    if (frame->headers.cat == NGHTTP2_HCAT_REQUEST) Self(self).OpenCall(frame->hd.stream_id);
    return 0;
  }

  static int OnField(nghttp2_session* session, const nghttp2_frame* frame, const std::uint8_t* name,
                     std::size_t name_size, const std::uint8_t* value, std::size_t value_size,
                     std::uint8_t, void*) {
    GrpcCall* const call = CallOf(session, frame->hd.stream_id);
    // Trailers of a client mean nothing here.
    if (call != nullptr && frame->headers.cat == NGHTTP2_HCAT_REQUEST) {
      call->AddField(Text(name, name_size), Text(value, value_size));
    }
    return 0;
  }

  static int OnWholeFrame(nghttp2_session* session, const nghttp2_frame* frame, void* self) {
    if (frame->hd.type == NGHTTP2_SETTINGS) Self(self).greeted_ = true;
    GrpcCall* const call = CallOf(session, frame->hd.stream_id);
    if (call == nullptr || !call->reading()) return 0;
    std::optional<GrpcRefusal> refusal;
    if (frame->hd.type == NGHTTP2_HEADERS && frame->headers.cat == NGHTTP2_HCAT_REQUEST) {
      refusal = call->EndHead();
    }
    const bool carries = frame->hd.type == NGHTTP2_HEADERS || frame->hd.type == NGHTTP2_DATA;
    if (!refusal && carries && (frame->hd.flags & NGHTTP2_FLAG_END_STREAM) != 0) {
      refusal = call->Dispatch(Self(self).now_);
    }
    if (refusal) Self(self).Refuse(*call, *std::move(refusal));
    return 0;
  }

  static int OnData(nghttp2_session* session, std::uint8_t, std::int32_t stream,
                    const std::uint8_t* bytes, std::size_t size, void* self) {
    GrpcCall* const call = CallOf(session, stream);
    if (call == nullptr || !call->reading()) return 0;  // answered early: the rest is dropped
    auto refusal = call->AddData(AsBytes(Text(bytes, size)));
    if (refusal) Self(self).Refuse(*call, *std::move(refusal));
    return 0;
  }

  static int OnStreamClose(nghttp2_session*, std::int32_t stream, std::uint32_t, void* self) {
    Self(self).CloseStream(stream);
    return 0;
  }

  static int OnInvalidFrame(nghttp2_session*, const nghttp2_frame*, int, void* self) {
    Self(self).listener_.metrics.refused_malformed.Add();
    return 0;
  }

  // The answer is out before all of the request was in: the client need not send the rest.
  static int OnSent(nghttp2_session* session, const nghttp2_frame* frame, void*) {
    const bool ends = (frame->hd.flags & NGHTTP2_FLAG_END_STREAM) != 0;
    if (frame->hd.type != NGHTTP2_HEADERS || !ends) return 0;
    if (nghttp2_session_get_stream_remote_close(session, frame->hd.stream_id) == 0) {
      nghttp2_submit_rst_stream(session, NGHTTP2_FLAG_NONE, frame->hd.stream_id, NGHTTP2_NO_ERROR);
    }
    return 0;
  }

  static ssize_t ReadAnswer(nghttp2_session* session, std::int32_t stream, std::uint8_t* out,
                            std::size_t size, std::uint32_t* flags, nghttp2_data_source* source,
                            void*) {
    auto& call = *static_cast<GrpcCall*>(source->ptr);
    const std::size_t count = call.ReadAnswer({reinterpret_cast<std::byte*>(out), size});
    if (call.AnswerIsRead()) {
      *flags |= NGHTTP2_DATA_FLAG_EOF | NGHTTP2_DATA_FLAG_NO_END_STREAM;
      const GrpcCall::Fields fields = call.AnswerFields();
      const auto trailers = NameValues(fields.trailers);
      nghttp2_submit_trailer(session, stream, trailers.data(), trailers.size());
    }
    return static_cast<ssize_t>(count);
  }

  static nghttp2_session* New(GrpcSession& self);
};

nghttp2_session* GrpcSession::Hooks::New(GrpcSession& self) {
  nghttp2_session_callbacks* callbacks = nullptr;
  nghttp2_option* option = nullptr;
  nghttp2_session* session = nullptr;
  CHECK(nghttp2_session_callbacks_new(&callbacks) == 0 && nghttp2_option_new(&option) == 0);
  nghttp2_session_callbacks_set_on_begin_frame_callback(callbacks, OnBeginFrame);
  nghttp2_session_callbacks_set_on_begin_headers_callback(callbacks, OnBeginHeaders);
  nghttp2_session_callbacks_set_on_header_callback(callbacks, OnField);
  nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks, OnWholeFrame);
  nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks, OnData);
  nghttp2_session_callbacks_set_on_stream_close_callback(callbacks, OnStreamClose);
  nghttp2_session_callbacks_set_on_invalid_frame_recv_callback(callbacks, OnInvalidFrame);
  nghttp2_session_callbacks_set_on_frame_send_callback(callbacks, OnSent);
  nghttp2_option_set_max_continuations(option, kContinuationsMax);
  nghttp2_option_set_max_settings(option, kSettingsMax);
  nghttp2_option_set_max_outbound_ack(option, kAcksWaitingMax);
  nghttp2_option_set_no_closed_streams(option, 1);
  CHECK(nghttp2_session_server_new2(&session, callbacks, &self, option) == 0);
  nghttp2_option_del(option);
  nghttp2_session_callbacks_del(callbacks);
  return session;
}

GrpcSession::GrpcSession(GrpcHost& host, Listener& listener, MonotonicTime now)
    : host_(host),
      listener_(listener),
      session_(Hooks::New(*this)),
      budget_(now),
      began_(now),
      now_(now),
      received_at_(now) {
  Greet();
}

GrpcSession::~GrpcSession() = default;

void GrpcSession::Greet() {
  const HttpOptions& options = listener_.options();
  const auto value = [](std::size_t number) { return static_cast<std::uint32_t>(number); };
  const std::array<nghttp2_settings_entry, 4> settings = {{
      {NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, value(options.grpc.calls_per_connection_max)},
      {NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, kStreamWindowBytes},
      {NGHTTP2_SETTINGS_MAX_FRAME_SIZE, kFrameBytesMax},
      {NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE, value(options.limits.header_bytes_max)},
  }};
  nghttp2_session* const session = session_.get();
  CHECK(nghttp2_submit_settings(session, NGHTTP2_FLAG_NONE, settings.data(), settings.size()) == 0);
  CHECK(nghttp2_session_set_local_window_size(session, NGHTTP2_FLAG_NONE, 0,
                                              kConnectionWindowBytes) == 0);
}

void GrpcSession::Receive(ByteSpan bytes, MonotonicTime now) {
  now_ = received_at_ = now;
  pinged_ = false;
  const auto taken = nghttp2_session_mem_recv(
      session_.get(), reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size());
  if (taken >= 0) return;
  failed_ = true;
  const bool flooded = taken == NGHTTP2_ERR_FLOODED || taken == NGHTTP2_ERR_TOO_MANY_CONTINUATIONS;
  (flooded ? listener_.metrics.refused_flood : listener_.metrics.refused_malformed).Add();
}

bool GrpcSession::Send(Buffer& out, std::size_t bytes) {
  const std::size_t before = out.size();
  while (!failed_ && out.size() - before < bytes) {
    const std::uint8_t* data = nullptr;
    const auto count = nghttp2_session_mem_send(session_.get(), &data);
    if (count < 0) failed_ = true;
    if (count <= 0) break;
    out.Append(AsBytes(Text(data, static_cast<std::size_t>(count))));
  }
  return out.size() != before;
}

bool GrpcSession::ended() const {
  if (failed_) return true;
  nghttp2_session* const session = session_.get();
  if (nghttp2_session_want_write(session) != 0) return false;
  return giving_up_ || nghttp2_session_want_read(session) == 0 || (stopping_ && calls_.empty());
}

void GrpcSession::OnFrame(std::uint8_t type, std::size_t bytes, bool ends_stream) {
  const bool carries = type == NGHTTP2_HEADERS || (type == NGHTTP2_DATA && bytes != 0);
  if (carries || ends_stream || giving_up_ || budget_.Spend(now_)) return;
  listener_.metrics.refused_flood.Add();
  GiveUp(NGHTTP2_ENHANCE_YOUR_CALM, "too many frames that bring no call further");
}

void GrpcSession::GiveUp(std::uint32_t error, std::string_view why) {
  giving_up_ = true;
  nghttp2_session* const session = session_.get();
  nghttp2_submit_goaway(session, NGHTTP2_FLAG_NONE,
                        nghttp2_session_get_last_proc_stream_id(session), error,
                        reinterpret_cast<const std::uint8_t*>(why.data()), why.size());
}

void GrpcSession::OpenCall(std::int32_t stream) {
  if (giving_up_) return;
  if (calls_.size() >= kCallsOverStreams * listener_.options().grpc.calls_per_connection_max) {
    listener_.metrics.refused_overload.Add();
    nghttp2_submit_rst_stream(session_.get(), NGHTTP2_FLAG_NONE, stream, NGHTTP2_REFUSED_STREAM);
    return;
  }
  auto call = std::make_shared<GrpcCall>(host_.Share(), stream, listener_, now_);
  call->slot = calls_.size();
  nghttp2_session_set_stream_user_data(session_.get(), stream, call.get());
  calls_.push_back(std::move(call));
}

void GrpcSession::CloseStream(std::int32_t stream) {
  GrpcCall* const call = Hooks::CallOf(session_.get(), stream);
  if (call == nullptr) return;
  call->EndStream();
  if (!call->in_handler()) Forget(*call);
}

void GrpcSession::Forget(GrpcCall& call) {
  const std::size_t slot = call.slot;
  calls_.back()->slot = slot;
  std::swap(calls_[slot], calls_.back());
  calls_.pop_back();
}

void GrpcSession::Refuse(GrpcCall& call, GrpcRefusal&& refusal) {
  call.Refuse(std::move(refusal));
  Submit(call);
}

void GrpcSession::Answer(const std::shared_ptr<GrpcCall>& call) {
  const bool wanted = call->TakeDelivered();
  if (!call->stream_open()) return Forget(*call);
  if (!wanted) return;
  budget_.Earn();
  Submit(*call);
}

void GrpcSession::Submit(GrpcCall& call) {
  nghttp2_session* const session = session_.get();
  const GrpcCall::Fields fields = call.AnswerFields();
  const auto head = NameValues(fields.head);
  nghttp2_data_provider message{.source = {.ptr = &call}, .read_callback = Hooks::ReadAnswer};
  const int failed = nghttp2_submit_response(session, call.stream(), head.data(), head.size(),
                                             fields.trailers.empty() ? nullptr : &message);
  if (failed == 0) return;
  nghttp2_submit_rst_stream(session, NGHTTP2_FLAG_NONE, call.stream(), NGHTTP2_INTERNAL_ERROR);
}

void GrpcSession::Sweep(MonotonicTime now) {
  const HttpOptions& options = listener_.options();
  if (!greeted_ && now >= began_ + options.header_time) {
    listener_.metrics.refused_slow.Add();
    failed_ = true;
    return;
  }
  if (pinged_ && now >= pinged_at_ + options.grpc.ping_timeout) {
    failed_ = true;
    return;
  }
  if (!pinged_ && now >= received_at_ + options.grpc.ping_time) {
    pinged_ = true;
    pinged_at_ = now;
    nghttp2_submit_ping(session_.get(), NGHTTP2_FLAG_NONE, nullptr);
  }
  for (const auto& call : calls_) {
    if (auto refusal = call->Overdue(now)) Refuse(*call, *std::move(refusal));
  }
}

void GrpcSession::BeginStop() {
  stopping_ = true;
  nghttp2_session* const session = session_.get();
  nghttp2_submit_goaway(session, NGHTTP2_FLAG_NONE,
                        nghttp2_session_get_last_proc_stream_id(session), NGHTTP2_NO_ERROR, nullptr,
                        0);
  for (const auto& call : calls_) {
    if (call->reading()) Refuse(*call, Stopping());
  }
}

void GrpcSession::Close() {
  for (const auto& call : std::exchange(calls_, {})) call->EndStream();
}

}  // namespace strata::server
