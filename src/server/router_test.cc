#include "server/router.h"

#include <gtest/gtest.h>

namespace strata::server {
namespace {

class Keep final : public ReplySink {
 public:
  void Deliver(Response&& given) override { response = std::move(given); }
  std::stop_token Cancelled() override { return {}; }
  Response response;
};

class Named final : public Handler {
 public:
  explicit Named(std::string name) : name_(std::move(name)) {}
  void Handle(Request&&, Reply reply) override {
    Response response;
    response.body = name_;
    reply(std::move(response));
  }

 private:
  std::string name_;
};

Response Ask(Router& router, std::string_view verb, std::string_view path,
             Transport transport = Transport::kHttp) {
  auto sink = std::make_shared<Keep>();
  const HeaderView headers;
  Request request;
  request.transport = transport;
  request.verb = verb;
  request.path = path;
  request.headers = &headers;
  router.Handle(std::move(request), Reply(sink));
  return sink->response;
}

TEST(Router, FindsTheRoute) {
  Named get("get");
  Named post("post");
  Named prefix("prefix");
  Named longer("longer");
  Router router;
  router.Add("GET", "/api", get);
  router.Add("POST", "/api", post);
  router.Add("GET", "/api/receipts/*", prefix);
  router.Add("GET", "/api/receipts/new/*", longer);
  EXPECT_EQ(Ask(router, "GET", "/api").body, "get");
  EXPECT_EQ(Ask(router, "HEAD", "/api").body, "get");
  EXPECT_EQ(Ask(router, "POST", "/api").body, "post");
  EXPECT_EQ(Ask(router, "GET", "/api/receipts/7").body, "prefix");
  EXPECT_EQ(Ask(router, "GET", "/api/receipts/new/7").body, "longer");
  EXPECT_EQ(router.Routes(), (std::vector<std::string>{"GET /api", "GET /api/receipts/*",
                                                       "GET /api/receipts/new/*", "POST /api"}));
}

TEST(Router, SaysWhatIsWrong) {
  Named get("get");
  Router router;
  router.Add("GET", "/api", get);
  router.Add("POST", "/api", get);
  EXPECT_EQ(Ask(router, "GET", "/other").http_status, 404);
  EXPECT_EQ(Ask(router, "GET", "/other").grpc_status, GrpcCode::kUnimplemented);
  EXPECT_EQ(Ask(router, "GET", "/api/").http_status, 404);
  const Response wrong = Ask(router, "DELETE", "/api");
  EXPECT_EQ(wrong.http_status, 405);
  ASSERT_EQ(wrong.headers.size(), 1U);
  EXPECT_EQ(wrong.headers[0].first, "allow");
  EXPECT_EQ(wrong.headers[0].second, "GET, POST");
}

// Clients read grpc-status-details-bin as a google.rpc.Status; its first field is the code.
TEST(Router, ErrorsAreStatusWhereOtlpIsSpoken) {
  Router router;
  const std::string unimplemented = "\x08\x0c\x12";
  const Response grpc = Ask(router, "POST", "/package.Service/Method", Transport::kGrpc);
  EXPECT_TRUE(grpc.body.starts_with(unimplemented)) << grpc.body;
  for (const char* path :
       {"/v1/nothing", "/v1development/profiles", "/otlp/v1/nothing", "/api/v1/otlp/v1/nothing"}) {
    EXPECT_TRUE(Ask(router, "POST", path).body.starts_with("{\"code\":12,")) << path;
  }
  EXPECT_TRUE(Ask(router, "GET", "/api/v1/nothing").body.starts_with("{\"error\":"));
}

}  // namespace
}  // namespace strata::server
