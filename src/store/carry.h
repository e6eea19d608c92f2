// Carry: the frames of collections that are too small for a part, kept so that the log's segments
// need not wait for them. Of the files in its folder the one with the highest number counts.
//
// Threads: one (the sealer's); Open() and Replay() before it starts.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <unordered_map>

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

  // Finds the file that counts and removes older ones and unfinished ones. Damage is told by
  // Replay(), except for a file of which nothing can be told: kCorrupt, and nothing is touched.
  static Result<std::unique_ptr<Carry>> Open(const Path& data_dir, os::FileSystem& files,
                                             const Clock& clock);

  // The frames that are not sealed, in order of positions.
  Result<CarryOutcome> Replay(const SealedOf& sealed, const wal::FrameVisitor& visit) const;

  // Replaces the file by one with the frames of the present one that are still unsealed and those
  // of `log`, which must all lie above through(). After success every frame of the log up to
  // `through` is sealed or here, durably. After an error all is as before.
  Status Replace(const SealedOf& sealed, const FrameSource& log, wal::Position through);

  // Removes the file when all that it holds is sealed.
  void DropIfSealed(const SealedOf& sealed);

  // Every frame of the log up to this position is sealed or here: it needs no segment, and replay
  // begins behind it. Stays when the file is dropped.
  wal::Position through() const { return through_; }
  std::uint64_t bytes() const { return header_.bytes; }  // of the file, 0: there is none
  std::uint64_t frames() const { return header_.frames; }

 private:
  Carry(Path folder, os::FileSystem& files, const Clock& clock)
      : folder_(std::move(folder)), files_(files), clock_(clock) {}
  Status Load();
  void RetireOld(std::uint64_t number);
  Path FileOf(std::uint64_t number) const { return folder_ / CarryFileName(number); }

  const Path folder_;
  os::FileSystem& files_;
  const Clock& clock_;
  CarryHeader header_;             // number 0: there is no file
  std::uint64_t last_number_ = 0;  // highest ever tried
  wal::Position through_ = 0;
  bool damaged_ = false;  // the file goes to quarantine when it is replaced
  std::unordered_map<model::CollectionId, wal::Position> last_of_;  // highest carried position
};

}  // namespace strata::store
