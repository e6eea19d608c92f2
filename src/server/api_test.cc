#include "server/api.h"

#include <future>
#include <latch>
#include <set>

#include <gtest/gtest.h>
#include <simdjson.h>

#include "server/http_server.h"
#include "server/otlp_endpoint.h"
#include "server/socket_client_for_test.h"
#include "server/sql_request.h"

namespace strata::server {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

// Answers as the test says; by default with what it was asked.
class ScriptedSql final : public query::SqlTarget {
 public:
  using Function = std::function<query::SqlAnswer(const query::SqlRequest&, std::stop_token)>;
  void Run(query::SqlRequest&& request, Callback<void(query::SqlAnswer&&)> done,
           std::stop_token cancelled) override {
    done(function(request, std::move(cancelled)));
  }
  Function function = [](const query::SqlRequest& request, const std::stop_token&) {
    query::SqlAnswer answer;
    answer.content_type = "text/plain";
    answer.body = request.namespace_name + "|" + request.sql + "|" + request.params_json + "|" +
                  std::to_string(static_cast<int>(request.format));
    answer.headers.emplace_back("strata-complete", "false");
    return answer;
  };
};

class NoIngest final : public ingest::IngestTarget {
 public:
  void Ingest(ingest::IngestRequest&&, ingest::IngestDone done) override { done({}); }
};

struct Served {
  explicit Served(ApiOptions options = {}, HttpOptions http_options = {})
      : api({.sql = sql,
             .find_receipt = [](std::string_view name,
                                std::uint64_t position) -> Result<std::string> {
               if (position == 404) return Error{Code::kNotFound, "no such position"};
               return "{\"" + std::string(name) + "\":" + std::to_string(position) + "}";
             },
             .debug_store = [] { return std::string("{\"segments\":[]}"); },
             .ready = {{"log", [] { return Status(Done{}); }},
                       {"disk", [this] { return disk_status; }}}},
            options, registry) {
    api.AddTo(router);
    server = std::make_unique<HttpServer>(http_options, ledger, registry);
    port = server->Listen({.host = "127.0.0.1", .port = 0}, "api", router)->port;
    server->Start();
  }
  HttpAnswer Sql(std::string_view target, std::string_view body, std::string_view fields = "") {
    return SocketClient(port).Ask(Post("/api/v1/sql" + std::string(target), body, fields));
  }
  HttpAnswer Get(std::string_view path, std::string_view fields = "") {
    return SocketClient(port).Ask("GET " + std::string(path) + " HTTP/1.1\r\nhost: test\r\n" +
                                  std::string(fields) + "\r\n");
  }

  Status disk_status = Done{};
  model::Registry registry;
  ScriptedSql sql;
  Ledger ledger{64_MiB};
  Api api;
  Router router;
  std::unique_ptr<HttpServer> server;
  std::uint16_t port = 0;
};

constexpr std::string_view kText = "content-type: text/plain\r\n";
constexpr std::string_view kJson = "content-type: application/json\r\n";

TEST(Api, SqlAsTextAndAsJson) {
  Served served;
  const auto answer = served.Sql("?format=csv", "SELECT 1", kText);
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.body, "default|SELECT 1||2");
  EXPECT_EQ(answer.Field("strata-complete"), "false");
  EXPECT_EQ(served.Sql("", "SELECT 2", "x-scope-orgid: prod\r\n").body, "prod|SELECT 2||0");
  EXPECT_EQ(served.Sql("", "q=1", "content-type: application/x-www-form-urlencoded\r\n").body,
            "default|q=1||0");
  EXPECT_EQ(
      served.Sql("?format=parquet", R"({"sql":"SELECT ?\u002b1","params":[ 1, "a" ]})", kJson).body,
      "default|SELECT ?+1|[1,\"a\"]|3");
}

