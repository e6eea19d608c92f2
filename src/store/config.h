// What the store is told by its owner.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <filesystem>
#include <string>
#include <unordered_map>

#include "base/bytes.h"
#include "base/result.h"
#include "model/collection.h"

namespace strata::store {

using Duration = std::chrono::nanoseconds;

// When the rows of a collection become a part: at `rows` or `bytes`; at `age` if they are many; if
// they are few, at `small_part_interval`; if they are next to nothing, at `tiny_part_interval`, so
// that thousands of quiet collections do not make thousands of files an hour. An interval that is
// shorter than the one before it counts as that one.
struct SealConfig {
  std::uint64_t rows = 1'000'000;
  std::uint64_t bytes = 256_MiB;  // of the blocks in memory
  Duration age = std::chrono::minutes(5);
  std::uint64_t small_rows = 20'000;  // fewer are few
  Duration small_part_interval = std::chrono::hours(1);
  std::uint64_t tiny_rows = 1'000;
  Duration tiny_part_interval = std::chrono::hours(24);
  std::uint64_t part_rows_max = 2'000'000;  // a part is cut behind the request that passes this
  Duration check_interval = std::chrono::milliseconds(250);
  Duration retry_min = std::chrono::seconds(1);  // after a failure, doubled each time
  Duration retry_max = std::chrono::seconds(60);
};

// When segments of the log wait for collections that are not due for a part.
struct CarryConfig {
  std::uint64_t segments_max = 4;    // closed segments that may wait
  std::uint64_t bytes_max = 64_MiB;  // rows worth more than this together are sealed instead
};

struct MergeConfig {
  bool enabled = true;
  std::uint64_t target_rows = 2'000'000;
  // A part of at least this many rows, or of a quarter of the target, is never rewritten.
  std::uint64_t large_rows = 500'000;
  std::uint32_t inputs_max = 64;
  // Longest time between the oldest and the youngest arrival in a merged part; an eighth of the
  // collection's retention if that is shorter, because a part is dropped as a whole.
  Duration span_max = std::chrono::hours(24 * 7);
  Duration check_interval = std::chrono::seconds(5);
  // Of the inputs of a merge that may begin on a full disk: the reserve has room for several.
  std::uint64_t low_disk_bytes_max = 8_MiB;
};

// Zero keeps for ever. Age counts from a part's youngest row; see retention.h.
struct RetentionConfig {
  std::array<Duration, 4> by_kind{};  // index: model::Kind
  // By "<namespace>/<collection>"; goes before the kind's.
  std::unordered_map<std::string, Duration> by_collection;
  Duration check_interval = std::chrono::minutes(1);

  Duration Of(const model::Collection& collection) const;
};

// All data is read back once in `interval`; zero: never.
struct ScrubConfig {
  Duration interval = std::chrono::hours(24 * 7);
  std::uint64_t bytes_per_second = 32_MiB;
};

struct Config {
  std::filesystem::path data_dir;  // of this process alone (the log's LOCK guards it)
  SealConfig seal;
  CarryConfig carry;
  MergeConfig merge;
  RetentionConfig retention;
  ScrubConfig scrub;

  Status Validate() const;
};

}  // namespace strata::store
