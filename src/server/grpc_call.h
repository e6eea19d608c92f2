// One gRPC call: reads the message, decompresses it, hands it to the handler, sends the answer.
// Internal to the gRPC transport.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <thread>
#include <vector>

#include <grpcpp/generic/async_generic_service.h>

#include "base/mutex.h"
#include "server/grpc_server.h"
#include "server/server_metrics.h"

namespace strata::server {

class GrpcCall;

// Sends the answers that other threads than gRPC's have given. One wake-up serves all that arrive
// before it gets to them. Between them it calls `sweep`.
class GrpcReplyThread {
 public:
  GrpcReplyThread(std::function<void(MonotonicTime now)> sweep, std::chrono::milliseconds interval);
  ~GrpcReplyThread();  // sends what is left
  void Post(std::shared_ptr<GrpcCall> call);

 private:
  void Run();

  const std::function<void(MonotonicTime now)> sweep_;
  const std::chrono::milliseconds interval_;
  Mutex mutex_;
  ConditionVariable posted_;
  std::vector<std::shared_ptr<GrpcCall>> answered_ GUARDED_BY(mutex_);
  bool ending_ GUARDED_BY(mutex_) = false;
  std::thread thread_;
};

// What all calls of one server share; knows those that are open.
class GrpcCalls {
 public:
  GrpcCalls(const GrpcOptions& the_options, Handler& the_handler, Ledger& the_ledger,
            ListenerMetrics the_metrics);

  // False: AbortAll was called before.
  bool Add(GrpcCall& call);
  void Remove(GrpcCall& call);
  // Answers every call that has no answer yet with UNAVAILABLE; for what is still to come as well.
  void AbortAll();
  // Ends the calls whose message is late.
  void Sweep(MonotonicTime now);

  const GrpcOptions options;
  Handler& handler;
  Ledger& ledger;
  const ListenerMetrics metrics;

 private:
  std::vector<std::shared_ptr<GrpcCall>> Open();

  Mutex mutex_;
  std::vector<GrpcCall*> open_ GUARDED_BY(mutex_);  // each knows its index
  bool aborting_ GUARDED_BY(mutex_) = false;

 public:
  GrpcReplyThread replies;  // last: its thread uses all of the above
};

// Owns itself from Begin until gRPC is done with it; a Reply may hold it longer.
class GrpcCall final : public grpc::ServerGenericBidiReactor,
                       public ReplySink,
                       public std::enable_shared_from_this<GrpcCall> {
 public:
  GrpcCall(GrpcCalls& calls, grpc::GenericCallbackServerContext& context)
      : calls_(calls),
        context_(context),
        hold_(calls.ledger),
        message_deadline_(SystemClock().Monotonic() + calls.options.message_time) {}

  void Begin();
  void Send();   // after Deliver
  void Abort();  // as if the handler had answered UNAVAILABLE
  void EndIfLate(MonotonicTime now);

  void OnReadDone(bool ok) override;
  void OnCancel() override;
  void OnDone() override;

  void Deliver(Response&& response) override;
  std::stop_token Cancelled() override { return cancel_.get_token(); }

  std::size_t slot = 0;  // kept by GrpcCalls

 private:
  // The message as the sender meant it; an error that is the call's answer already.
  Result<Buffer> TakeMessage();
  void Dispatch(Buffer message);
  void Refuse(const Error& error);

  GrpcCalls& calls_;
  grpc::GenericCallbackServerContext& context_;  // gRPC's; gone after OnDone
  std::shared_ptr<GrpcCall> self_;
  std::stop_source cancel_;
  grpc::ByteBuffer in_;
  grpc::ByteBuffer out_;
  HeaderView headers_;
  std::string peer_;
  Ledger::Hold hold_;
  const MonotonicTime message_deadline_;
  // Of the call until its message is there; Abort reads it from another thread.
  std::atomic<MonotonicTime> dispatched_at_{SystemClock().Monotonic()};
  // Who moves it to kAnswered gives the answer; nobody else may.
  enum class Stage : std::uint8_t { kReading, kHandling, kAnswered };
  std::atomic<Stage> stage_{Stage::kReading};
  bool answered_inline_ = false;  // while the handler was called; gRPC's thread only
  Response response_;
};

}  // namespace strata::server
