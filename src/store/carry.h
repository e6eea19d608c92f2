// Carry: the frames of collections that are too small for a part, kept so that the log's segments
// need not wait for them. Of the files in its folder the one with the highest number counts.
//
// Damage: frames that do not read back are looked for in the log. Whatever the carry still had of
// them, the rows are in memory after the start, so the damaged file is of no use once they are
// sealed: damaged() asks for that, and until then no segment of the log may go on its account.
//
// Threads: one (the sealer's); Open() and Replay() before it starts.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <unordered_map>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "os/file_system.h"
#include "store/carry_file.h"

namespace strata::store {

class Carry {
 public:
  using Path = std::filesystem::path;
  // The sealed position of a collection.
  using SealedOf = std::function<wal::Position(model::CollectionId)>;
  // Calls the visitor with frames of the log in order of positions.
  using FrameSource = std::function<Status(const wal::FrameVisitor&)>;
  // Hands over the frame with this position; kNotFound or kCorrupt: the log does not have it.
  using FrameAt = std::function<Status(wal::Position, const wal::FrameVisitor&)>;

  // Finds the file that counts and removes older ones and unfinished ones. Damage is told, and a
  // file of which nothing can be told goes to quarantine.
  static Result<std::unique_ptr<Carry>> Open(const Path& data_dir, os::FileSystem& files,
                                             const Clock& clock);

  // What a replay came past: frames that were handed over, and those that nothing has.
  struct Replayed {
    std::uint64_t frames = 0;
    std::vector<CarryEntry> lost;
    std::uint64_t lost_unnamed = 0;  // of which nothing is known, but that they were carried
  };
  // Where a replay finds what the file has lost.
  struct Log {
    FrameAt at;
    FrameSource through;  // all that the log has up to through()
  };
  // The frames that are not sealed, in order of positions, damaged ones from `log`. Once.
  Result<Replayed> Replay(const SealedOf& sealed, const Log& log, const wal::FrameVisitor& visit);

  // Replaces the file by one with the frames of the present one that are still unsealed and those
  // of `log`, which must all lie above through(). After success every frame of the log up to
  // `through` is sealed or here, durably. After an error all is as before, and nothing is left of
  // the attempt that could be removed.
  // Requires: damaged() is false.
  Status Replace(const SealedOf& sealed, const FrameSource& log, wal::Position through);

  // Removes the file when all that it holds is sealed; a damaged one goes to quarantine.
  void DropIfSealed(const SealedOf& sealed);

  // Every frame of the log up to this position is sealed or here: it needs no segment, and replay
  // begins behind it. Stays when the file is dropped. With damage it holds for the replay only.
  wal::Position through() const { return through_; }
  std::uint64_t number() const { return header_.number; }  // 0: there is no file
  std::uint64_t bytes() const { return header_.bytes; }
  // What was wrong when it was last read; empty: nothing.
  bool damaged() const { return !damage_.empty(); }
  // The file turned out not to read back.
  void MarkDamaged(std::string reason);
  static constexpr const char* kFolder = "carry";
  // Of the file that counts in `folder`, or of an index whose file is gone; 0: there is none.
  static Result<std::uint64_t> NewestNumber(const Path& folder, os::FileSystem& files);
  // Where a damaged file of this number is kept, relative to the data directory.
  static std::string QuarantinedName(std::uint64_t number);

 private:
  Carry(Path data_dir, os::FileSystem& files, const Clock& clock)
      : data_dir_(std::move(data_dir)), files_(files), clock_(clock) {}
  Path folder() const { return data_dir_ / kFolder; }
  Status Load();
  Status Read(std::uint64_t number);
  void WriteIndex();
  Status NameFromLog(const SealedOf& sealed, const FrameSource& log);
  Result<CarryHeader> Write(const SealedOf& sealed, const FrameSource& log, std::uint64_t number,
                            wal::Position through,
                            std::unordered_map<model::CollectionId, wal::Position>& last_of);
  void RemoveAttempt(std::uint64_t number);
  Status Retire(std::uint64_t number, bool damaged);

  const Path data_dir_;
  os::FileSystem& files_;
  const Clock& clock_;
  CarryHeader header_;             // number 0: there is no file
  std::uint64_t last_number_ = 0;  // highest ever tried
  wal::Position through_ = 0;
  std::string damage_;
  std::vector<CarryEntry> held_;    // entries whose frames read back at the start, ascending
  std::vector<CarryEntry> broken_;  // entries whose frames do not read back, ascending
  std::uint64_t unnamed_ = 0;       // frames that do not read back and are not in `broken_`
  std::unordered_map<model::CollectionId, wal::Position> last_of_;  // highest carried position
};

}  // namespace strata::store
