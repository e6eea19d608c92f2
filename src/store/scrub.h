// Scrub: reads all that is stored, over and over, so that damage is found while memory, the log or
// a second copy can still make it good.
//
// A round reads everything once: files of other modules, the carry file, the manifests, then every
// part. It is spread over `scrub.interval`, never faster than `scrub.rate`, and steps aside while
// requests or statements run, unless it has fallen behind. A restart goes on where the process
// before it ended. What it finds it reports to whoever owns the file, who makes it good or tells
// the loss; what it reads twice costs time, nothing else.
//
// Threads: one of its own; Figures() from any.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <stop_token>
#include <string>
#include <thread>
#include <vector>

#include "base/clock.h"
#include "base/mutex.h"
#include "store/check.h"
#include "store/repair.h"
#include "store/scrub_progress.h"
#include "store/workplace.h"

namespace strata::store {

// What reading a source came to.
struct ScrubbedSource {
  std::uint64_t bytes = 0;
  std::uint64_t files = 0;
  std::uint64_t damaged = 0;  // of them; their owner has made them good or told the loss
};

// Files that another module owns.
struct ScrubSource {
  std::string name;
  std::function<std::uint64_t()> bytes;  // about how many there are to read
  // Calls `pace` before it reads, and ends early when that says no.
  std::function<Result<ScrubbedSource>(const Pace& pace)> read;
};

struct ScrubFigures {
  bool is_on = false;
  bool is_paused = false;  // requests or statements go first
  std::uint64_t bytes_total = 0;
  ScrubProgress progress;
};

class Scrub {
 public:
  struct Hooks {
    std::function<bool()> busy;       // somebody waits for the machine; empty: never
    std::function<void()> suspected;  // a part is to be judged
    std::function<void(const std::string& reason)> carry_damaged;
    // Sleeps; false when the scrub is to end. Empty: its own.
    std::function<bool(Duration)> wait;
  };

  // Reads `scrub.state`. Everything outlives it.
  Scrub(const Workplace& at, Repair& repair, Hooks hooks);
  ~Scrub();  // ends the thread
  Scrub(const Scrub&) = delete;
  Scrub& operator=(const Scrub&) = delete;

  void Add(ScrubSource source);  // before Start()
  void Start();                  // the thread, once
  // Ends it after the piece that is being read, and writes down how far it came.
  void Stop();

  // Reads the next thing if it is due. Returns how long there is nothing to do. What the thread
  // does; also for tests.
  Duration Step();

  ScrubFigures Figures() const;

 private:
  struct Item {
    ScrubPlace place;
    PartPtr part;                         // of kParts
    const ScrubSource* source = nullptr;  // of kSources
  };

  void Load();
  void Save();
  void Run(const std::stop_token& stop);
  bool Wait(Duration duration);
  bool Pass(std::uint64_t bytes);  // the Pace of all that is read
  void Tick();
  void BeginRound();
  bool MustGiveWay();
  Duration Due() const;  // elapsed time of the round at which the next thing is due
  std::uint64_t BytesTotal() const;
  std::optional<Item> Next() const;
  std::optional<Item> NextPart() const;
  bool Read(const Item& item);  // false: it was cut short
  bool ReadSource(const ScrubSource& source);
  bool ReadCarryFile();
  bool ReadManifestFiles(const std::string& namespace_name);
  bool ReadPart(const PartPtr& part);
  void Note(const std::string& file, const Verdict& verdict);
  void NoteFile(std::uint64_t bytes, bool damaged);

  const Workplace at_;
  const ScrubConfig& config_;
  Repair& repair_;
  const Hooks hooks_;
  std::vector<ScrubSource> sources_;  // by name

  // The thread's, or the test's.
  ScrubProgress progress_;
  std::uint64_t bytes_total_ = 0;
  MonotonicTime last_tick_;
  MonotonicTime next_read_;  // not before, for the rate
  MonotonicTime next_save_;
  MonotonicTime next_total_;

  mutable Mutex mutex_;
  ScrubFigures figures_ GUARDED_BY(mutex_);

  Mutex wait_mutex_;
  ConditionVariable wake_;
  std::stop_token stop_;
  bool ended_ = false;  // a wait was cut short: no more is read
  std::jthread thread_;
};

}  // namespace strata::store
