// Verify: all that a data directory holds, read back with the code that the start and the scrub
// use.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

#include "base/result.h"
#include "os/file_system.h"
#include "store/verify.h"
#include "wal/inspect.h"

namespace strata::app {

struct Verification {
  wal::Verification log;
  store::StoreVerification store;
  std::uint64_t dedup_bytes = 0;
  std::string dedup_damage;  // empty: none

  std::uint64_t bytes() const { return log.payload_bytes + store.bytes + dedup_bytes; }
  bool sound() const { return log.sound() && store.sound() && dedup_damage.empty(); }
};

// Writes nothing and takes no lock: also beside a running server. kNotFound: there is no such
// directory, or strata has never served on it.
Result<Verification> VerifyDataDirectory(os::FileSystem& files,
                                         const std::filesystem::path& data_dir);

}  // namespace strata::app
