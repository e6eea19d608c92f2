// One client's HTTP connection: reads a request, hands it to the handler, sends the answer, and so
// on. Internal to the HTTP transport.
//
// All of it runs on its io thread, but for Deliver and Cancelled. A Reply in flight keeps it, and
// with it the views of its request.
#pragma once

#include <cstddef>
#include <memory>
#include <stop_token>
#include <string>
#include <string_view>

#include <boost/asio/ip/tcp.hpp>

#include "base/buffer.h"
#include "base/clock.h"
#include "server/cancellation.h"
#include "server/connection.h"
#include "server/handler.h"
#include "server/http_request_parser.h"
#include "server/io_thread.h"
#include "server/ledger.h"
#include "server/listener.h"

namespace strata::server {

// Bytes from the socket that are not used up yet; grows to a bound and shrinks when idle.
class HttpInbox {
 public:
  std::string_view unread() const { return AsText(ByteSpan(bytes_).subspan(begin_)); }
  bool empty() const { return begin_ == bytes_.size(); }
  void Consume(std::size_t count) { begin_ += count; }
  // Room to read into: at least one byte, in all up to `capacity` unread bytes. Empty: full.
  std::span<std::byte> Room(std::size_t capacity);
  void Written(std::size_t count) { bytes_.Written(count); }
  // Forgets what is unread, and gives memory beyond `capacity` back.
  void Shrink(std::size_t capacity);

 private:
  Buffer bytes_;
  std::size_t begin_ = 0;
};

class HttpConnection final : public Connection,
                             public ReplySink,
                             public std::enable_shared_from_this<HttpConnection> {
 public:
  HttpConnection(boost::asio::ip::tcp::socket socket, std::shared_ptr<IoThread> thread,
                 std::shared_ptr<Listener> listener);
  ~HttpConnection() override;

  void Start() override;
  void SendAnswers() override;
  void Sweep(MonotonicTime now) override;
  void BeginStop() override;
  void Abort() override;

  void Deliver(Response&& response) override;
  std::stop_token Cancelled() override { return cancellation_.Token(); }

 private:
  enum class Phase {
    kHead,       // reads a header, or waits for one
    kBody,       // reads a body of known length, straight into body_
    kChunks,     // reads a chunked body
    kInFlight,   // the handler has the request
    kSending,    // writes the answer
    kLingering,  // answered before all was read: drops the rest, so that the answer is not lost
    kClosed,
  };

  // Does what can be done without waiting; starts a read or a write when it must wait.
  void Advance();
  // One step of that. False: waits for the socket or the handler, or is closed.
  bool Step();
  bool StepHead();
  bool BeginBody();
  bool StepBody();
  bool MakeRoomForBody();
  bool StepChunks();
  bool Dispatch();
  bool Refuse(WireStatus status, std::string_view message, bool retry = false);
  bool RefuseOverload();
  bool BeginSend();
  bool FinishSend();
  bool BeginLinger();

  void SendContinue();
  void Read(std::span<std::byte> into);
  void OnRead(std::size_t count, const boost::system::error_code& error);
  bool Write();
  void RefuseInterrupted(int status);
  void OnReadEnd(const boost::system::error_code& error);
  // Ends a read that is under way: the request is then refused with `status`.
  void Interrupt(int status);
  void Close();

  void Expect(std::chrono::milliseconds time) { deadline_ = SystemClock().Monotonic() + time; }
  void SweepBody(MonotonicTime now);
  void SweepInFlight();

  const std::shared_ptr<IoThread> thread_;  // its event loop outlives the socket
  boost::asio::ip::tcp::socket socket_;
  const std::shared_ptr<Listener> listener_;
  ConnectionCount count_;
  std::string peer_;

  Phase phase_ = Phase::kHead;
  MonotonicTime deadline_{};
  bool head_started_ = false;
  bool stopping_ = false;
  bool close_after_ = false;
  int interrupt_status_ = 0;
  std::size_t progress_bytes_ = 0;  // of the body since the deadline was set
  std::size_t linger_bytes_left_ = 0;

  HttpInbox inbox_;
  HttpRequestParser parser_;
  Buffer body_;
  Ledger::Hold hold_;
  MonotonicTime dispatched_at_{};
  bool dispatching_ = false;
  bool answered_inline_ = false;

  Response response_;  // written by Deliver, read once the answer was posted
  std::string answer_head_;
  std::size_t sent_bytes_ = 0;

  Cancellation cancellation_;
};

}  // namespace strata::server
