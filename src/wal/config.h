// What the log is told by its owner.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "wal/frame.h"

namespace strata::wal {

enum class SyncMode : std::uint8_t {
  kGroup,     // a frame is published after the durable write of its group: acked means durable
  kInterval,  // a frame is published after a buffered write; synced every sync_interval. Lossy:
              // power loss takes what was acked since. Positions skip ahead after an unclean start.
};

// One durable write, told to Config::on_group on the committer's thread.
struct GroupWritten {
  std::chrono::nanoseconds took{0};  // write and sync
  std::uint32_t frames = 0;
  std::uint64_t bytes = 0;  // headers and padding included
};

struct Config {
  std::filesystem::path directory{};  // of this process alone (locked at open)

  std::uint64_t segment_bytes = 128_MiB;
  std::uint32_t spare_segments = 2;        // prepared ahead of need
  std::uint64_t max_bytes = 64_GiB;        // all segment files; beyond it Submit answers kExhausted
  std::uint64_t frame_bytes_max = 32_MiB;  // payload of one frame; larger ones: kTooLarge
  std::uint64_t group_bytes_max = 4_MiB;   // of one write (one frame may be larger)
  std::uint64_t queue_bytes_max = 64_MiB;  // submitted and not yet settled

  SyncMode sync = SyncMode::kGroup;
  std::chrono::milliseconds sync_interval{200};  // kInterval only

  // Release() never passes the cursor of these; one of them that never checkpointed counts as 0.
  std::vector<std::string> pinning_consumers{};

  // Salts of segments; 0: from the machine's entropy. A fixed seed is for tests.
  std::uint64_t salt_seed = 0;
  // Called on the committer's thread after each durable write; must not block.
  std::function<void(const GroupWritten&)> on_group{};

  Status Validate() const;
};

}  // namespace strata::wal
