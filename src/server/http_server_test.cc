#include "server/http_server.h"

#include <future>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include "server/router.h"
#include "server/socket_client_for_test.h"

namespace strata::server {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using namespace std::string_literals;

// A server with one handler; options and ledger as the test wants them.
class Served {
 public:
  explicit Served(LambdaHandler::Function function, HttpOptions options = {},
                  std::uint64_t ledger_bytes = 64_MiB)
      : ledger(ledger_bytes), handler(std::move(function)), server(options, ledger, registry) {
    auto bound = server.Listen({.host = "127.0.0.1", .port = 0}, "test", handler);
    EXPECT_TRUE(bound);
    port = bound->port;
    server.Start();
  }

  std::string Metric(const std::string& series) const {
    const std::string page = registry.Render("").text;
    const std::size_t at = page.find("\n" + series + " ");
    if (at == std::string::npos) return {};
    const std::size_t begin = at + series.size() + 2;
    return page.substr(begin, page.find('\n', begin) - begin);
  }
  std::string Refused(const std::string& reason) const {
    return Metric("strata_server_refused_total{listener=\"test\",reason=\"" + reason + "\"}");
  }

  // The ledger is released just after the client has its answer.
  void WaitUntilLedgerIsEmpty() const {
    while (ledger.used_bytes() != 0) std::this_thread::yield();
  }

