// A manifest file's bytes: a checkpoint and the edits after it. docs/formats/manifest.md has the
// rules. No files here: manifest.h keeps them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/result.h"
#include "store/manifest_state.h"

namespace strata::store {

// "00000000000000000007.manifest"
std::string GenerationFileName(std::uint64_t generation);
std::optional<std::uint64_t> GenerationOf(std::string_view file_name);

Bytes EncodeCheckpoint(const ManifestSnapshot& state, std::uint64_t generation);
Bytes EncodeEditRecord(const Edit& edit, std::uint64_t generation, std::uint64_t sequence);

struct ManifestFile {
  ManifestPtr state;
  std::uint64_t good_bytes = 0;        // up to the end of the last good record
  std::uint64_t checkpoint_bytes = 0;  // of them
  std::uint64_t torn_bytes = 0;        // behind it: an edit that was never acknowledged
};

// Reads a whole file. kCorrupt names the offset: a record that is damaged and not the last one, or
// an edit that contradicts the state. kNotFound: it is the checkpoint that is damaged, so that the
// generation before it may help. kInvalidInput: written by a version that this one does not know.
Result<ManifestFile> ParseManifest(ByteSpan bytes, std::uint64_t generation,
                                   std::string_view namespace_name);

// The same file with a damaged checkpoint written again from the state that it was made of.
// kCorrupt where the two do not fit together.
Result<Bytes> RepairCheckpoint(ByteSpan bytes, std::uint64_t generation,
                               const ManifestSnapshot& previous);

}  // namespace strata::store
