// One gRPC call: its head, its message, its answer. Internal to the gRPC transport.
//
// All of it runs on the connection's io thread, but for Deliver and Cancelled. The session holds it
// while its stream is open or its handler has it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "server/cancellation.h"
#include "server/grpc_message.h"
#include "server/handler.h"
#include "server/ledger.h"
#include "server/listener.h"

namespace strata::server {

class GrpcCall;

// The connection, as its calls see it; they keep it.
class GrpcHost {
 public:
  virtual ~GrpcHost() = default;
  virtual std::shared_ptr<GrpcHost> Share() = 0;
  virtual std::string_view peer() const = 0;
  // Any thread: the handler has answered this call.
  virtual void PostAnswered(std::shared_ptr<GrpcCall> call) = 0;
};

class GrpcCall final : public ReplySink, public std::enable_shared_from_this<GrpcCall> {
 public:
  GrpcCall(std::shared_ptr<GrpcHost> host, std::int32_t stream, Listener& listener,
           MonotonicTime now);

  std::int32_t stream() const { return stream_; }

  // --- What the stream brings, in this order. A refusal is the call's answer.
  // Fields beyond the limit are dropped, and refused by EndHead.
  void AddField(std::string_view name, std::string_view value);
  std::optional<GrpcRefusal> EndHead();
  std::optional<GrpcRefusal> AddData(ByteSpan bytes);
  // The stream has ended: the handler gets the message.
  std::optional<GrpcRefusal> Dispatch(MonotonicTime now);

  // --- What becomes of it.
  bool reading() const { return stage_ == Stage::kReading; }
  bool answered() const { return stage_ == Stage::kAnswered; }
  // The client has ended the stream, or it was ended for it: an answer goes nowhere.
  bool stream_open() const { return stream_open_; }
  void EndStream();
  // The handler has it, and its Reply has not come back yet.
  bool in_handler() const { return in_handler_; }
  // Takes the handler's answer. False: the call was answered before, by Refuse.
  bool TakeDelivered();
  void Refuse(GrpcRefusal&& refusal);
  // Why it should be ended now; nullopt: it may go on.
  std::optional<GrpcRefusal> Overdue(MonotonicTime now);
  void Cancel() { cancellation_.Request(); }

  // --- Its answer. Requires: answered().
  struct Fields {
    std::vector<std::pair<std::string_view, std::string>> head;
    std::vector<std::pair<std::string_view, std::string>> trailers;  // empty: all is in the head
  };
  Fields AnswerFields() const;
  // The next bytes of the message with its prefix into `room`; fewer than that: it was the last.
  std::size_t ReadAnswer(std::span<std::byte> room);
  bool AnswerIsRead() const;

  void Deliver(Response&& response) override;
  std::stop_token Cancelled() override { return cancellation_.Token(); }

  std::size_t slot = 0;  // index in the connection's list, kept by it

 private:
  enum class Stage : std::uint8_t { kReading, kHandling, kAnswered };

  void CountRefusal(const GrpcRefusal& refusal) const;
  void Settle(Response&& response);

  const std::shared_ptr<GrpcHost> host_;
  const std::int32_t stream_;
  Listener& listener_;

  // Text of the head, back to back; fields are offsets because it moves while it grows.
  struct Field {
    std::size_t name_end;
    std::size_t value_end;
  };
  std::string text_;
  std::vector<Field> fields_;
  bool head_too_large_ = false;
  HeaderView headers_;
  std::string_view path_;

  GrpcMessage message_;
  Ledger::Hold hold_;
  Stage stage_ = Stage::kReading;
  bool in_handler_ = false;
  bool stream_open_ = true;
  MonotonicTime progress_deadline_;
  std::size_t progress_bytes_ = 0;                 // of the message at the last deadline
  MonotonicTime deadline_ = MonotonicTime::max();  // what the client said
  MonotonicTime began_;

  Response delivered_;  // written by Deliver, taken once that was posted
  Response response_;
  int http_status_ = 200;  // of the HTTP answer around the gRPC one
  std::size_t read_bytes_ = 0;
  Cancellation cancellation_;
};

}  // namespace strata::server