  Ledger ledger;
  model::Registry registry;
  LambdaHandler handler;
  HttpServer server;
  std::uint16_t port = 0;
};

// Answers with verb, path, query and body.
void Echo(Request&& request, Reply reply) {
  reply(TextResponse(std::string(request.verb) + " " + std::string(request.path) + "?" +
                     std::string(request.query) + " " + std::string(AsText(request.body))));
}

TEST(HttpServer, AnswersAndKeepsTheConnection) {
  Served served(Echo);
  SocketClient client(served.port);
  for (int i = 0; i < 3; ++i) {
    const auto answer = client.Ask(Post("/a/b?x=1", "hello"));
    EXPECT_EQ(answer.status, 200);
    EXPECT_EQ(answer.body, "POST /a/b?x=1 hello");
    EXPECT_EQ(answer.Field("connection"), "");
  }
  EXPECT_EQ(client.Ask("GET / HTTP/1.1\r\nhost: test\r\n\r\n").body, "GET /? ");
  EXPECT_EQ(served.Metric("strata_server_requests_total{listener=\"test\",outcome=\"success\"}"),
            "4");
  EXPECT_EQ(served.Metric("strata_server_received_bytes_total{listener=\"test\"}"), "15");
}

TEST(HttpServer, HandsOverHeadersAndParameters) {
  Served served([](Request&& request, Reply reply) {
    reply(TextResponse(std::string(request.headers->Get("X-Scope-OrgID")) + "|" +
                       std::string(request.headers->Get("missing")) + "|" +
                       request.QueryParameter("format").value_or("none") + "|" +
                       request.QueryParameter("a b").value_or("none")));
  });
  SocketClient client(served.port);
  EXPECT_EQ(
      client
          .Ask(
              "GET /?format=j%73on&a+b=1%2 HTTP/1.1\r\nhost: test\r\nx-scope-orgid:  prod \r\n\r\n")
          .body,
      "prod||json|1%2");
  EXPECT_EQ(client.Ask("GET /?formats=x&&format HTTP/1.1\r\nhost: test\r\n\r\n").body, "|||none");
}

TEST(HttpServer, PipelinedRequestsAreAnsweredInOrder) {
  Served served(Echo);
  SocketClient client(served.port);
  std::string requests;
  for (int i = 0; i < 50; ++i) requests += Post("/" + std::to_string(i), std::string(3000, 'x'));
  client.Send(requests);
  for (int i = 0; i < 50; ++i) {
    EXPECT_TRUE(client.ReadAnswer().body.starts_with("POST /" + std::to_string(i) + "? xxx"));
  }
}

TEST(HttpServer, LargeBodiesArriveWhole) {
  Served served([](Request&& request, Reply reply) {
    reply(TextResponse(std::string(AsText(request.body))));
  });
  SocketClient client(served.port);
  std::string body(3'000'000, '\0');
  for (std::size_t i = 0; i < body.size(); ++i) body[i] = static_cast<char>(i * 2654435761U >> 13);
  EXPECT_EQ(client.Ask(Post("/", body)).body, body);
  // The same in chunks of changing sizes, without a length.
  std::string chunked = "POST / HTTP/1.1\r\nhost: test\r\ntransfer-encoding: chunked\r\n\r\n";
  for (std::size_t at = 0, step = 1; at < body.size(); at += step, step = step * 2 % 99'991 + 1) {
    const std::string part = body.substr(at, step);
    char size[20];
    std::snprintf(size, sizeof size, "%zx\r\n", part.size());
    chunked += size + part + "\r\n";
  }
  EXPECT_EQ(client.Ask(chunked + "0\r\n\r\n").body, body);
  served.WaitUntilLedgerIsEmpty();
}

TEST(HttpServer, EveryCutOfARequestIsReadTheSame) {
  Served served(Echo);
  const std::string plain = Post("/p", "hello", "x: y\r\n");
  const std::string chunked =
      "POST /c HTTP/1.1\r\nhost: test\r\nTransfer-Encoding: chunked\r\n\r\n"
      "2;ext=1\r\nhe\r\n3\r\nllo\r\n0\r\ntrailer: t\r\n\r\n";
  for (const std::string& request : {plain, chunked}) {
    SocketClient client(served.port);
    for (std::size_t cut = 1; cut < request.size(); ++cut) {
      client.Send(request.substr(0, cut));
      client.Send(request.substr(cut));
      EXPECT_TRUE(client.ReadAnswer().body.ends_with(" hello")) << cut;
    }
  }
}

struct BadRequest {
  const char* name;
  std::string bytes;
  int want;
  const char* reason;  // of strata_server_refused_total
};

TEST(HttpServer, RefusesWhatItCannotServe) {
  HttpOptions options;
  options.limits.body_bytes_max = 1000;
  Served served(Echo, options);
  std::string many_fields = "GET / HTTP/1.1\r\nhost: test\r\n";
  for (int i = 0; i < 300; ++i) many_fields += "f" + std::to_string(i) + ": x\r\n";
  const std::string post = "POST / HTTP/1.1\r\nhost: test\r\n";
  const BadRequest cases[] = {
      {"no HTTP", "\x16\x03\x01garbage\r\n\r\n", 400, "malformed"},
      {"version", "GET / HTTP/3.0\r\n\r\n", 505, "malformed"},
      {"field without colon", "GET / HTTP/1.1\r\nhost: test\r\nbroken\r\n\r\n", 400, "malformed"},
      {"one long field", "GET / HTTP/1.1\r\nhost: test\r\nx: " + std::string(70'000, 'x'), 431,
       "too_large"},
      {"many lines",
       "GET / HTTP/1.1\r\nhost: test\r\n" +
           [] {
             std::string lines;
             for (int i = 0; i < 100; ++i) lines += "x: " + std::string(1000, 'x') + "\r\n";
             return lines;
           }(),
       431, "too_large"},
      {"many fields", many_fields + "\r\n", 431, "too_large"},
      {"length over the limit", post + "content-length: 1001\r\n\r\n", 413, "too_large"},
      {"length that overflows", post + "content-length: 99999999999999999999\r\n\r\n", 400,
       "malformed"},
      {"negative length", post + "content-length: -1\r\n\r\n", 400, "malformed"},
      {"the same length twice", post + "content-length: 1\r\ncontent-length: 1\r\n\r\n", 400,
       "malformed"},
      {"a list of lengths", post + "content-length: 1, 1\r\n\r\n", 400, "malformed"},
      {"no host", "GET / HTTP/1.1\r\n\r\n", 400, "malformed"},
      {"two hosts", post + "host: test\r\n\r\n", 400, "malformed"},
      {"two namespaces", post + "x-scope-orgid: a\r\nX-Scope-OrgID: b\r\n\r\n", 400, "malformed"},
      {"a folded field", post + "x: y\r\n content-length: 1\r\n\r\n", 400, "malformed"},
      {"a field folded by a tab", post + "x: y\r\n\tz\r\n\r\n", 400, "malformed"},
      {"chunks in HTTP/1.0", "POST / HTTP/1.0\r\ntransfer-encoding: chunked\r\n\r\n", 400,
       "malformed"},
      {"two lengths", post + "content-length: 1\r\ncontent-length: 2\r\n\r\n", 400, "malformed"},
      {"length and chunks", post + "content-length: 1\r\ntransfer-encoding: chunked\r\n\r\n", 400,
       "malformed"},
      {"unknown transfer coding", post + "transfer-encoding: gzip, chunked\r\n\r\n", 501,
       "malformed"},
      {"expectation", post + "expect: a-miracle\r\n\r\n", 417, "malformed"},
      {"chunk over the limit", post + "transfer-encoding: chunked\r\n\r\n3e9\r\n", 413,
       "too_large"},
      {"chunks over the limit",
       post + "transfer-encoding: chunked\r\n\r\n3e8\r\n" + std::string(1000, 'x') + "\r\n1\r\n",
       413, "too_large"},
      {"chunk of 2^64", post + "transfer-encoding: chunked\r\n\r\n10000000000000000\r\n", 400,
       "malformed"},
      {"chunk that is none", post + "transfer-encoding: chunked\r\n\r\nxyz\r\n", 400, "malformed"},
      {"chunk header without end",
       post + "transfer-encoding: chunked\r\n\r\n1;" + std::string(200'000, 'x'), 400, "malformed"},
  };
  for (const auto& [name, bytes, want, reason] : cases) {
    SCOPED_TRACE(name);
    const std::string before = served.Refused(reason);
    SocketClient client(served.port);
    client.Send(bytes);
    const auto answer = client.ReadAnswer();
    EXPECT_EQ(answer.status, want);
    EXPECT_EQ(answer.Field("connection"), "close");
    EXPECT_NE(answer.body.find("message"), std::string::npos);
    EXPECT_NE(served.Refused(reason), before);
    // The next good request works.
    EXPECT_EQ(SocketClient(served.port).Ask(Post("/", "x")).status, 200);
  }
  served.WaitUntilLedgerIsEmpty();
}

TEST(HttpServer, ErrorsOfOtlpPathsAreRpcStatus) {
  HttpOptions options;
  options.limits.body_bytes_max = 10;
  Served served(Echo, options);
  const std::string big(11, 'x');
  const auto protobuf = SocketClient(served.port)
                            .Ask(Post("/v1/logs", big, "content-type: application/x-protobuf\r\n"));
  EXPECT_EQ(protobuf.status, 413);
  EXPECT_EQ(protobuf.Field("content-type"), "application/x-protobuf");
  const auto json =
      SocketClient(served.port).Ask(Post("/v1/logs", big, "content-type: application/json\r\n"));
  EXPECT_EQ(json.Field("content-type"), "application/json");
  EXPECT_EQ(json.body, R"({"code":8,"message":"the body is too large"})");
  EXPECT_EQ(SocketClient(served.port).Ask(Post("/api/v1/sql", big)).body,
            "{\"error\":{\"code\":\"too_large\",\"message\":\"the body is too large\","
            "\"hint\":\"\"}}\n");
}

TEST(HttpServer, TruncatedRequestsAreToldSo) {
  Served served(Echo);
  for (const std::string& request :
       {"POST / HTTP/1.1\r\nhost: test\r\ncontent-length: 10\r\n\r\nhalf"s,
        "POST / HTTP/1.1\r\nhost: test\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhe"s,
        "POST / HT"s}) {
    SocketClient client(served.port);
    client.Send(request);
    client.CloseSending();
    EXPECT_EQ(client.ReadAnswer().status, 400);
    EXPECT_TRUE(client.AtEnd());
  }
  served.WaitUntilLedgerIsEmpty();
}

TEST(HttpServer, SlowRequestsAreCut) {
  HttpOptions options;
  options.header_time = milliseconds(60);
  options.body_progress_time = milliseconds(60);
  options.idle_time = milliseconds(60);
  Served served(Echo, options);
  for (const std::string& request :
       {"POST / HTTP/1.1\r\nhost: test\r\nx-first: "s,
        "POST / HTTP/1.1\r\nhost: test\r\ncontent-length: 10\r\n\r\nhalf"s,
        "POST / HTTP/1.1\r\nhost: test\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhe"s}) {
    SocketClient client(served.port);
    client.Send(request);
    EXPECT_EQ(client.ReadAnswer().status, 408);
  }
  EXPECT_EQ(served.Refused("slow"), "3");
  EXPECT_TRUE(SocketClient(served.port).AtEnd());  // an idle connection is closed without a word
}

// One byte now and then is progress, but too little of it.
TEST(HttpServer, ADrippingBodyIsCut) {
  HttpOptions options;
  options.body_progress_time = milliseconds(100);
  options.body_progress_bytes = 1_GiB;  // more than any drip brings
  Served served(Echo, options);
  SocketClient client(served.port);
  client.Send("POST / HTTP/1.1\r\nhost: test\r\ncontent-length: 10000000\r\n\r\n");
  std::jthread drip([&client](const std::stop_token& stop) {
    while (!stop.stop_requested() && client.Send("x")) std::this_thread::yield();
  });
  EXPECT_EQ(client.ReadAnswer().status, 408);
}

TEST(HttpServer, ExpectContinueIsAnswered) {
  Served served(Echo);
  SocketClient client(served.port);
  client.Send("POST / HTTP/1.1\r\nhost: test\r\ncontent-length: 2\r\nexpect: 100-continue\r\n\r\n");
  EXPECT_EQ(client.ReadAnswer().status, 100);
  client.Send("ok");
  EXPECT_EQ(client.ReadAnswer().body, "POST /? ok");
}

TEST(HttpServer, OldAndClosingClientsGetTheirEnd) {
  Served served(Echo);
  SocketClient old(served.port);
  EXPECT_EQ(old.Ask("GET /old HTTP/1.0\r\n\r\n").head.substr(0, 12), "HTTP/1.0 200");
  EXPECT_TRUE(old.AtEnd());
  SocketClient closing(served.port);
  EXPECT_EQ(
      closing.Ask("GET / HTTP/1.1\r\nhost: test\r\nconnection: close\r\n\r\n").Field("connection"),
      "close");
  EXPECT_TRUE(closing.AtEnd());
  SocketClient head(served.port);
  head.Send("HEAD /h HTTP/1.1\r\nhost: test\r\n\r\n");
  EXPECT_EQ(head.ReadAnswer(false).Field("content-length"), "9");
  EXPECT_EQ(head.Ask("GET /g HTTP/1.1\r\nhost: test\r\n\r\n").body, "GET /g? ");
}

TEST(HttpServer, HeaderValuesCannotStartHeaders) {
  Served served([](Request&&, Reply reply) {
    Response response = TextResponse("x");
    response.headers.emplace_back("strata-note", "a\r\nset-cookie: b");
    reply(std::move(response));
  });
  const auto answer = SocketClient(served.port).Ask("GET / HTTP/1.1\r\nhost: test\r\n\r\n");
  EXPECT_EQ(answer.Field("strata-note"), "a  set-cookie: b");
}

}  // namespace
}  // namespace strata::server
