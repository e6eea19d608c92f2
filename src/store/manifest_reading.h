// What the files of a manifest say together. One code for the start, the scrub and `strata verify`;
// nothing is written.
//
// An edit counts when one of the two files of its generation has it. The checkpoint of a generation
// that neither has is the state that the generation before ended with.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "base/result.h"
#include "os/file_system.h"
#include "store/manifest_file.h"

namespace strata::store {

// A file with bytes that were durable once and do not read back.
struct FileDamage {
  std::string name;  // without the folder
  std::uint64_t offset = 0;
  std::string reason;
};

// A file that was read, with what it held.
struct ReadManifestBytes {
  std::string name;
  Bytes bytes;
  std::uint64_t edits_at =
      0;  // behind the checkpoint, which was whole before the file got its name
};

struct ManifestReading {
  ManifestPtr state;             // never null
  std::uint64_t generation = 0;  // the newest; 0: there is none
  std::uint64_t bytes = 0;       // of both files
  std::uint64_t end_bytes = 0;   // of one, when they are equal
  std::uint64_t checkpoint_bytes = 0;
  std::uint64_t edits = 0;  // after the checkpoint
  // Both files are there, the same, and end with a record: the next one can be appended.
  bool whole = false;
  std::uint64_t torn_bytes = 0;  // of an edit that was under way
  // Edits that were durable once are in neither file, so the state is what the others say.
  bool lost_edits = false;
  std::vector<FileDamage> damage;
  std::vector<ReadManifestBytes> files;  // that the state is made of
};

// A folder that is missing or empty is an empty manifest. kInvalidInput: written by a version that
// this one does not know. kIo: neither file of the newest generation can be read.
Result<ManifestReading> ReadManifest(const std::filesystem::path& folder,
                                     const std::string& namespace_name, os::FileSystem& files);

}  // namespace strata::store
