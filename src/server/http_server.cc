#include "server/http_server.h"

#include <algorithm>
#include <atomic>
#include <utility>

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>

#include "base/check.h"
#include "server/grpc_connection.h"
#include "server/http_connection.h"
#include "server/io_thread.h"
#include "server/listener.h"

namespace strata::server {

namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;

constexpr std::chrono::milliseconds kAcceptPause{100};  // when descriptors are out
constexpr int kBacklog = 1024;

Error CannotListen(const Address& address, const error_code& error) {
  const Code code = error == asio::error::address_in_use ? Code::kConflict : Code::kIo;
  return {code, "listen on " + address.ToString() + ": " + error.message()};
}

// Deadlines are met within a quarter of the shortest of them.
std::chrono::milliseconds SweepInterval(const HttpOptions& options) {
  const auto shortest = std::min(
      {options.header_time, options.body_progress_time, options.idle_time, options.write_time});
  return std::clamp(shortest / 4, std::chrono::milliseconds(5), std::chrono::milliseconds(250));
}

// One open port. Lives on the first io thread.
class Acceptor : public std::enable_shared_from_this<Acceptor> {
 public:
  Acceptor(std::vector<std::shared_ptr<IoThread>>& threads, std::shared_ptr<Listener> listener,
           Protocol protocol)
      : threads_(threads),
        listener_(std::move(listener)),
        protocol_(protocol),
        acceptor_(threads.front()->context()),
        pause_(threads.front()->context()) {}

  Result<Address> Open(const Address& address) {
    error_code error;
    tcp::resolver resolver(acceptor_.get_executor());
    const auto found =
        resolver.resolve(address.host, std::to_string(address.port), tcp::resolver::passive, error);
    if (error || found.empty()) return CannotListen(address, error);
    const tcp::endpoint endpoint = found.begin()->endpoint();
    acceptor_.open(endpoint.protocol(), error);
    if (!error) acceptor_.set_option(asio::socket_base::reuse_address(true), error);
    if (!error) acceptor_.bind(endpoint, error);
    if (!error) acceptor_.listen(kBacklog, error);
    const tcp::endpoint bound = error ? endpoint : acceptor_.local_endpoint(error);
    if (error) return CannotListen(address, error);
    return Address{.host = address.host, .port = bound.port()};
  }

  // On the first io thread from here on.
  void Accept() {
    const auto least = std::ranges::min_element(
        threads_, {}, [](const auto& thread) { return thread->connection_count(); });
    acceptor_.async_accept((*least)->context(), [self = shared_from_this(), thread = *least](
                                                    const error_code& error, tcp::socket socket) {
      self->OnAccept(thread, error, std::move(socket));
    });
  }

  void Close() {
    error_code ignored;
    acceptor_.close(ignored);
    pause_.cancel();
  }

 private:
  void OnAccept(const std::shared_ptr<IoThread>& thread, const error_code& error,
                tcp::socket socket) {
    if (!acceptor_.is_open()) return;
    if (error) {
      // Out of descriptors, mostly: the next try comes after some have been closed.
      pause_.expires_after(kAcceptPause);
      pause_.async_wait([self = shared_from_this()](const error_code& cancelled) {
        if (!cancelled && self->acceptor_.is_open()) self->Accept();
      });
      return;
    }
    if (IsFull()) {
      TurnAway(socket);
    } else if (protocol_ == Protocol::kGrpc) {
      thread->PostAdopt(std::make_shared<GrpcConnection>(std::move(socket), thread, listener_));
    } else {
      thread->PostAdopt(std::make_shared<HttpConnection>(std::move(socket), thread, listener_));
    }
    Accept();
  }

  bool IsFull() const {
    const HttpOptions& options = listener_->options();
    std::size_t of_all = 0;
    for (const auto& each : threads_) of_all += each->connection_count();
    return of_all >= options.connections_of_all_max ||
           listener_->connections.load(std::memory_order_relaxed) >= options.connections_max;
  }

