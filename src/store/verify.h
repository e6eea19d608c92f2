// Verify: reads everything that the store keeps in a data directory and compares it with its
// checksums, with the code that the start and the scrub use. Writes nothing and takes no lock: a
// server may run meanwhile, whose changes are looked at again before they are called damage.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "base/result.h"
#include "model/collection.h"
#include "os/file_system.h"
#include "store/check.h"
#include "store/manifest_edit.h"

namespace strata::store {

// A file that does not read back, and what is lost with it unless memory or the log has it.
struct FoundDamage {
  std::string path;  // relative to the data directory
  std::uint64_t offset = 0;
  std::string reason;
  std::string namespace_name;  // empty: no rows are at stake, a second copy says the same
  std::string collection;
  wal::PositionRange positions;
  std::uint64_t rows = 0;                                            // 0: not known
  std::int64_t min_time = std::numeric_limits<std::int64_t>::max();  // > max_time: not known
  std::int64_t max_time = std::numeric_limits<std::int64_t>::min();
};

// Rows that an earlier repair listed as lost.
struct KnownLoss {
  std::string namespace_name;
  std::string collection;
  LostRows lost;
};

struct StoreVerification {
  std::uint64_t manifests = 0;
  std::uint64_t parts = 0;
  std::uint64_t rows = 0;  // of the parts
  std::uint64_t carried_frames = 0;
  std::uint64_t bytes = 0;  // that were read
  std::vector<FoundDamage> damage;
  std::vector<KnownLoss> known_losses;
  bool sound() const { return damage.empty(); }
};

// `pace` may be empty; when it ends the reading, the verification is of what was read until then.
// Errors are of reading (kIo), or kInvalidInput: a file was written by a later version.
Result<StoreVerification> VerifyStore(const std::filesystem::path& data_dir, os::FileSystem& files,
                                      const Pace& pace);

}  // namespace strata::store
