// Bugs that are put into the product on purpose, to prove that the tests notice them
// (tests/reliability/controls). Each stands in one place of the code, as
//
//   if (!SeededBug(Bug::kSkipSync)) …
//
// which is constant false unless CMake's STRATA_SEEDED_BUGS is on. Then the environment variable
// STRATA_SEEDED_BUG names the one that is alive, if any. Release builds have none of this: the test
// "no_seeded_bugs" looks into the binary.
//
// Threads: any.
#pragma once

#include <cstdint>

namespace strata {

enum class Bug : std::uint8_t {
  kNone,
  kSkipSync,               // log frames are written, but not synced
  kSkipFolderSync,         // the name of a new segment is not synced
  kAckBeforeSync,          // a group is acknowledged before it is written
  kDropDedupOnRotate,      // what a released segment knew of requests is not kept
  kTruncateAtFirstDamage,  // recovery cuts at damage instead of going on behind it
  kFrameEndOffByOne,       // recovery takes the last frame to end a byte early
  kReusePosition,          // positions that may have been acknowledged are given away again
  kManifestBeforeData,     // a part is listed before its bytes are synced
  kReleaseBeforeDurable,   // segments are released whose rows are in no part
  kRetrySync,              // a failed sync is tried again and then believed
  kHotAfterHandover,       // rows are read from memory although a part that is read has them
  kChecksumOfLength,       // payload checksums cover the length only
};

#ifdef STRATA_SEEDED_BUGS
// Ends the process when STRATA_SEEDED_BUG is set to a name that no bug has.
bool SeededBug(Bug bug);
#else
constexpr bool SeededBug(Bug) {
  return false;
}
#endif

}  // namespace strata
