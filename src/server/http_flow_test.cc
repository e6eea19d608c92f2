// Admission, answers from other threads, cancellation and stopping of the HTTP transport.
#include <future>
#include <latch>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include "base/mutex.h"
#include "server/http_server.h"
#include "server/socket_client_for_test.h"

namespace strata::server {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

// Keeps every Reply until the test gives it, from the test's thread.
class HoldingHandler final : public Handler {
 public:
  void Handle(Request&& request, Reply reply) override {
    const MutexLock lock(mutex_);
    bodies_.emplace_back(AsText(request.body));
    replies_.push_back(std::move(reply));
    arrived_.notify_all();
  }
  void WaitFor(std::size_t count) {
    mutex_.lock();
    arrived_.wait(mutex_, [&] { return replies_.size() >= count; });
    mutex_.unlock();
  }
  std::vector<Reply> Take() {
    const MutexLock lock(mutex_);
    return std::exchange(replies_, {});
  }

 private:
  Mutex mutex_;
  ConditionVariable arrived_;
  std::vector<Reply> replies_;
  std::vector<std::string> bodies_;
};

struct Held {
  explicit Held(HttpOptions options = {}, std::uint64_t ledger_bytes = 64_MiB)
      : ledger(ledger_bytes), server(std::make_unique<HttpServer>(options, ledger, registry)) {
    port = server->Listen({.host = "127.0.0.1", .port = 0}, "test", handler)->port;
    server->Start();
  }
  HoldingHandler handler;
  Ledger ledger;
  model::Registry registry;
  std::unique_ptr<HttpServer> server;
  std::uint16_t port = 0;
};

TEST(HttpFlow, AnswersMayComeFromAnyThread) {
  Held held;
  constexpr std::size_t kClients = 60;
  std::vector<std::unique_ptr<SocketClient>> clients;
  for (int round = 0; round < 20; ++round) {
    for (std::size_t i = 0; i < kClients; ++i) {
      if (round == 0) clients.push_back(std::make_unique<SocketClient>(held.port));
      clients[i]->Send(Post("/", "x"));
    }
    held.handler.WaitFor(kClients);
    for (Reply& reply : held.handler.Take()) reply(TextResponse("settled"));
    for (auto& client : clients) EXPECT_EQ(client->ReadAnswer().body, "settled");
  }
}

TEST(HttpFlow, ADroppedReplyIsAnAnswer) {
  Held held;
  SocketClient client(held.port);
  client.Send(Post("/", "x"));
  held.handler.WaitFor(1);
  held.handler.Take().clear();
  const auto answer = client.ReadAnswer();
  EXPECT_EQ(answer.status, 503);
  EXPECT_EQ(answer.Field("retry-after"), "1");
}

TEST(HttpFlow, TheLedgerRefusesBeforeTheBodyIsRead) {
  Held held({}, 1000);
  SocketClient first(held.port);
  first.Send(Post("/", std::string(900, 'x')));
  held.handler.WaitFor(1);
  EXPECT_EQ(held.ledger.used_bytes(), 900U);
  SocketClient second(held.port);
  second.Send(
      "POST / HTTP/1.1\r\nhost: test\r\ncontent-length: 101\r\n\r\n");  // not one byte of the body
  const auto refused = second.ReadAnswer();
  EXPECT_EQ(refused.status, 503);
  EXPECT_EQ(refused.Field("retry-after"), "1");
  SocketClient chunked(held.port);
  chunked.Send("POST / HTTP/1.1\r\nhost: test\r\ntransfer-encoding: chunked\r\n\r\n65\r\n" +
               std::string(101, 'x'));
  EXPECT_EQ(chunked.ReadAnswer().status, 503);
  for (Reply& reply : held.handler.Take()) reply(TextResponse("ok"));
  EXPECT_EQ(first.ReadAnswer().status, 200);
  // Released once the answer was sent: the connection's next request is after that.
  first.Send(Post("/", std::string(1000, 'x')));
  held.handler.WaitFor(1);
  held.handler.Take();
  EXPECT_EQ(first.ReadAnswer().status, 503);  // dropped, not refused
}

TEST(HttpFlow, BodiesThatAreOnlyAnnouncedHoldNothingUp) {
  Held held({}, 1_MiB);
  std::vector<std::unique_ptr<SocketClient>> idle;
  for (int i = 0; i < 30; ++i) {
    idle.push_back(std::make_unique<SocketClient>(held.port));
    idle.back()->Send("POST / HTTP/1.1\r\nhost: test\r\ncontent-length: 900000\r\n\r\nx");
  }
  SocketClient client(held.port);
  client.Send(Post("/", std::string(300'000, 'x')));
  held.handler.WaitFor(1);
  for (Reply& reply : held.handler.Take()) reply(TextResponse("ok"));
  EXPECT_EQ(client.ReadAnswer().status, 200);
}

TEST(HttpFlow, ConnectionsAreCapped) {
  HttpOptions options;
  options.connections_max = 2;
  Held held(options);
  SocketClient first(held.port);
  SocketClient second(held.port);
  first.Send(Post("/", "x"));
  second.Send(Post("/", "x"));
  held.handler.WaitFor(2);
  SocketClient third(held.port);
  EXPECT_EQ(third.ReadAnswer().status, 503);
  EXPECT_TRUE(third.AtEnd());
}

TEST(HttpFlow, AReloadReachesConnectionsThatAreOpen) {
  HttpOptions options;
  Held held(options);
  SocketClient client(held.port);
  const auto answers = [&](const std::string& body) {
    client.Send(Post("/", body));
    held.handler.WaitFor(1);
    held.handler.Take()[0](Response{});
    return client.ReadAnswer().status;
  };
  EXPECT_EQ(answers("four"), 200);
  options.limits.body_bytes_max = 3;
  options.connections_max = 1;
  held.server->Configure(options);
  EXPECT_EQ(answers("two"), 200);
  SocketClient second(held.port);
  EXPECT_EQ(second.ReadAnswer().status, 503);
  client.Send(Post("/", "four"));
  EXPECT_EQ(client.ReadAnswer().status, 413);
}

TEST(HttpFlow, AClientThatLeavesCancels) {
  HttpOptions options;
  options.idle_time = milliseconds(100);  // sweeps are a quarter of the shortest time apart
  Held held(options);
  SocketClient client(held.port);
  client.Send(Post("/", "x"));
  held.handler.WaitFor(1);
  auto replies = held.handler.Take();
  std::latch cancelled(1);
  const std::stop_callback on_cancel(replies[0].Cancelled(), [&] { cancelled.count_down(); });
  client.Close();
  cancelled.wait();
}

TEST(HttpFlow, StopLetsRequestsInFlightFinish) {
  Held held;
  SocketClient busy(held.port);
  busy.Send(Post("/", "x"));
  SocketClient idle(held.port);
  SocketClient reading(held.port);
  reading.Send("POST / HTTP/1.1\r\nhost: test\r\ncontent-length: 10\r\n\r\nhalf");
  held.handler.WaitFor(1);
  while (held.ledger.used_bytes() != 11) std::this_thread::yield();  // both headers are read
  auto stopped = std::async(std::launch::async, [&] { held.server->Stop(seconds(20)); });
  EXPECT_TRUE(idle.AtEnd());
  EXPECT_EQ(reading.ReadAnswer().status, 503);
  EXPECT_EQ(stopped.wait_for(milliseconds(0)), std::future_status::timeout);
  for (Reply& reply : held.handler.Take()) reply(TextResponse("finished"));
  const auto answer = busy.ReadAnswer();
  EXPECT_EQ(answer.body, "finished");
  EXPECT_EQ(answer.Field("connection"), "close");
  busy.Close();
  reading.Close();
  stopped.get();
  EXPECT_FALSE(SocketClient(held.port).connected());
}

TEST(HttpFlow, StopEndsWhenItsGraceIsOver) {
  Held held;
  SocketClient client(held.port);
  client.Send(Post("/", "x"));
  held.handler.WaitFor(1);
  auto replies = held.handler.Take();
  const std::stop_token token = replies[0].Cancelled();
  held.server->Stop(milliseconds(1));
  EXPECT_TRUE(token.stop_requested());
  EXPECT_TRUE(client.AtEnd());
  EXPECT_EQ(held.ledger.used_bytes(), 0U);
  held.server.reset();
  replies[0](TextResponse("too late"));  // goes nowhere, harms nothing
}

TEST(HttpFlow, APortInUseIsAnError) {
  Held held;
  LambdaHandler handler([](Request&&, Reply) {});
  model::Registry registry;
  HttpServer second({}, held.ledger, registry);
  const auto bound = second.Listen({.host = "127.0.0.1", .port = held.port}, "second", handler);
  ASSERT_FALSE(bound);
  EXPECT_EQ(bound.error().code, Code::kConflict);
  EXPECT_NE(bound.error().message.find("127.0.0.1:" + std::to_string(held.port)),
            std::string::npos);
  HttpServer third({}, held.ledger, registry);
  EXPECT_FALSE(third.Listen({.host = "no.such.host.invalid", .port = 0}, "third", handler));
}

TEST(Address, ParsesAndPrints) {
  EXPECT_EQ(Address::Parse("127.0.0.1:4318")->ToString(), "127.0.0.1:4318");
  EXPECT_EQ(Address::Parse("localhost:0")->port, 0);
  EXPECT_EQ(Address::Parse("[::1]:80")->host, "::1");
  EXPECT_EQ(Address::Parse("[::1]:80")->ToString(), "[::1]:80");
  for (const char* text : {"", "4318", "localhost", "localhost:", "localhost:x", "a:65536",
                           "::1:80", ":80", "a:80 "}) {
    EXPECT_FALSE(Address::Parse(text)) << text;
  }
}

}  // namespace
}  // namespace strata::server
