// Check: reads the files of a part and compares them with what the manifest knows of them. One code
// for the start, for judging a suspect, for the scrub and for `strata verify`.
//
// Past the page cache where the file system allows: what is checked is what the disk holds.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <span>
#include <string>

#include "os/file_system.h"
#include "store/part.h"

namespace strata::store {

enum class Soundness : std::uint8_t {
  kSound,
  kDamaged,     // other bytes than were written, or another size
  kGone,        // no such file
  kUnreadable,  // the disk refused to read it
  kUntried,     // we were short of something (file descriptors, memory)
  kStopped,     // `pace` said so
};

struct Verdict {
  Soundness soundness = Soundness::kSound;
  std::uint64_t bytes = 0;   // that were read
  std::uint64_t offset = 0;  // of the damage
  std::string reason;

  // The bytes are not what was written.
  bool is_damage() const {
    return soundness == Soundness::kDamaged || soundness == Soundness::kGone;
  }
  // Not to be read, for now or for good: to be judged (store/repair.h).
  bool is_suspicious() const { return is_damage() || soundness == Soundness::kUnreadable; }
};

// Asked before so many bytes are read: it may take its time. False ends the check.
using Pace = std::function<bool(std::uint64_t bytes)>;

// Only that the file is there, and its size: what a start asks.
Verdict GlanceAtPart(const Part& part, const std::filesystem::path& data_dir,
                     os::FileSystem& files);
// Of more than a few parts none is there: that is the look of a disk that is not mounted.
bool AllGone(std::span<const PartPtr> parts, const std::filesystem::path& data_dir,
             os::FileSystem& files);
// Some part but the one at `path` can be read, or there is no other: the disk is not to blame as a
// whole.
bool AnyOtherReads(const std::string& path, std::span<const PartPtr> all,
                   const std::filesystem::path& data_dir, os::FileSystem& files);
// Every byte. `pace` may be empty.
Verdict CheckPart(const Part& part, const std::filesystem::path& data_dir, os::FileSystem& files,
                  const Pace& pace);
// Every byte of the filter beside it; sound when it has none.
Verdict CheckFilter(const Part& part, const std::filesystem::path& data_dir, os::FileSystem& files,
                    const Pace& pace);

}  // namespace strata::store
