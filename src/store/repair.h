// Repair: what becomes of parts that do not read back.
//
// A suspect is left out of snapshots at once, and answers say so. Then it is judged: read again,
// twice. If it is sound it comes back. If it is damaged its file goes to quarantine, its rows are
// written again from memory or from the log as far as these still have them, and what nothing has
// is listed as lost, with its positions, in the edit that takes the part out of the manifest.
//
// A part that the disk refuses to read may come back. What memory or the log has of all its rows is
// listed in its place at once; otherwise it is read again once a minute, and becomes a damaged one
// when the disk has refused ten times and does read other parts.
//
// A crash in between leaves a part that is listed and not there: the next start suspects it.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <vector>

#include "base/mutex.h"
#include "base/result.h"
#include "hot/hot.h"
#include "store/check.h"
#include "store/log_source.h"
#include "store/split.h"
#include "store/workplace.h"

namespace strata::store {

class Repair {
 public:
  explicit Repair(const Workplace& at) : at_(at), suspects_(std::make_shared<PathSet>()) {}

  // True when it was none before. `path` as in Part. Any thread.
  bool Suspect(const std::string& path);
  // The same for a part that the disk refuses to read. Not while it reads no other part either: a
  // disk that is away for a while makes no answers that miss everything.
  bool SuspectUnreadable(const std::string& path);
  std::shared_ptr<const PathSet> suspects() const;
  // The same for the filter beside the part, which costs no row: the part goes on without one.
  bool SuspectFilter(const std::string& part_path);
  bool HasWork() const;

  // Where rows may be found again; both outlive the use of Judge(). Once.
  void Use(hot::Hot& hot, LogSource& log);

  // Judges those that are due; nothing before Use(). One thread; requires: nobody else removes
  // parts from a manifest meanwhile. Errors are told and tried again later. Ends soon after a stop
  // is requested: what was not judged then stays suspected.
  void Judge(const std::stop_token& stop);

 private:
  struct Rebuilt {
    std::vector<PartPtr> parts;
    std::uint64_t rows = 0;
    wal::PositionRange from_log;  // that memory does not have; the log may have some of it
    wal::PositionRange gap;       // of these, what it has not; empty when that is not known
  };
  struct Pending {
    MonotonicTime retry_at;
    std::string reason;               // of the damage, once it is known
    std::uint32_t refusals = 0;       // of the disk, to read it; in a row
    std::optional<Rebuilt> unlisted;  // what was written again
    // Once it failed a crash may still bring the edit back: what was written again has to stay.
    bool edit_was_tried = false;
  };

  void Clear(const std::string& path);
  void JudgeFilters();
  Status JudgeFilter(const PartPtr& part, const model::Collection& collection);
  Status JudgeOne(const PartPtr& part, const model::Collection& collection);
  Status JudgeUnreadable(const PartPtr& part, const model::Collection& collection,
                         Pending& pending);
  Verdict CheckTwice(const Part& part);
  std::vector<PartPtr> AllParts() const;
  Status CheckNotUnmounted() const;
  Status Replace(const PartPtr& part, const model::Collection& collection, Pending& pending);
  static std::optional<LostRows> LostOf(const Part& part, const Rebuilt& rebuilt);
  Result<Rebuilt> Rebuild(const Part& part, const model::Collection& collection);
  Status AddFromMemory(const Part& part, const model::Collection& collection, Rebuilt& rebuilt);
  Status AddFromLog(const Part& part, const model::Collection& collection, Rebuilt& rebuilt);
  Status Write(const Part& part, const model::Collection& collection,
               std::span<const model::BlockSlice> slices, Rebuilt& rebuilt);
  Result<std::string> SetAsideFiles(const Part& part);
  void Tell(const Part& part, const model::Collection& collection, const std::string& reason,
            const std::string& kept, const Rebuilt& rebuilt) const;

  const Workplace at_;
  hot::Hot* hot_ = nullptr;
  LogSource* log_ = nullptr;
  std::stop_token stop_;                    // of the Judge() that is under way
  std::map<std::string, Pending> pending_;  // by path; of those whose judgement is under way

  mutable Mutex mutex_;
  std::shared_ptr<const PathSet> suspects_ GUARDED_BY(mutex_);  // replaced, never changed
  PathSet suspect_filters_ GUARDED_BY(mutex_);                  // paths of their parts
};

}  // namespace strata::store
