#include "net/http_client.h"

#include <gtest/gtest.h>

#include "net/scripted_server.h"

namespace strata::net {
namespace {

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
  EXPECT_EQ(response.error().code, Code::kTimeout);
  EXPECT_NE(response.error().message.find("not within 50ms"), std::string::npos)
      << response.error().message;
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
