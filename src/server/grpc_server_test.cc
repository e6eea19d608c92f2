// The gRPC transport against gRPC's own client.
#include <condition_variable>
#include <future>
#include <latch>
#include <thread>

#include <grpcpp/create_channel.h>
#include <grpcpp/generic/generic_stub.h>
#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>

#include "server/gzip_zeros_for_test.h"
#include "server/http_server.h"
#include "server/socket_client_for_test.h"

// The friend that grpc::ByteBuffer declares for code which must say how a message is compressed.
namespace grpc::internal {
class GrpcByteBufferPeer {
 public:
  static void Set(ByteBuffer& buffer, grpc_byte_buffer* raw) { buffer.set_buffer(raw); }
};
}  // namespace grpc::internal

namespace strata::server {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using namespace std::string_literals;

struct CallResult {
  grpc::Status status;
  std::string body;
  std::multimap<std::string, std::string> trailers;
};

class Client {
 public:
  explicit Client(std::uint16_t port, grpc_compression_algorithm compression = GRPC_COMPRESS_NONE) {
    grpc::ChannelArguments arguments;
    arguments.SetCompressionAlgorithm(compression);
    arguments.SetMaxReceiveMessageSize(-1);
    arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
    stub_ = std::make_unique<grpc::GenericStub>(grpc::CreateCustomChannel(
        "127.0.0.1:" + std::to_string(port), grpc::InsecureChannelCredentials(), arguments));
  }

  static grpc::ByteBuffer Plain(std::string_view message) {
    const grpc::Slice slice(message.data(), message.size());
    return {&slice, 1};
  }
  // Already compressed, by whoever; sent with the compressed flag.
  static grpc::ByteBuffer Compressed(std::string_view message,
                                     grpc_compression_algorithm algorithm = GRPC_COMPRESS_GZIP) {
    grpc_slice slice = grpc_slice_from_copied_buffer(message.data(), message.size());
    grpc::ByteBuffer buffer;
    grpc::internal::GrpcByteBufferPeer::Set(
        buffer, grpc_raw_compressed_byte_buffer_create(&slice, 1, algorithm));
    grpc_slice_unref(slice);
    return buffer;
  }

  std::future<CallResult> Start(const grpc::ByteBuffer& message, const std::string& method = "/a/B",
                                const std::map<std::string, std::string>& metadata = {}) {
    struct Open {
      grpc::ClientContext context;
      grpc::ByteBuffer request, response;
      std::promise<CallResult> done;
    };
    auto* const open = new Open;  // the callback deletes it
    open->request = message;
    open->context.set_deadline(std::chrono::system_clock::now() + seconds(20));
    for (const auto& [name, value] : metadata) open->context.AddMetadata(name, value);
    auto result = open->done.get_future();
    // The context holds the channel, and a channel must not end on one of gRPC's own threads: so
    // the context goes before the test can go on.
    stub_->UnaryCall(&open->context, method, {}, &open->request, &open->response,
                     [open](const grpc::Status& status) {
                       CallResult answer = ResultOf(status, open->context, open->response);
                       std::promise<CallResult> done = std::move(open->done);
                       delete open;
                       done.set_value(std::move(answer));
                     });
    return result;
  }
  CallResult Call(const grpc::ByteBuffer& message, const std::string& method = "/a/B",
                  const std::map<std::string, std::string>& metadata = {}) {
    return Start(message, method, metadata).get();
  }
  CallResult Call(std::string_view message) { return Call(Plain(message)); }

 private:
  static CallResult ResultOf(const grpc::Status& status, const grpc::ClientContext& context,
                             const grpc::ByteBuffer& response) {
    CallResult result{.status = status, .body = {}, .trailers = {}};
    std::vector<grpc::Slice> slices;
    if (status.ok() && response.Dump(&slices).ok()) {
      for (const auto& slice : slices) {
        result.body.append(reinterpret_cast<const char*>(slice.begin()), slice.size());
      }
    }
    for (const auto& [name, value] : context.GetServerTrailingMetadata()) {
      result.trailers.emplace(std::string(name.data(), name.size()),
                              std::string(value.data(), value.size()));
    }
    return result;
  }

