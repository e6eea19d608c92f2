// DedupFile: keeps the dedup table over the release of segments, as the log's consumer "dedup".
//
// A segment is not released before the requests in it are in the file or out of the window: the
// consumer pins the log (wal::Config::pinning_consumers). docs/formats/dedup.md has the layout.
#pragma once

#include <filesystem>
#include <thread>

#include "base/clock.h"
#include "ingest/pipeline.h"
#include "os/file_system.h"
#include "wal/log.h"

namespace strata::ingest {

inline constexpr std::string_view kDedupConsumer = "dedup";
inline constexpr const char* kDedupFileName = "dedup.state";  // in the data directory

// Reads the file and returns its size; 0 when there is none. kCorrupt: it is not what was written.
Result<std::uint64_t> VerifyDedupFile(const std::filesystem::path& path, os::FileSystem& files);

class DedupFile {
 public:
  DedupFile(std::filesystem::path data_dir, Pipeline& pipeline, wal::Log& log,
            os::FileSystem& files);
  ~DedupFile();  // stops the thread

  // Before Log::Start(): the table from the file and the headers of the log. A damaged file is told
  // and goes to quarantine: repetitions of what it alone knew are then stored again.
  Status Load();

  // After Log::Start(): saves whenever a segment's worth of log waits, on a thread of its own.
  void Start(std::uint64_t segment_bytes);

  // Looks at once instead of at the next interval: the log is full. Any thread.
  void Nudge();

  // Writes the file and moves the cursor to what it covers. Any thread.
  Status Save();

  // Reads the file back, twice when it looks damaged. A damaged one goes to quarantine; it, or one
  // that is gone, is written again from memory, so that nothing is lost. True: it was damaged. Any
  // thread.
  Result<bool> Scrub();
  std::uint64_t bytes() const;  // about what Scrub() reads

 private:
  void Run(const std::stop_token& stop, std::uint64_t segment_bytes);
  bool Wait(const std::stop_token& stop, bool until_nudged);
  void TellChange(const Status& saved, bool failed_before);

  Status SetAsideDamaged(const Error& damage);

  const std::filesystem::path data_dir_;
  const std::filesystem::path path_;
  Pipeline& pipeline_;
  wal::Log& log_;
  os::FileSystem& files_;
  Mutex saving_;
  Mutex wait_mutex_;
  ConditionVariable wake_;
  bool nudged_ GUARDED_BY(wait_mutex_) = false;
  std::jthread thread_;
};

}  // namespace strata::ingest
