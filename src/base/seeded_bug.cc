#include "base/seeded_bug.h"

#include <cstdio>
#include <cstdlib>
#include <string_view>

namespace strata {
namespace {

struct Named {
  std::string_view name;
  Bug bug;
};

// The script tests/reliability/controls has the same names.
constexpr Named kBugs[] = {
    {"skip-sync", Bug::kSkipSync},
    {"skip-folder-sync", Bug::kSkipFolderSync},
    {"ack-before-sync", Bug::kAckBeforeSync},
    {"drop-dedup-on-rotate", Bug::kDropDedupOnRotate},
    {"truncate-at-first-damage", Bug::kTruncateAtFirstDamage},
    {"frame-end-off-by-one", Bug::kFrameEndOffByOne},
    {"reuse-position", Bug::kReusePosition},
    {"manifest-before-data", Bug::kManifestBeforeData},
    {"release-before-durable", Bug::kReleaseBeforeDurable},
    {"retry-sync", Bug::kRetrySync},
    {"hot-after-handover", Bug::kHotAfterHandover},
    {"checksum-of-length", Bug::kChecksumOfLength},
};

Bug Chosen() {
  const char* chosen = std::getenv("STRATA_SEEDED_BUG");
  if (chosen == nullptr || *chosen == '\0') return Bug::kNone;
  for (const Named& one : kBugs) {
    if (one.name == chosen) {
      std::fprintf(stderr, "STRATA_SEEDED_BUG: this process has the bug %s\n", chosen);
      return one.bug;
    }
  }
  std::fprintf(stderr, "STRATA_SEEDED_BUG: no bug is called %s\n", chosen);
  std::abort();
}

}  // namespace

bool SeededBug(Bug bug) {
  static const Bug chosen = Chosen();
  return chosen == bug;
}

}  // namespace strata
