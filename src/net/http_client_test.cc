#include "net/http_client.h"

#include <functional>
#include <thread>

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

namespace strata::net {
namespace {

// A server that hands each accepted socket to `serve` and closes it after.
class ScriptedServer {
 public:
  ScriptedServer(int connections, std::function<void(int)> serve) {
    listener_ = socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    EXPECT_EQ(bind(listener_, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
    EXPECT_EQ(listen(listener_, 8), 0);
    socklen_t length = sizeof address;
    getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &length);
    port_ = ntohs(address.sin_port);
    thread_ = std::jthread([this, connections, serve = std::move(serve)] {
      for (int i = 0; i < connections; ++i) {
        const int peer = accept(listener_, nullptr, nullptr);
        if (peer < 0) return;
        serve(peer);
        close(peer);
      }
    });
  }
  ~ScriptedServer() {
    shutdown(listener_, SHUT_RDWR);
    thread_.join();
    close(listener_);
  }
  ScriptedServer(const ScriptedServer&) = delete;
  ScriptedServer& operator=(const ScriptedServer&) = delete;

  HttpUrl Url() const { return {.host = "127.0.0.1", .port = port_}; }

 private:
  int listener_ = -1;
  std::uint16_t port_ = 0;
  std::jthread thread_;
};

// Reads until the end of a request whose body has `body_bytes`.
std::string ReadRequest(int peer, std::size_t body_bytes) {
  std::string text;
  for (;;) {
    const std::size_t end = text.find("\r\n\r\n");
    if (end != std::string::npos && text.size() >= end + 4 + body_bytes) return text;
    char buffer[4096];
    const ssize_t n = read(peer, buffer, sizeof buffer);
    if (n <= 0) return text;
    text.append(buffer, static_cast<std::size_t>(n));
  }
}

void WriteText(int peer, std::string_view text) {
  // A client that gave up is part of some tests.
  [[maybe_unused]] const ssize_t n = send(peer, text.data(), text.size(), MSG_NOSIGNAL);
}

constexpr std::string_view kOk = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nX-Kind: a\r\n\r\nok";

TEST(HttpUrl, Parses) {
  const auto url = ParseHttpUrl("http://[::1]:8090/base/");
  ASSERT_TRUE(url);
  EXPECT_EQ(url->host, "::1");
  EXPECT_EQ(url->port, 8090);
  EXPECT_EQ(url->path, "/base");
  EXPECT_EQ(ParseHttpUrl("http://localhost")->port, 80);
  EXPECT_EQ(ParseHttpUrl("http://localhost:4318/")->path, "");
}

TEST(HttpUrl, RefusesWhatItCannotReach) {
  for (const char* text :
       {"", "localhost:8090", "https://x", "http://", "http://:80", "http://a:b", "http://a:70000",
        "http://[::1", "http://[::1]8", "http://u@h", "http://a/b?c=d"}) {
    const auto url = ParseHttpUrl(text);
    ASSERT_FALSE(url) << text;
    EXPECT_EQ(url.error().code, Code::kInvalidInput) << text;
  }
}

TEST(HttpClient, KeepsTheConnectionAndSendsBodies) {
  std::string second;
  ScriptedServer server(1, [&](int peer) {
    ReadRequest(peer, 0);
    WriteText(peer, kOk);
    second = ReadRequest(peer, 5);
    WriteText(peer, "HTTP/1.1 503 Busy\r\nRetry-After: 1\r\nContent-Length: 0\r\n\r\n");
  });
  HttpClient client(server.Url());
  const auto first = client.Send({});
  ASSERT_TRUE(first) << first.error().message;
  EXPECT_EQ(first->status, 200);
  EXPECT_EQ(first->body, "ok");
  EXPECT_EQ(first->Header("x-kind"), "a");
  EXPECT_EQ(first->Header("x-none"), "");
  const auto busy = client.Send({.method = "POST",
                                 .target = "/v1/logs",
                                 .headers = {{"Content-Type", "application/json"}},
                                 .body = AsBytes("hello")});
  ASSERT_TRUE(busy) << busy.error().message;
  EXPECT_EQ(busy->status, 503);
  EXPECT_EQ(busy->Header("Retry-After"), "1");
  EXPECT_NE(second.find("POST /v1/logs HTTP/1.1\r\n"), std::string::npos) << second;
  EXPECT_NE(second.find("Content-Type: application/json\r\n"), std::string::npos) << second;
  EXPECT_NE(second.find("Content-Length: 5\r\n"), std::string::npos) << second;
  EXPECT_TRUE(second.ends_with("\r\n\r\nhello")) << second;
}

TEST(HttpClient, ConnectsAgainWhenTheServerHungUp) {
  ScriptedServer server(2, [&](int peer) {
    ReadRequest(peer, 0);
    WriteText(peer, "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok");
  });
  HttpClient client(server.Url());
  for (int i = 0; i < 2; ++i) {
    const auto response = client.Send({});
    ASSERT_TRUE(response) << response.error().message;
    EXPECT_EQ(response->body, "ok");
  }
}

TEST(HttpClient, NothingListening) {
  HttpUrl url;
  {
    ScriptedServer server(0, [](int) {});
    url = server.Url();
  }
  const auto response = HttpClient(url).Send({});
  ASSERT_FALSE(response);
  EXPECT_EQ(response.error().code, Code::kUnavailable);
  EXPECT_NE(response.error().message.find("Connection refused"), std::string::npos)
      << response.error().message;
}

TEST(HttpClient, SilentServerRunsIntoTheTimeout) {
  ScriptedServer server(1, [](int peer) {
    ReadRequest(peer, 0);
    ReadRequest(peer, 1);  // until the client hangs up
  });
  const auto response =
      HttpClient(server.Url(), {.timeout = std::chrono::milliseconds(50)}).Send({});
  ASSERT_FALSE(response);
  EXPECT_EQ(response.error().code, Code::kTimeout) << response.error().message;
}

TEST(HttpClient, LongAnswerIsRefused) {
  ScriptedServer server(1, [](int peer) {
    ReadRequest(peer, 0);
    WriteText(peer, "HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n");
    ReadRequest(peer, 1);
  });
  const auto response = HttpClient(server.Url(), {.response_bytes_max = 1000}).Send({});
  ASSERT_FALSE(response);
  EXPECT_EQ(response.error().code, Code::kTooLarge) << response.error().message;
}

TEST(HttpClient, HalfAnAnswerIsNoAnswer) {
  ScriptedServer server(1, [](int peer) {
    ReadRequest(peer, 0);
    WriteText(peer, "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf");
  });
  const auto response = HttpClient(server.Url()).Send({});
  ASSERT_FALSE(response);
  EXPECT_EQ(response.error().code, Code::kUnavailable) << response.error().message;
}

TEST(HttpClient, NotHttp) {
  ScriptedServer server(1, [](int peer) {
    ReadRequest(peer, 0);
    WriteText(peer, "SSH-2.0-OpenSSH_9.2\r\n\r\n");
  });
  const auto response = HttpClient(server.Url()).Send({});
  ASSERT_FALSE(response);
  EXPECT_EQ(response.error().code, Code::kCorrupt) << response.error().message;
}

}  // namespace
}  // namespace strata::net