  std::unique_ptr<grpc::GenericStub> stub_;
};

struct Served {
  explicit Served(LambdaHandler::Function function, HttpOptions options = {},
                  std::uint64_t ledger_bytes = 64_MiB)
      : ledger(ledger_bytes), handler(std::move(function)) {
    server = std::make_unique<HttpServer>(options, ledger, registry);
    const auto bound =
        server->Listen({.host = "127.0.0.1", .port = 0}, "test", handler, Protocol::kGrpc);
    EXPECT_TRUE(bound) << bound.error().message;
    port = bound->port;
    server->Start();
  }
  Ledger ledger;
  model::Registry registry;
  LambdaHandler handler;
  std::unique_ptr<HttpServer> server;
  std::uint16_t port = 0;
};

void Echo(Request&& request, Reply reply) {
  EXPECT_EQ(request.transport, Transport::kGrpc);
  Response response;
  response.body = std::string(request.path) + " " +
                  std::string(request.headers->Get("X-Scope-OrgID")) + " " +
                  std::string(AsText(request.body));
  response.headers.emplace_back("strata-receipt", "42");
  reply(std::move(response));
}

// Answers with the length of the message, from another thread.
void LengthLater(Request&& request, Reply reply) {
  std::thread([length = request.body.size(), reply = std::move(reply)]() mutable {
    reply(TextResponse(std::to_string(length)));
  }).detach();
}

TEST(GrpcServer, HandsOverMethodMetadataAndMessage) {
  Served served(Echo);
  Client client(served.port);
  const auto answer = client.Call(Client::Plain("hello"), "/x.Y/Z", {{"x-scope-orgid", "prod"}});
  ASSERT_TRUE(answer.status.ok()) << answer.status.error_message();
  EXPECT_EQ(answer.body, "/x.Y/Z prod hello");
  EXPECT_EQ(answer.trailers.find("strata-receipt")->second, "42");
  EXPECT_EQ(client.Call("").body, "/a/B  ");  // an empty message is a message
}

TEST(GrpcServer, AnswersMayComeFromAnyThread) {
  Served served(LengthLater);
  Client client(served.port);
  std::vector<std::future<CallResult>> open;
  for (std::size_t i = 0; i < 200; ++i) {
    open.push_back(client.Start(Client::Plain(std::string(i * 100, 'x'))));
  }
  for (std::size_t i = 0; i < open.size(); ++i) {
    EXPECT_EQ(open[i].get().body, std::to_string(i * 100));
  }
}

TEST(GrpcServer, CompressedMessagesAreDecodedByUs) {
  Served served(LengthLater);
  for (const auto algorithm : {GRPC_COMPRESS_GZIP, GRPC_COMPRESS_DEFLATE}) {
    Client client(served.port, algorithm);
    EXPECT_EQ(client.Call(std::string(3'000'000, 'a')).body, "3000000");
    EXPECT_EQ(client.Call("").body, "0");
    EXPECT_EQ(client.Call("ab").body, "2");  // gRPC sends what does not shrink as it is
  }
  Client client(served.port, GRPC_COMPRESS_GZIP);
  EXPECT_EQ(client.Call(Client::Compressed(GzipZeros(4))).body, "4000000");
  const auto damaged = client.Call(Client::Compressed(GzipZeros(1).substr(0, 700)));
  EXPECT_EQ(damaged.status.error_code(), grpc::INVALID_ARGUMENT);
}

TEST(GrpcServer, BombsStopAtTheLimit) {
  Served served(LengthLater);
  Client client(served.port, GRPC_COMPRESS_GZIP);
  const auto answer = client.Call(Client::Compressed(GzipZeros(1100)));
  EXPECT_EQ(answer.status.error_code(), grpc::RESOURCE_EXHAUSTED);
  EXPECT_EQ(answer.status.error_details().find("RetryInfo"), std::string::npos);
  EXPECT_EQ(client.Call("next").body, "4");
}

TEST(GrpcServer, LargeMessagesAreRefused) {
  Served served(LengthLater);
  Client client(served.port);
  EXPECT_EQ(client.Call(std::string(4_MiB, 'x')).body, std::to_string(4_MiB));
  const auto answer = client.Call(std::string(4_MiB + 1, 'x'));
  EXPECT_EQ(answer.status.error_code(), grpc::RESOURCE_EXHAUSTED);
  EXPECT_EQ(answer.status.error_details().find("RetryInfo"), std::string::npos);
  EXPECT_EQ(client.Call("next").body, "4");
}

TEST(GrpcServer, ErrorsCarryTheirDetails) {
  Served served([](Request&&, Reply reply) {
    Response response;
    response.http_status = 503;
    response.grpc_status = GrpcCode::kUnavailable;
    response.grpc_message = "full";
    response.body = "details";
    response.headers.emplace_back("retry-after", "1");  // HTTP's alone
    reply(std::move(response));
  });
  const auto answer = Client(served.port).Call("x");
  EXPECT_EQ(answer.status.error_code(), grpc::UNAVAILABLE);
  EXPECT_EQ(answer.status.error_message(), "full");
  EXPECT_EQ(answer.status.error_details(), "details");
  EXPECT_EQ(answer.trailers.count("retry-after"), 0U);
}

TEST(GrpcServer, TheLedgerPushesBack) {
  Served served(LengthLater, {}, 1000);
  Client client(served.port);
  const auto answer = client.Call(std::string(1001, 'x'));
  EXPECT_EQ(answer.status.error_code(), grpc::UNAVAILABLE);
  EXPECT_NE(answer.status.error_details().find("google.rpc.RetryInfo"), std::string::npos);
  EXPECT_EQ(client.Call(std::string(1000, 'x')).body, "1000");
}

TEST(GrpcServer, ACancelledCallCancels) {
  std::promise<Reply> arrived;
  Served served([&](Request&&, Reply reply) { arrived.set_value(std::move(reply)); });
  std::latch cancelled(1);
  {
    grpc::ClientContext context;
    grpc::GenericStub stub(grpc::CreateChannel("127.0.0.1:" + std::to_string(served.port),
                                               grpc::InsecureChannelCredentials()));
    grpc::ByteBuffer response;
    const auto message = Client::Plain("x");
    std::promise<grpc::Status> done;
    stub.UnaryCall(&context, "/a/B", {}, &message, &response,
                   [&](grpc::Status status) { done.set_value(std::move(status)); });
    Reply reply = arrived.get_future().get();
    const std::stop_callback on_cancel(reply.Cancelled(), [&] { cancelled.count_down(); });
    context.TryCancel();
    cancelled.wait();
    EXPECT_EQ(done.get_future().get().error_code(), grpc::CANCELLED);
    reply(TextResponse("nobody listens"));
  }
}

// A call that is opened and brings no message.
class SilentCall final : public grpc::ClientBidiReactor<grpc::ByteBuffer, grpc::ByteBuffer> {
 public:
  explicit SilentCall(std::uint16_t port)
      : stub_(grpc::CreateChannel("127.0.0.1:" + std::to_string(port),
                                  grpc::InsecureChannelCredentials())) {
    stub_.PrepareBidiStreamingCall(&context_, "/a/B", {}, this);
    StartRead(&answer_);
    StartCall();
  }
  void OnDone(const grpc::Status& status) override { done_.set_value(status); }
  grpc::Status Wait() { return done_.get_future().get(); }

