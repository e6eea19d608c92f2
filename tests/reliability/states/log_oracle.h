// What the clients of one log know, kept on another disk than the log: what they sent, what was
// acknowledged, what they were told that it may be gone.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "wal/log.h"

namespace strata::reliability {

using wal::Position;

// A frame as a reader met it.
struct FrameSeen {
  Position position = 0;
  std::uint64_t id = 0;
  bool operator==(const FrameSeen&) const = default;
};

class LogOracle {
 public:
  struct Cursor {
    Position done = 0;   // acknowledged; 0: none
    Position tried = 0;  // may have been written
    bool may_be_gone = false;
  };

  // The payload of the next frame: its id and bytes that follow from it. Ids grow in the order in
  // which frames are sent.
  std::shared_ptr<const Bytes> NewPayload(std::uint64_t bytes);
  static std::uint64_t IdOf(ByteSpan payload);

  void Acked(Position position, std::uint64_t id);
  // SyncMode::kInterval: what is acked from here on may be lost with the power, up to Synced().
  void AckIsNoPromise() { lossy_ = true; }
  void Synced() { synced_ = HighestAcked(); }
  // And the power went: what was not synced is owed no more.
  void PowerWent();
  // Everything up to `position` may be released.
  void MayRelease(Position position) { released_ = std::max(released_, position); }
  // Readers saw these frames after a recovery: they stay, as if they were acked.
  void Served(const std::vector<FrameSeen>& frames);
  Cursor& CursorOf(const std::string& consumer) { return cursors_[consumer]; }

  // Empty, or the promise that `log`, which was just opened, breaks. `frames` is what it serves.
  std::string Check(wal::Log& log, std::vector<FrameSeen>& frames) const;
  Position HighestAcked() const { return highest_acked_; }
  // Grows with everything that is learned.
  std::uint64_t version() const { return version_; }

 private:
  std::string CheckReplay(wal::Log& log, std::vector<FrameSeen>& frames) const;
  std::string CheckOrder(const std::vector<FrameSeen>& frames) const;
  std::string CheckAcked(const std::vector<FrameSeen>& frames) const;
  std::string CheckReport(wal::Log& log, const std::vector<FrameSeen>& frames) const;
  std::string CheckCursors(wal::Log& log) const;
  std::string Describe(wal::Log& log, const std::vector<FrameSeen>& frames) const;

  std::vector<std::shared_ptr<const Bytes>> payloads_;  // by id - 1
  std::vector<FrameSeen> acked_;                        // by position
  std::map<std::string, Cursor> cursors_;
  Position highest_acked_ = 0;
  Position released_ = 0;
  Position synced_ = 0;
  bool lossy_ = false;
  std::uint64_t version_ = 0;
  std::string violation_;
};

}  // namespace strata::reliability