  void TurnAway(tcp::socket& socket) {
    listener_->metrics.refused_connections.Add();
    if (protocol_ == Protocol::kGrpc) return;  // a closed connection is UNAVAILABLE there
    static constexpr std::string_view kFull =
        "HTTP/1.1 503 Service Unavailable\r\nretry-after: 1\r\ncontent-length: 0\r\n"
        "connection: close\r\n\r\n";
    error_code ignored;
    socket.non_blocking(true, ignored);
    socket.write_some(asio::buffer(kFull), ignored);
  }

  std::vector<std::shared_ptr<IoThread>>& threads_;
  const std::shared_ptr<Listener> listener_;
  const Protocol protocol_;
  tcp::acceptor acceptor_;
  asio::steady_timer pause_;
};

}  // namespace

struct HttpServer::State {
  State(const HttpOptions& the_options, Ledger& the_ledger, model::Registry& the_registry)
      : options(the_options), ledger(the_ledger), registry(the_registry) {
    CHECK(the_options.io_threads >= 1);
    for (int i = 0; i < the_options.io_threads; ++i) {
      threads.push_back(std::make_shared<IoThread>());
    }
  }

  Live<HttpOptions> options;
  Ledger& ledger;
  model::Registry& registry;
  // Connections hold their thread: a reply that comes after the end still finds it.
  std::vector<std::shared_ptr<IoThread>> threads;
  std::vector<std::shared_ptr<Acceptor>> acceptors;
  bool started = false;
  bool stopped = false;
};

HttpServer::HttpServer(const HttpOptions& options, Ledger& ledger, model::Registry& registry)
    : state_(std::make_unique<State>(options, ledger, registry)) {}

HttpServer::~HttpServer() {
  if (state_->started && !state_->stopped) Stop(std::chrono::milliseconds(0));
}

Result<Address> HttpServer::Listen(const Address& address, const std::string& name,
                                   Handler& handler, Protocol protocol) {
  CHECK(!state_->started);
  // Made in place: it has a counter that cannot move.
  std::shared_ptr<Listener> listener(
      new Listener{.live_options = state_->options,
                   .ledger = state_->ledger,
                   .handler = handler,
                   .metrics = ListenerMetrics::Register(state_->registry, name)});
  auto acceptor = std::make_shared<Acceptor>(state_->threads, std::move(listener), protocol);
  ASSIGN_OR_RETURN(Address bound, acceptor->Open(address));
  state_->acceptors.push_back(std::move(acceptor));
  return bound;
}

void HttpServer::Start() {
  CHECK(!state_->started);
  state_->started = true;
  int number = 0;
  for (const auto& thread : state_->threads) {
    thread->Start(number++, SweepInterval(state_->options.Get()));
  }
  for (const auto& acceptor : state_->acceptors) {
    asio::post(state_->threads.front()->context(), [acceptor] { acceptor->Accept(); });
  }
}

void HttpServer::Configure(const HttpOptions& options) {
  HttpOptions next = state_->options.Get();
  next.limits.body_bytes_max = options.limits.body_bytes_max;
  next.grpc.message_bytes_max = options.grpc.message_bytes_max;
  next.connections_max = options.connections_max;
  next.connections_of_all_max = options.connections_of_all_max;
  state_->options.Set(next);
}

void HttpServer::Stop(std::chrono::milliseconds grace) {
  CHECK(state_->started);
  if (std::exchange(state_->stopped, true)) return;
  const MonotonicTime deadline = SystemClock().Monotonic() + grace;
  for (const auto& acceptor : state_->acceptors) {
    asio::post(state_->threads.front()->context(), [acceptor] { acceptor->Close(); });
  }
  for (const auto& thread : state_->threads) thread->PostStop();
  for (const auto& thread : state_->threads) thread->WaitUntilEmpty(deadline);
  for (const auto& thread : state_->threads) thread->Finish();
  state_->acceptors.clear();
}

}  // namespace strata::server