TEST(Api, SqlThatIsNoRequest) {
  Served served;
  struct Case {
    std::string_view target, body, fields;
    int want;
  };
  const Case cases[] = {
      {"?format=xml", "SELECT 1", kText, 400},
      {"", "SELECT 1", "content-type: application/xml\r\n", 415},
      {"", "SELECT 1", "content-encoding: gzip\r\n", 415},
      {"", "SELECT 1", "x-scope-orgid: ../other\r\n", 400},
      {"", "SELECT 1", kJson, 400},
      {"", R"({"sql":1})", kJson, 400},
      {"", R"({"params":[]})", kJson, 400},
      {"", R"({"sql":"SELECT 1","parms":[]})", kJson, 400},
      {"", R"({"sql":"SELECT 1","params":{}})", kJson, 400},
      {"", R"({"sql":"SELECT 1"} {})", kJson, 400},
      {"", R"([])", kJson, 400},
  };
  for (const auto& [target, body, fields, want] : cases) {
    SCOPED_TRACE(testing::Message() << target << body << fields);
    const auto answer = served.Sql(target, body, fields);
    EXPECT_EQ(answer.status, want);
    EXPECT_TRUE(answer.body.starts_with("{\"error\":{\"code\":\"")) << answer.body;
  }
  EXPECT_EQ(served.Get("/api/v1/sql").status, 405);
}

TEST(Api, SqlErrorsHaveTheirStatus) {
  Served served;
  const std::pair<Code, int> cases[] = {
      {Code::kInvalidInput, 400}, {Code::kForbidden, 403}, {Code::kTooLarge, 413},
      {Code::kTimeout, 504},      {Code::kExhausted, 503}, {Code::kUnavailable, 503},
      {Code::kCorrupt, 500},
  };
  for (const auto& [code, want] : cases) {
    served.sql.function = [failed = code](const query::SqlRequest&, const std::stop_token&) {
      query::SqlAnswer answer;
      answer.error = {.code = failed, .message = "it \"failed\"", .hint = "do this"};
      return answer;
    };
    const auto answer = served.Sql("", "SELECT", kText);
    EXPECT_EQ(answer.status, want);
    EXPECT_EQ(answer.body, "{\"error\":{\"code\":\"" + std::string(CodeName(code)) +
                               "\",\"message\":\"it \\\"failed\\\"\",\"hint\":\"do this\"}}\n");
    EXPECT_EQ(answer.Field("retry-after"), want == 503 ? "1" : "");
  }
}

TEST(Api, StatementsAreBoundedAndCancelled) {
  HttpOptions http_options;
  http_options.idle_time = milliseconds(100);  // sweeps are a quarter of the shortest time apart
  Served served({.sql_threads = 1, .sql_waiting_max = 1}, http_options);
  std::latch running(1);
  std::latch interrupted(1);
  served.sql.function = [&](const query::SqlRequest& request, const std::stop_token& cancelled) {
    if (request.sql == "endless") {
      std::latch stopped(1);
      const std::stop_callback on_stop(cancelled, [&] { stopped.count_down(); });
      running.count_down();
      stopped.wait();
      interrupted.count_down();
    }
    query::SqlAnswer answer;
    answer.body = request.sql;
    return answer;
  };
  SocketClient endless(served.port);
  endless.Send(Post("/api/v1/sql", "endless"));
  running.wait();
  // One more may wait; which of the two others does is the server's choice.
  SocketClient second(served.port);
  SocketClient third(served.port);
  second.Send(Post("/api/v1/sql", "next"));
  third.Send(Post("/api/v1/sql", "next"));
  while (served.registry.Render("").text.find(
             "strata_server_requests_total{listener=\"api\",outcome=\"server_error\"} 1\n") ==
         std::string::npos) {
    std::this_thread::yield();
  }
  endless.Close();  // the client goes, and its statement with it
  interrupted.wait();
  const int answers[] = {second.ReadAnswer().status, third.ReadAnswer().status};
  EXPECT_EQ(std::multiset<int>(std::begin(answers), std::end(answers)),
            (std::multiset<int>{200, 503}));
}

