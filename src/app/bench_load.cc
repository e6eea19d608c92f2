#include "app/bench_load.h"

#include <array>
#include <cerrno>
#include <system_error>
#include <utility>
#include <vector>

#include <sys/epoll.h>
#include <unistd.h>

#include "wire/compress.h"

namespace strata::app {
namespace {

using SteadyClock = std::chrono::steady_clock;

class Load {
 public:
  Load(const LoadOptions& options, BodyPool& bodies) : options_(options), bodies_(bodies) {}
  Load(const Load&) = delete;
  Load& operator=(const Load&) = delete;
  ~Load() {
    if (epoll_ >= 0) ::close(epoll_);
  }

  Status Connect(const ConnectFunction& connect) {
    epoll_ = ::epoll_create1(EPOLL_CLOEXEC);
    if (epoll_ < 0) return Error{Code::kIo, "epoll: " + std::generic_category().message(errno)};
    for (std::size_t i = 0; i < options_.connections; ++i) {
      ASSIGN_OR_RETURN(auto connection, connect());
      clients_.push_back({.connection = std::move(connection)});
      epoll_event event{};
      event.events = EPOLLIN;
      event.data.u64 = i;
      ::epoll_ctl(epoll_, EPOLL_CTL_ADD, clients_[i].connection->socket(), &event);
    }
    return Done{};
  }

  Result<LoadOutcome> Run() {
    const auto began = SteadyClock::now();
    stop_at_ = began + options_.duration;
    for (std::size_t i = 0; i < clients_.size(); ++i) RETURN_IF_ERROR(SendNext(i, began));
    while (in_flight_ > 0) {
      std::array<epoll_event, 64> events;
      const int count = ::epoll_wait(epoll_, events.data(), events.size(), kStallMillis);
      if (count == 0) {
        return Error{Code::kTimeout,
                     std::to_string(in_flight_) + " requests got no answer within 60s"};
      }
      for (int i = 0; i < count; ++i)
        RETURN_IF_ERROR(OnReady(events[static_cast<std::size_t>(i)].data.u64));
    }
    outcome_.seconds = std::chrono::duration<double>(last_answer_ - began).count();
    return std::move(outcome_);
  }

 private:
  static constexpr int kStallMillis = 60'000;

  struct Client {
    std::unique_ptr<BenchConnection> connection;
    std::size_t body = 0;
    Buffer packed;  // the body, compressed
    SteadyClock::time_point sent = {};
    bool watches_write = false;
  };

  bool Finished(SteadyClock::time_point now) const {
    return options_.requests > 0 ? begun_ >= options_.requests : now >= stop_at_;
  }

  Status SendNext(std::size_t index, SteadyClock::time_point now) {
    if (Finished(now)) return Done{};
    Client& client = clients_[index];
    client.body = bodies_.Borrow();
    ++begun_;
    ++in_flight_;
    std::string_view bytes = bodies_.body(client.body);
    if (options_.compression != wire::ContentCoding::kIdentity) {
      client.packed = wire::Compress(options_.compression, AsBytes(bytes));
      bytes = AsText(client.packed);
    }
    client.sent = SteadyClock::now();
    RETURN_IF_ERROR(client.connection->Send(bytes));
    WatchWrite(index);
    return Done{};
  }

  Status OnReady(std::size_t index) {
    Client& client = clients_[index];
    auto answer = client.connection->OnReady();
    if (!answer) return std::move(answer).error();
    WatchWrite(index);
    if (!answer->complete) return Done{};
    const auto now = SteadyClock::now();
    last_answer_ = now;
    --in_flight_;
    if (answer->success) {
      ++outcome_.answered;
      outcome_.answered_bytes += bodies_.body(client.body).size();
      outcome_.latencies.Add((now - client.sent).count());
    } else {
      ++outcome_.refused[answer->status];
    }
    bodies_.GiveBack(client.body);
    return SendNext(index, now);
  }

  void WatchWrite(std::size_t index) {
    Client& client = clients_[index];
    const bool wants = client.connection->WantsWrite();
    if (wants == client.watches_write) return;
    client.watches_write = wants;
    epoll_event event{};
    event.events = EPOLLIN | (wants ? EPOLLOUT : 0U);
    event.data.u64 = index;
    ::epoll_ctl(epoll_, EPOLL_CTL_MOD, client.connection->socket(), &event);
  }

  const LoadOptions& options_;
  BodyPool& bodies_;
  int epoll_ = -1;
  std::vector<Client> clients_;
  SteadyClock::time_point stop_at_;
  SteadyClock::time_point last_answer_;
  std::uint64_t begun_ = 0;
  std::uint64_t in_flight_ = 0;
  LoadOutcome outcome_;
};

}  // namespace

Result<LoadOutcome> RunLoad(const LoadOptions& options, BodyPool& bodies,
                            const ConnectFunction& connect) {
  Load load(options, bodies);
  RETURN_IF_ERROR(load.Connect(connect));
  return load.Run();
}

}  // namespace strata::app
