// The door of the pipeline, as a protocol's endpoint sees it: one decoded request in, one outcome
// out. The endpoint knows the protocol's answers, the pipeline knows none of them.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

#include "base/buffer.h"
#include "base/callback.h"
#include "base/result.h"
#include "model/kind.h"

namespace strata::ingest {

enum class Encoding : std::uint8_t { kProtobuf = 1, kJson = 2 };

// One client's request. Size and compression are checked already; the payload is what the client
// meant to say, in its encoding.
struct IngestRequest {
  model::Kind kind{};
  Encoding encoding = Encoding::kProtobuf;
  std::string namespace_name;   // valid, see server/namespace_rule.h
  std::string idempotency_key;  // empty: the client gave none
  Buffer payload;
};

struct IngestOutcome {
  // Done: everything that was not rejected is durable and visible.
  Status status = Done{};
  std::uint64_t receipt = 0;   // position of the request's frame; 0: there is none (empty request)
  bool duplicate = false;      // stored before: `receipt` is the first one's
  std::uint64_t rejected = 0;  // records (logs, spans, data points) that were not stored
  // Why records were rejected or cut; with rejected == 0 a warning. Empty: nothing to say.
  std::string message = {};
  // With a status that may be retried: how long the client should wait. Empty: the endpoint's
  // default.
  std::optional<std::chrono::milliseconds> retry_after = std::nullopt;
};

using IngestDone = Callback<void(IngestOutcome&&)>;

class IngestTarget {
 public:
  virtual ~IngestTarget() = default;
  // Calls `done` exactly once, from any thread, possibly before it returns. Called from many
  // threads (connection threads) at once; may decode in place but must not wait for the disk.
  virtual void Ingest(IngestRequest&& request, IngestDone done) = 0;
};

}  // namespace strata::ingest