TEST(Api, Receipts) {
  Served served;
  EXPECT_EQ(served.Get("/api/v1/receipts/12", "x-scope-orgid: prod\r\n").body, "{\"prod\":12}");
  EXPECT_EQ(served.Get("/api/v1/receipts/404").status, 404);
  for (const char* path : {"0", "-1", "x", "", "1x", "99999999999999999999"}) {
    EXPECT_EQ(served.Get("/api/v1/receipts/" + std::string(path)).status, 400) << path;
  }
  EXPECT_EQ(served.Get("/api/v1/receipts/1", "x-scope-orgid: -\r\n").status, 400);
}

TEST(Api, Health) {
  Served served;
  EXPECT_EQ(served.Get("/livez").status, 200);
  EXPECT_EQ(served.Get("/readyz").status, 200);
  EXPECT_EQ(served.Get("/readyz").body, "ok log\nok disk\nbackend=embedded\n");
  served.disk_status = Error{Code::kExhausted, "98 % used"};
  EXPECT_EQ(served.Get("/readyz").status, 503);
  EXPECT_EQ(served.Get("/readyz").body, "ok log\nfailed disk: 98 % used\nbackend=embedded\n");
  EXPECT_EQ(served.Get("/livez").status, 200);
}

TEST(Api, MetricsAndDebug) {
  Served served;
  EXPECT_EQ(served.Get("/metrics").Field("content-type"),
            "text/plain; version=0.0.4; charset=utf-8");
  const auto open = served.Get("/metrics", "accept: application/openmetrics-text\r\n");
  EXPECT_TRUE(open.Field("content-type").starts_with("application/openmetrics-text"));
  EXPECT_TRUE(open.body.ends_with("# EOF\n"));
  EXPECT_EQ(served.Get("/debug/store").body, "{\"segments\":[]}");
}

// gRPC's health check needs no protobuf library on our side: bytes in, bytes out.
TEST(Api, GrpcHealth) {
  class Keep final : public ReplySink {
   public:
    void Deliver(Response&& given) override { response = std::move(given); }
    std::stop_token Cancelled() override { return {}; }
    Response response;
  };
  Served served;
  Router router;
  served.api.AddGrpcHealthTo(router);
  const auto check = [&](std::string_view message) {
    auto sink = std::make_shared<Keep>();
    const HeaderView headers;
    Request request;
    request.transport = Transport::kGrpc;
    request.verb = "POST";
    request.path = "/grpc.health.v1.Health/Check";
    request.headers = &headers;
    request.body = Buffer::CopyOf(AsBytes(message));
    router.Handle(std::move(request), Reply(sink));
    return sink->response;
  };
  const std::string logs = "opentelemetry.proto.collector.logs.v1.LogsService";
  EXPECT_EQ(check("").body, "\x08\x01");
  EXPECT_EQ(check("\x0a" + std::string(1, static_cast<char>(logs.size())) + logs).body, "\x08\x01");
  EXPECT_EQ(check("\x0a\x01x").grpc_status, GrpcCode::kNotFound);
  EXPECT_EQ(check("\xff").grpc_status, GrpcCode::kNotFound);
  served.disk_status = Error{Code::kExhausted, "full"};
  EXPECT_EQ(check("").body, "\x08\x02");
}

TEST(OpenApi, ListsExactlyTheRoutes) {
  Served served;
  NoIngest ingest;
  OtlpFace otlp(ingest, served.ledger);
  otlp.AddTo(served.router);
  std::set<std::string> routes;
  for (std::string route : served.router.Routes()) {
    if (route.ends_with("receipts/*")) route.replace(route.size() - 1, 1, "{position}");
    routes.insert(route);
  }
  simdjson::dom::parser parser;
  const simdjson::padded_string document(OpenApiDocument());
  simdjson::dom::object root;
  ASSERT_EQ(parser.parse(document).get(root), simdjson::SUCCESS);
  std::set<std::string> documented;
  simdjson::dom::object paths;
  ASSERT_EQ(root["paths"].get(paths), simdjson::SUCCESS);
  for (const auto& [path, item] : paths) {
    for (const auto& [verb, operation] : simdjson::dom::object(item)) {
      documented.insert((verb == "get" ? "GET " : "POST ") + std::string(path));
    }
  }
  EXPECT_EQ(documented, routes);
}

}  // namespace
}  // namespace strata::server
