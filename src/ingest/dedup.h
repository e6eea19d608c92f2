// Dedup: recognises requests that were stored already, so that a sender may send again after a lost
// answer (contract.md, "Ingest answers").
//
// A request is known by the hash of its Idempotency-Key, and by the hash of its payload where every
// record carries the sender's time; both hashes cover namespace and kind. What is known is bounded
// by age and by memory, oldest out first. Both hashes stand in the request's own frame, so the
// table is rebuilt from the log's headers, and from a file for frames whose segments are released
// (docs/formats/dedup.md).
//
// Threads: not safe; the pipeline guards it.
#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <limits>
#include <optional>
#include <string>
#include <unordered_map>

#include "base/hash.h"
#include "base/result.h"
#include "os/file_system.h"

namespace strata::ingest {

struct DedupConfig {
  std::chrono::nanoseconds window = std::chrono::minutes(15);
  std::uint64_t memory_bytes = 64ULL << 20;
};

// One stored request.
struct StoredRequest {
  std::uint64_t position = 0;
  std::int64_t received_ns = 0;  // wall clock
  // When that was on the line of time that ages are counted on, which does not jump (SteadyWall).
  // Not stored: what is read back was seen when it was received, or now if that lies ahead.
  std::int64_t seen_ns = 0;
  Hash128 payload;  // of namespace, kind and payload
  Hash128 key;      // of namespace, kind and Idempotency-Key; zero: it had none
  std::uint32_t rejected = 0;
  bool by_payload = false;  // the payload's hash identifies it
};

class Dedup {
 public:
  explicit Dedup(const DedupConfig& config) : config_(config) {}

  // Shorter or smaller: what is beyond goes with the next Add() and Expire(). Longer or larger:
  // what was forgotten stays so.
  void Configure(const DedupConfig& config) { config_ = config; }

  // The stored request that `payload` and `key` are a repetition of. kConflict: the key was used
  // with another payload.
  Result<std::optional<StoredRequest>> Find(const Hash128& payload, bool by_payload,
                                            const Hash128& key, std::int64_t now_ns) const;

  // Requires: positions ascend. Requests that nothing identifies are not kept.
  void Add(const StoredRequest& stored);

  // Forgets what is older than the window or beyond the memory.
  void Expire(std::int64_t now_ns);

  std::size_t size() const { return stored_.size(); }
  std::uint64_t bytes() const;
  std::uint64_t last_position() const { return stored_.empty() ? 0 : stored_.back().position; }

  // The whole table as bytes, and back. kCorrupt: the bytes are not what Encode made.
  Bytes Encode() const;
  Status Decode(ByteSpan bytes, std::int64_t now_ns = std::numeric_limits<std::int64_t>::max());

 private:
  struct HashOfHash {
    std::size_t operator()(const Hash128& hash) const { return hash.low; }
  };
  using Index = std::unordered_map<Hash128, std::uint64_t, HashOfHash>;  // to sequence numbers

  const StoredRequest* Lookup(const Index& index, const Hash128& hash, std::int64_t now_ns) const;
  void AddTo(Index& index, const Hash128& hash, std::uint64_t sequence);
  void PopFront();

  DedupConfig config_;
  std::deque<StoredRequest> stored_;  // the element at i has sequence number first_ + i
  std::uint64_t first_ = 0;
  Index by_payload_;
  Index by_key_;
};

}  // namespace strata::ingest
