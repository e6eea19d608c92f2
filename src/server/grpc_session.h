// The HTTP/2 side of a gRPC connection without its socket: bytes come in, calls go to the handler,
// bytes go out. nghttp2 does the framing; this decides what a client may ask for. Internal to the
// gRPC transport.
//
// Bounded in every direction: calls at once (those that the client has reset and the handler still
// has included), bytes of a head, bytes of messages (the ledger), and frames that bring no call
// further (a budget). What goes out is bounded by whoever stops giving bytes while it cannot send.
//
// Confined to one thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "base/buffer.h"
#include "base/clock.h"
#include "server/grpc_call.h"
#include "server/listener.h"

struct nghttp2_session;

namespace strata::server {

// What the frames of a connection may cost that bring no call further: resets, pings, settings,
// empty data. So many at once, so many a second; each answered call pays for a few.
class FrameBudget {
 public:
  explicit FrameBudget(MonotonicTime now) : filled_at_(now) {}
  // False: the client has spent it all.
  bool Spend(MonotonicTime now);
  void Earn();

 private:
  static constexpr double kMost = 1000;
  static constexpr double kPerSecond = 100;
  static constexpr double kPerCall = 4;

  double left_ = kMost;
  MonotonicTime filled_at_;
};

class GrpcSession {
 public:
  // `listener` outlives the session. Calls hold `host`.
  GrpcSession(GrpcHost& host, Listener& listener, MonotonicTime now);
  ~GrpcSession();
  GrpcSession(const GrpcSession&) = delete;
  GrpcSession& operator=(const GrpcSession&) = delete;

  void Receive(ByteSpan bytes, MonotonicTime now);
  // Appends what is to be sent, at least one frame and up to about `bytes`. False: nothing is.
  bool Send(Buffer& out, std::size_t bytes);
  // A handler has answered this call.
  void Answer(const std::shared_ptr<GrpcCall>& call);
  // Ends calls that have passed their deadline, and asks a silent client whether it is there.
  void Sweep(MonotonicTime now);
  // No more calls; those of which not all has come are refused as retryable.
  void BeginStop();
  // Nothing more will be read or sent: the client broke the protocol, or all is done after
  // BeginStop.
  bool ended() const;
  // The connection is gone: the handlers are told, and nothing holds it from here.
  void Close();

 private:
  struct Hooks;  // nghttp2's callbacks
  struct Delete {
    void operator()(nghttp2_session* session) const;
  };

  void Greet();
  void OnFrame(std::uint8_t type, std::size_t bytes, bool ends_stream);
  void OpenCall(std::int32_t stream);
  void CloseStream(std::int32_t stream);
  void Refuse(GrpcCall& call, GrpcRefusal&& refusal);
  void Submit(GrpcCall& call);
  void Forget(GrpcCall& call);
  void GiveUp(std::uint32_t error, std::string_view why);

  GrpcHost& host_;
  Listener& listener_;
  std::unique_ptr<nghttp2_session, Delete> session_;
  std::vector<std::shared_ptr<GrpcCall>> calls_;  // each knows its index
  FrameBudget budget_;
  const MonotonicTime began_;
  MonotonicTime now_;  // of Receive
  MonotonicTime received_at_;
  MonotonicTime pinged_at_;
  bool greeted_ = false;  // the client's settings have come
  bool pinged_ = false;   // and not heard from since
  bool stopping_ = false;
  bool giving_up_ = false;  // ends when the client has been told
  bool failed_ = false;     // ends at once
};

}  // namespace strata::server
