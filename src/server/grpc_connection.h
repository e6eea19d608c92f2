// One client's gRPC connection: moves bytes between its socket and its GrpcSession. Internal to the
// gRPC transport.
//
// While the socket takes nothing more, nothing more is read from it: a client that does not read
// its answers cannot make them pile up. All of it runs on its io thread, but for PostAnswered.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <boost/asio/ip/tcp.hpp>

#include "base/buffer.h"
#include "base/clock.h"
#include "base/mutex.h"
#include "server/connection.h"
#include "server/grpc_session.h"
#include "server/io_thread.h"
#include "server/listener.h"

namespace strata::server {

class GrpcConnection final : public Connection,
                             public GrpcHost,
                             public std::enable_shared_from_this<GrpcConnection> {
 public:
  GrpcConnection(boost::asio::ip::tcp::socket socket, std::shared_ptr<IoThread> thread,
                 std::shared_ptr<Listener> listener);

  void Start() override;
  void SendAnswers() override;
  void Sweep(MonotonicTime now) override;
  void BeginStop() override;
  void Abort() override { Close(); }

  std::shared_ptr<GrpcHost> Share() override { return shared_from_this(); }
  std::string_view peer() const override { return peer_; }
  void PostAnswered(std::shared_ptr<GrpcCall> call) override;

 private:
  enum class Phase { kOpen, kLingering, kClosed };

  void WaitForBytes();
  void ReadSome();
  void Receive(ByteSpan bytes);
  void Flush();
  void WaitForRoom();
  void BeginLinger();
  void Close();

  const std::shared_ptr<IoThread> thread_;  // its event loop outlives the socket
  boost::asio::ip::tcp::socket socket_;
  const std::shared_ptr<Listener> listener_;
  ConnectionCount count_;
  const std::string peer_;
  GrpcSession session_;

  Phase phase_ = Phase::kOpen;
  bool receiving_ = false;
  bool waiting_for_bytes_ = false;
  bool waiting_for_room_ = false;
  MonotonicTime deadline_{};  // of waiting for room, or of lingering
  std::size_t linger_bytes_left_ = 0;
  Buffer outbox_;
  std::size_t sent_bytes_ = 0;
  std::vector<std::shared_ptr<GrpcCall>> answered_here_;  // by handlers that Receive called

  Mutex mutex_;
  std::vector<std::shared_ptr<GrpcCall>> answered_ GUARDED_BY(mutex_);
  bool closed_ GUARDED_BY(mutex_) = false;
};

}  // namespace strata::server
