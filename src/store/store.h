// Store: rows that left memory for good, and how they get there. The face of the module.
//
// Start:  Open() → RestoreHot() → ReplayCarry(), then the log from ReplayFrom() on → Start().
// Stop:   Stop() → SealAll(). Whatever it does not get to stays in the log.
//
// Reading: store/split.h says how parts and memory are joined.
// Threads: everything but that order may be called from any thread.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <stop_token>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/live.h"
#include "base/result.h"
#include "hot/hot.h"
#include "model/collection.h"
#include "model/metrics.h"
#include "os/file_system.h"
#include "store/adopt.h"
#include "store/carry.h"
#include "store/config.h"
#include "store/log_source.h"
#include "store/manifests.h"
#include "store/part_folder.h"
#include "store/retention.h"
#include "store/scrub.h"
#include "store/split.h"

namespace strata::store {

class Sealer;
class Upkeep;

// What a position's rows are held by. A receipt's answer.
struct Whereabouts {
  bool in_log = false;
  bool in_carry = false;
  bool in_hot = false;
  bool dropped = false;            // by retention
  std::vector<std::string> parts;  // relative to the data directory; at most one
};

struct CollectionFigures {
  model::Collection collection;
  Position sealed = 0;
  std::uint64_t parts = 0;
  std::uint64_t rows = 0;
  std::uint64_t bytes = 0;
  std::vector<wal::PositionRange> dropped;
  std::vector<LostRows> lost;
};

// For /debug/store.
struct StoreFigures {
  std::vector<CollectionFigures> collections;
  Position released = 0;  // the log may have let go of everything up to here
  Position carried_through = 0;
  std::uint64_t carry_bytes = 0;
  std::uint64_t parts_to_remove = 0;       // still read by somebody
  std::vector<std::string> suspect_parts;  // left out of answers until they were judged
  std::string ailment;                     // of sealing, empty: none
  ScrubFigures scrub;
};

struct OpenReport {
  PartFolderReport parts;
  AdoptReport adopted;
  std::map<std::string, ManifestReport> manifests;  // by namespace; of those that were not whole
};

class Store {
 public:
  // Restores collections into `collections`. Damage does not keep a store from opening: it is told,
  // the report has it, and what it leaves out is told by every answer that it concerns.
  // kInvalidInput: a manifest was written by a later version. All arguments outlive the store.
  static Result<std::unique_ptr<Store>> Open(const Config& config, os::FileSystem& files,
                                             const Clock& clock,
                                             model::CollectionTable& collections,
                                             PartWriter& writer, model::Registry& registry);
  ~Store();
  Store(const Store&) = delete;
  Store& operator=(const Store&) = delete;

  const OpenReport& report() const { return report_; }

  // Tells memory what is sealed, before any row is in it.
  void RestoreHot(hot::Hot& hot) const;
  // Frames of the carry file that are not sealed, in order of positions, all at or below
  // ReplayFrom(). The caller does with them what it does with frames of the log. Those that do not
  // read back are taken from the log; what is in neither is listed as lost.
  Status ReplayCarry(LogSource& log, const wal::FrameVisitor& visit);
  // Frames of the log at or below are sealed or carried: do not decode them again. Of those above,
  // skip the ones at or below Sealed(collection).
  Position ReplayFrom() const;

  // Every position up to here was given away: rows of it are in parts, or its frame in the carry
  // file. The log is told (wal::Log::Vouch), or it could give one away again that replay skips and
  // readers take for sealed.
  Position LastKnown() const;

  // Before Start(). Files of other modules, which the scrub reads too.
  void AddScrubSource(ScrubSource source);
  // Before Start(). True while the scrub is to give way; called often, from its thread.
  void GiveWayTo(std::function<bool()> busy);
  // Before Start(). True while the disk is nearly full; called from the store's threads.
  void SaveSpaceWhile(std::function<bool()> disk_is_low);
  // Begins to seal, merge, drop and scrub. `hot` holds everything that was replayed; both outlive
  // the store. With `threads` false nothing runs by itself: SealPass() and UpkeepPass() are called.
  void Start(hot::Hot& hot, LogSource& log, bool threads = true);
  // Of a Start() that is under way: it judges no more damaged parts, and returns soon. Any thread.
  void CancelStart() { start_.request_stop(); }
  // Ends the threads; the part that is being sealed is finished first, a merge is given up.
  void Stop();
  // After Stop(), when nothing is published any more: seals everything in memory, the largest
  // collections first, as far as the time goes. True when nothing is left.
  bool SealAll(MonotonicTime deadline);
  // Memory or the log is full: look at once.
  void Nudge();
  Status SealPass();
  bool UpkeepPass(const std::stop_token& stop = {});
  Duration ScrubStep();

  // Hold it for as long as the files of its parts are read. Never null.
  ManifestPtr Pin(const std::string& namespace_name) const;
  Position Sealed(model::CollectionId id) const;
  Split SplitAt(const ManifestSnapshot& snapshot, model::CollectionId id, Position floor) const;

  // The part at this path, as Split has it, does not read back. True when that is news: it is left
  // out of snapshots from now on, until it was judged (store/repair.h).
  bool ReportDamaged(const std::string& path);
  // The same of a part that the disk refuses to read, while it does read others.
  bool ReportUnreadable(const std::string& path);
  // The carry file does not read back: the rows that it holds, which are in memory, are sealed at
  // the next pass. Nothing before Start().
  void ReportDamagedCarry(const std::string& reason);

  Whereabouts Where(model::CollectionId id, Position position) const;
  StoreFigures Figures() const;
  // What a reload may change: seal, merge, retention. For decisions that are taken from here
  // on.
  void Configure(const Config& config);

  // What retention would drop now, without dropping it.
  std::vector<RetentionDrop> PlanRetention() const;

  std::string ailment() const;  // why sealing does not work; empty when it does

 private:
  Store(const Config& config, os::FileSystem& files, const Clock& clock,
        model::CollectionTable& collections, PartWriter& writer, model::Registry& registry);
  Status Load();
  void AddLogToScrub();
  Status LoseCarried(const Carry::Replayed& replayed);
  Status Lose(const model::Collection& collection, LostRows rows);
  void RegisterGauges(model::Registry& registry);

  const std::filesystem::path data_dir_;
  Live<Config> config_;
  os::FileSystem& files_;
  const Clock& clock_;
  model::CollectionTable& collections_;
  PartWriter& writer_;
  Metrics metrics_;
  OpenReport report_;
  std::unique_ptr<Manifests> manifests_;
  std::unique_ptr<Carry> carry_;
  Graveyard graveyard_;
  std::unique_ptr<Repair> repair_;
  hot::Hot* hot_ = nullptr;   // set by Start()
  LogSource* log_ = nullptr;  // set by Start()
  std::unique_ptr<Upkeep> upkeep_;
  std::unique_ptr<Scrub> scrub_;
  std::function<bool()> busy_;
  std::unique_ptr<Sealer> sealer_;  // from Start() on
  std::stop_source start_;
};

}  // namespace strata::store
