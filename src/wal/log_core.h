// The parts of a log and how they are joined. Private to wal/log*.cc; wal/log.h is the manual.
#pragma once

#include <algorithm>
#include <iterator>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/mutex.h"
#include "wal/committer.h"
#include "wal/cursor_store.h"
#include "wal/log.h"
#include "wal/log_reader.h"
#include "wal/segment_set.h"
#include "wal/segment_stock.h"
#include "wal/survey.h"

namespace strata::wal {

class Log::Core {
 public:
  Core(Config config, os::FileSystem& files, const Clock& clock, CommitHooks& hooks,
       std::unique_ptr<os::FileLock> lock, Survey survey);
  ~Core() { Stop(); }
  Core(const Core&) = delete;
  Core& operator=(const Core&) = delete;

  RecoveryReport recovery() const;
  void Vouch(Position position);

  Status Start(bool threads);
  void Stop() {
    committer_.Stop();
    stock_.Stop();
  }
  Status Release(Position position);
  Result<PositionRange> Readable(Position from, Position to) const;
  PositionRange Replayable(Position after) const;
  std::vector<SegmentInfo> Segments() const {
    auto list = set_.List();
    std::ranges::copy(stock_.List(), std::back_inserter(list));
    return list;
  }
  LogStats stats() const;

  SegmentSet& set() { return set_; }
  const SegmentSet& set() const { return set_; }
  CursorStore& cursors() { return cursors_; }
  const CursorStore& cursors() const { return cursors_; }
  Committer& committer() { return committer_; }
  const Committer& committer() const { return committer_; }
  SegmentStock& stock() { return stock_; }
  LogReader& reader() { return reader_; }

 private:
  void SkipTo(Position base);
  struct Found {
    Damage damage;
    bool kept = false;  // in quarantine
  };

  // Where reading may begin: positions that were lost before the oldest frame belong to the log,
  // those that were released do not.
  Position FirstKnown(Position oldest) const {
    const Position released = survey_.cursors.released;
    return survey_.cursors.log_id.IsZero() ? oldest : std::min(oldest, released + 1);
  }
  void NoteDamage(const Damage& damage);
  Status KeepEvidence();
  Status SetAsideForeignFiles();
  static Status MakeDurable(os::File& file, const FoundSegment& segment);
  Status CloseLeftOpen();
  Result<SegmentStock::Start> CollectSpares();
  std::filesystem::path At(std::string_view name) const { return config_.directory / name; }

  const Config config_;
  os::FileSystem& files_;
  const std::unique_ptr<os::FileLock> lock_;
  Survey survey_;
  std::vector<PositionRange> skipped_;  // constant after Vouch()
  SegmentSet set_;
  CursorStore cursors_;
  SegmentStock stock_;
  Committer committer_;
  LogReader reader_;

  mutable Mutex mutex_;
  std::vector<Found> damage_ GUARDED_BY(mutex_);
  bool started_ GUARDED_BY(mutex_) = false;
  Mutex release_mutex_;  // one release at a time
};

}  // namespace strata::wal
