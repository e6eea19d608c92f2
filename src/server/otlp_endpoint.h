// OTLP as handlers: what a request must look like, and every answer to it, for HTTP and gRPC alike.
// Behind it stands an IngestTarget, which knows neither.
#pragma once

#include <atomic>
#include <cstddef>
#include <vector>

#include "base/bytes.h"
#include "ingest/target.h"
#include "model/kind.h"
#include "server/handler.h"
#include "server/ledger.h"
#include "server/router.h"

namespace strata::server {

struct OtlpOptions {
  std::size_t decoded_bytes_max = 20_MiB;  // HTTP, after decompression; gRPC: see GrpcOptions
  std::size_t idempotency_key_bytes_max = 256;
};

// One kind's Export call. Checks content type, content encoding, namespace and Idempotency-Key,
// decompresses (on the connection thread, bounded, reserved in the ledger), and hands over.
class OtlpEndpoint final : public Handler {
 public:
  // `target` and `ledger` outlive the endpoint.
  OtlpEndpoint(model::Kind kind, ingest::IngestTarget& target, Ledger& ledger,
               const OtlpOptions& options)
      : kind_(kind),
        target_(target),
        ledger_(ledger),
        decoded_bytes_max_(options.decoded_bytes_max),
        idempotency_key_bytes_max_(options.idempotency_key_bytes_max) {}

  void Handle(Request&& request, Reply reply) override;

  // OtlpOptions::decoded_bytes_max for requests that come from here on. Any thread.
  void LimitDecoded(std::size_t bytes_max) {
    decoded_bytes_max_.store(bytes_max, std::memory_order_relaxed);
  }

 private:
  const model::Kind kind_;
  ingest::IngestTarget& target_;
  Ledger& ledger_;
  std::atomic<std::size_t> decoded_bytes_max_;
  const std::size_t idempotency_key_bytes_max_;
};

// The endpoints of all kinds.
class OtlpFace {
 public:
  OtlpFace(ingest::IngestTarget& target, Ledger& ledger, const OtlpOptions& options = {});

  // The same for all three. Any thread.
  void LimitDecoded(std::size_t bytes_max);

  // POST /v1/logs, /v1/traces, /v1/metrics, the same under /api/v1/otlp (where Prometheus has it)
  // and under /otlp (where Loki and Mimir have it).
  void AddTo(Router& router);
  // The three gRPC methods.
  void AddGrpcTo(Router& router);

 private:
  OtlpEndpoint logs_;
  OtlpEndpoint spans_;
  OtlpEndpoint metrics_;
};

}  // namespace strata::server
