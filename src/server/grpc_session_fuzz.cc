// An HTTP/2 connection of arbitrary frames. Properties: the session ends or goes on, stays inside
// its limits, sends whole frames, gives back all that it reserved, and hands over only messages
// within their limit.
//
// Input: first byte, whether handlers answer at once and how the bytes are cut; then a list of
// frames, (u8 type, u8 flags, u8 stream, u8 size) with the payload. Lengths fit, so that the fuzzer
// gets past them; a type from 128 on makes its payload raw bytes of the connection.
#include <algorithm>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "base/check.h"
#include "server/grpc_session.h"

namespace strata::server {
namespace {

constexpr std::size_t kMessageMax = 10'000;
constexpr std::size_t kFrameHeadBytes = 9;
constexpr std::string_view kPreface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

class KeepingHandler final : public Handler {
 public:
  void Handle(Request&& request, Reply reply) override {
    CHECK(request.body.size() <= kMessageMax && request.verb == "POST");
    replies.push_back(std::move(reply));
  }
  void AnswerAll() {
    for (Reply& reply : std::exchange(replies, {})) {
      Response response;
      response.body = "answer";
      reply(std::move(response));
    }
  }
  std::vector<Reply> replies;
};

ListenerMetrics Metrics() {
  static model::Registry registry;
  static const ListenerMetrics metrics = ListenerMetrics::Register(registry, "fuzz");
  return metrics;
}

class Connection final : public GrpcHost {
 public:
  explicit Connection(bool answers_at_once)
      : answers_at_once_(answers_at_once), session_(*this, listener_, now_) {}
  ~Connection() override {
    session_.Close();
    handler_.replies.clear();
    answered_.clear();
    CHECK(ledger_.used_bytes() == 0);
  }

  void Receive(ByteSpan bytes) {
    if (session_.ended()) return;
    now_ += std::chrono::milliseconds(1);
    session_.Receive(bytes, now_);
    CHECK(handler_.replies.size() <= 2 * options_.Get().grpc.calls_per_connection_max);
    if (answers_at_once_) handler_.AnswerAll();
    Send();
  }
  void End() {
    handler_.AnswerAll();
    Send();
    session_.Sweep(now_ += std::chrono::minutes(5));
    session_.BeginStop();
    Send();
  }

  std::shared_ptr<GrpcHost> Share() override { return {std::shared_ptr<void>(), this}; }
  std::string_view peer() const override { return "peer"; }
  void PostAnswered(std::shared_ptr<GrpcCall> call) override {
    answered_.push_back(std::move(call));
  }

 private:
  void Send() {
    for (const auto& call : std::exchange(answered_, {})) session_.Answer(call);
    Buffer out;
    while (session_.Send(out, 64_KiB)) {
    }
    for (ByteSpan rest = out; !rest.empty();) {
      CHECK(rest.size() >= kFrameHeadBytes);
      std::size_t size = kFrameHeadBytes;
      for (std::size_t i = 0; i < 3; ++i) {
        size += std::to_integer<std::size_t>(rest[i]) << (8 * (2 - i));
      }
      CHECK(size <= rest.size());
      rest = rest.subspan(size);
    }
  }

  const bool answers_at_once_;
  const Live<HttpOptions> options_{HttpOptions{.grpc = {.message_bytes_max = kMessageMax}}};
  Ledger ledger_{1_MiB};
  KeepingHandler handler_;
  Listener listener_{
      .live_options = options_, .ledger = ledger_, .handler = handler_, .metrics = Metrics()};
  MonotonicTime now_{};
  std::vector<std::shared_ptr<GrpcCall>> answered_;
  GrpcSession session_;
};

// The frames of the input as they are sent.
Bytes Layout(ByteSpan input) {
  Bytes bytes(kPreface.size());
  std::ranges::copy(AsBytes(kPreface), bytes.begin());
  const auto put = [&](ByteSpan more) { bytes.insert(bytes.end(), more.begin(), more.end()); };
  static constexpr std::byte kSettings[kFrameHeadBytes] = {{}, {}, {}, std::byte{4}};
  put(kSettings);
  while (input.size() >= 4) {
    const auto type = std::to_integer<unsigned>(input[0]);
    const std::size_t size =
        std::min<std::size_t>(std::to_integer<std::size_t>(input[3]), input.size() - 4);
    const ByteSpan payload = input.subspan(4, size);
    if (type < 128) {
      const std::byte head[kFrameHeadBytes] = {{},
                                               {},
                                               static_cast<std::byte>(size),
                                               static_cast<std::byte>(type % 11),
                                               input[1],
                                               {},
                                               {},
                                               {},
                                               input[2]};
      put(head);
    }
    put(payload);
    input = input.subspan(4 + size);
  }
  return bytes;
}

}  // namespace
}  // namespace strata::server

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace strata;  // NOLINT(google-build-using-namespace)
  if (size == 0) return 0;
  const Bytes bytes = server::Layout(std::as_bytes(std::span(data + 1, size - 1)));
  const std::size_t step = data[0] < 64 ? bytes.size() : data[0] / 2 + std::size_t{1};
  server::Connection connection(data[0] % 2 == 0);
  for (std::size_t at = 0; at < bytes.size(); at += step) {
    connection.Receive(ByteSpan(bytes).subspan(at, std::min(step, bytes.size() - at)));
  }
  connection.End();
  return 0;
}