 private:
  grpc::GenericStub stub_;
  grpc::ClientContext context_;
  grpc::ByteBuffer answer_;
  std::promise<grpc::Status> done_;
};

TEST(GrpcServer, SlowMessagesAreCut) {
  HttpOptions options;
  options.body_progress_time = milliseconds(60);
  Served served(Echo, options);
  EXPECT_EQ(SilentCall(served.port).Wait().error_code(), grpc::DEADLINE_EXCEEDED);
  EXPECT_EQ(Client(served.port).Call("next").body, "/a/B  next");
}

TEST(GrpcServer, StopEndsCallsThatAreStillRead) {
  Served served(Echo);
  SilentCall silent(served.port);
  EXPECT_EQ(Client(served.port).Call("x").body, "/a/B  x");
  served.server->Stop(milliseconds(1));
  EXPECT_EQ(silent.Wait().error_code(), grpc::UNAVAILABLE);
}

TEST(GrpcServer, StopLetsCallsFinish) {
  std::promise<Reply> arrived;
  Served served([&](Request&&, Reply reply) { arrived.set_value(std::move(reply)); });
  Client client(served.port);
  auto open = client.Start(Client::Plain("x"));
  Reply reply = arrived.get_future().get();
  auto stopped = std::async(std::launch::async, [&] { served.server->Stop(seconds(20)); });
  EXPECT_EQ(stopped.wait_for(milliseconds(10)), std::future_status::timeout);
  reply(TextResponse("finished"));
  EXPECT_EQ(open.get().body, "finished");
  stopped.get();
  EXPECT_EQ(client.Call("x").status.error_code(), grpc::UNAVAILABLE);
}

TEST(GrpcServer, StopEndsWhenItsGraceIsOver) {
  std::promise<Reply> arrived;
  Served served([&](Request&&, Reply reply) { arrived.set_value(std::move(reply)); });
  Client client(served.port);
  auto open = client.Start(Client::Plain("x"));
  Reply reply = arrived.get_future().get();
  served.server->Stop(milliseconds(1));
  EXPECT_FALSE(open.get().status.ok());
  served.server.reset();
  reply(TextResponse("too late"));  // goes nowhere, harms nothing
  EXPECT_EQ(served.ledger.used_bytes(), 0U);
}

}  // namespace
}  // namespace strata::server
