#include "server/grpc_server.h"

#include <future>
#include <utility>

#include <grpc/support/log.h>
#include <grpcpp/resource_quota.h>
#include <grpcpp/security/server_credentials.h>
#include <grpcpp/server.h>
#include <grpcpp/server_builder.h>

#include "base/check.h"
#include "base/log.h"
#include "server/grpc_call.h"

namespace strata::server {

namespace {

class AnyMethod final : public grpc::CallbackGenericService {
 public:
  explicit AnyMethod(GrpcCalls& calls) : calls_(calls) {}
  grpc::ServerGenericBidiReactor* CreateReactor(
      grpc::GenericCallbackServerContext* context) override {
    const auto call = std::make_shared<GrpcCall>(calls_, *context);
    call->Begin();
    return call.get();
  }

 private:
  GrpcCalls& calls_;
};

// gRPC reports each peer's mistakes as errors of its own: a client could fill the log with them.
void LogToDebug(gpr_log_func_args* args) {
  LogDebug("grpc", {{"text", args->message}, {"file", args->file}, {"line", args->line}});
}

void SetLimits(grpc::ServerBuilder& builder, const GrpcOptions& options) {
  builder.SetMaxReceiveMessageSize(static_cast<int>(options.message_bytes_max));
  // Compressed messages come as they are: see the header.
  builder.AddChannelArgument(GRPC_ARG_ENABLE_PER_MESSAGE_DECOMPRESSION, 0);
  builder.AddChannelArgument(GRPC_ARG_MAX_CONCURRENT_STREAMS, options.calls_per_connection_max);
  builder.AddChannelArgument(GRPC_ARG_MAX_METADATA_SIZE,
                             static_cast<int>(options.metadata_bytes_max));
  // A port that somebody else has is an error, not something to share.
  builder.AddChannelArgument(GRPC_ARG_ALLOW_REUSEPORT, 0);
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_TIME_MS,
                             static_cast<int>(options.ping_time.count()));
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_TIMEOUT_MS,
                             static_cast<int>(options.ping_timeout.count()));
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_PERMIT_WITHOUT_CALLS, 1);
  // Clients may ping every ten seconds, the smallest interval that gRPC's own clients keep to; two
  // pings that come sooner end the connection.
  builder.AddChannelArgument(GRPC_ARG_HTTP2_MIN_RECV_PING_INTERVAL_WITHOUT_DATA_MS, 9'000);
  builder.AddChannelArgument(GRPC_ARG_HTTP2_MAX_PING_STRIKES, 2);
  grpc::ResourceQuota quota("strata");
  quota.Resize(options.memory_bytes_max);
  quota.SetMaxThreads(options.threads_max);
  builder.SetResourceQuota(quota);
}

}  // namespace

struct GrpcServer::State {
  State(const GrpcOptions& options, const std::string& name, Handler& handler, Ledger& ledger,
        model::Registry& registry)
      : calls(options, handler, ledger, ListenerMetrics::Register(registry, name)),
        service(calls) {}

  GrpcCalls calls;
  AnyMethod service;
  std::unique_ptr<grpc::Server> server;
  bool stopped = false;
};

GrpcServer::GrpcServer(const GrpcOptions& options, const std::string& name, Handler& handler,
                       Ledger& ledger, model::Registry& registry)
    : state_(std::make_unique<State>(options, name, handler, ledger, registry)) {}

GrpcServer::~GrpcServer() {
  if (state_->server != nullptr) Stop(std::chrono::milliseconds(0));
}

Result<Address> GrpcServer::Start(const Address& address) {
  CHECK(state_->server == nullptr);
  gpr_set_log_function(&LogToDebug);  // the process's; the same for every server
  grpc::ServerBuilder builder;
  SetLimits(builder, state_->calls.options);
  int port = 0;
  builder.AddListeningPort(address.ToString(), grpc::InsecureServerCredentials(), &port);
  builder.RegisterCallbackGenericService(&state_->service);
  state_->server = builder.BuildAndStart();
  if (state_->server == nullptr || port <= 0) {
    return Error{Code::kConflict, "listen on " + address.ToString() +
                                      ": the port is in use, or the address is not this machine's"};
  }
  return Address{.host = address.host, .port = static_cast<std::uint16_t>(port)};
}

void GrpcServer::Stop(std::chrono::milliseconds grace) {
  CHECK(state_->server != nullptr);
  if (std::exchange(state_->stopped, true)) return;
  const auto deadline = std::chrono::system_clock::now() + grace;
  // Shutdown returns when the last call has ended, and a call ends only by its answer.
  auto ended = std::async(std::launch::async, [&] { state_->server->Shutdown(deadline); });
  if (ended.wait_until(deadline) == std::future_status::timeout) state_->calls.AbortAll();
  ended.get();
}

}  // namespace strata::server
