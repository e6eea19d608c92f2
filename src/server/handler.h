// What a route is made of, without any transport: a Request goes in, a Response comes out through a
// Reply. The HTTP and gRPC listeners turn their wire into these and back; handlers know neither.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/buffer.h"
#include "base/clock.h"
#include "base/result.h"

namespace strata::server {

enum class Transport : std::uint8_t { kHttp, kGrpc };

// https://grpc.io/docs/guides/status-codes/ ; also the `code` of google.rpc.Status.
enum class GrpcCode : std::uint8_t {
  kOk = 0,
  kCancelled = 1,
  kUnknown = 2,
  kInvalidArgument = 3,
  kDeadlineExceeded = 4,
  kNotFound = 5,
  kAlreadyExists = 6,
  kPermissionDenied = 7,
  kResourceExhausted = 8,
  kUnimplemented = 12,
  kInternal = 13,
  kUnavailable = 14,
};

// One error, in both transports' terms. The mapping is contract.md's.
struct WireStatus {
  int http;
  GrpcCode grpc;
};
WireStatus WireStatusOf(Code code);

// Header fields of a request; names compare without case. gRPC: the metadata.
class HeaderView {
 public:
  void Add(std::string_view name, std::string_view value) { fields_.emplace_back(name, value); }
  void Clear() { fields_.clear(); }
  // The first value; nullopt when the field is missing.
  std::optional<std::string_view> Find(std::string_view name) const;
  // The same; empty when the field is missing.
  std::string_view Get(std::string_view name) const;
  // A field that says whose request this is, how long or in what form, and is there twice: two
  // readers could take it for two different requests. Empty: there is none.
  std::string_view Repeated() const;
  const std::vector<std::pair<std::string_view, std::string_view>>& fields() const {
    return fields_;
  }

 private:
  std::vector<std::pair<std::string_view, std::string_view>> fields_;
};

// The views (all that is not `body`) point into the transport. They are valid until the Reply has
// been given or dropped: a handler that hands the Reply on may hand the views on with it.
struct Request {
  Transport transport = Transport::kHttp;
  std::string_view verb;   // GET, POST, …; gRPC: POST
  std::string_view path;   // /v1/logs; gRPC: the method, /package.Service/Method
  std::string_view query;  // what stands behind '?', undecoded; gRPC: empty
  const HeaderView* headers = nullptr;
  std::string_view peer;  // address:port of the client
  // When the client stops waiting (gRPC); max() when it did not say.
  MonotonicTime deadline = MonotonicTime::max();
  // HTTP: the body as it came, content encoding and all. gRPC: the message, decompressed already.
  Buffer body;

  // The decoded value of a query parameter; nullopt when it is missing.
  std::optional<std::string> QueryParameter(std::string_view name) const;
};

struct Response {
  int http_status = 200;
  GrpcCode grpc_status = GrpcCode::kOk;
  std::string grpc_message;  // the status message of a gRPC error; HTTP does not send it
  std::string content_type;  // HTTP
  // HTTP: the body. gRPC: the message when grpc_status is kOk, else a google.rpc.Status for
  // grpc-status-details-bin (empty: none).
  std::string body;
  // HTTP header fields; gRPC trailing metadata (only those that start with "strata-"). Lower-case
  // names.
  std::vector<std::pair<std::string, std::string>> headers;
};

// The transport's end of a request in flight.
class ReplySink {
 public:
  virtual ~ReplySink() = default;
  virtual void Deliver(Response&& response) = 0;
  virtual std::stop_token Cancelled() = 0;
};

// The right and duty to answer one request, once. It may be given from any thread (the log's
// committer included): it only hands the response to the connection's own thread and never touches
// a socket. Dropped without an answer, it answers 503 / UNAVAILABLE, so that no client waits for
// ever.
class Reply {
 public:
  explicit Reply(std::shared_ptr<ReplySink> sink) : sink_(std::move(sink)) {}
  Reply(Reply&&) noexcept = default;
  Reply& operator=(Reply&&) = delete;
  ~Reply();

  // Requires: not answered before.
  void operator()(Response&& response);

  // Requested when the client has gone or the server stops. Requires: not answered before.
  std::stop_token Cancelled() const { return sink_->Cancelled(); }

 private:
  std::shared_ptr<ReplySink> sink_;
};

class Handler {
 public:
  virtual ~Handler() = default;
  // Called on a connection thread, so it must not block; for many requests at once from many
  // threads.
  virtual void Handle(Request&& request, Reply reply) = 0;
};

}  // namespace strata::server
