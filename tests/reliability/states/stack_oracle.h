// What the senders of a whole strata know, on another disk: requests, answers, receipts.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "ingest/target.h"
#include "wal/frame.h"

namespace strata::reliability {

using wal::Position;

struct Request {
  std::string namespace_name;
  std::string payload;  // an OTLP request for logs
  std::string key;      // Idempotency-Key, or empty
  std::uint32_t records = 0;
  Position receipt = 0;         // 0: never acknowledged
  std::int64_t acked_ns = 0;    // not before
  bool may_be_dropped = false;  // by retention
};

class StackOracle {
 public:
  // A request that nobody has sent yet; its index.
  std::size_t NewRequest(const std::string& namespace_name, std::uint32_t records,
                         std::uint32_t body_bytes, bool with_key);
  const Request& At(std::size_t index) const { return requests_[index]; }
  std::size_t size() const { return requests_.size(); }
  // The request with this payload.
  std::optional<std::size_t> Find(std::string_view payload) const;

  void Answered(std::size_t index, const ingest::IngestOutcome& outcome, std::int64_t now_ns);
  // Retention may have dropped what was acked up to then.
  void MayDropUntil(std::int64_t ns);
  // Nothing that was broken while it was watched; else what.
  const std::string& violation() const { return violation_; }

  std::uint64_t version() const { return version_; }
  // Wall time of the simulation, over all lives.
  std::int64_t elapsed_ns = 0;

 private:
  std::vector<Request> requests_;
  std::unordered_map<std::string, std::size_t> by_payload_;
  std::string violation_;
  std::uint64_t version_ = 0;
};

}  // namespace strata::reliability
