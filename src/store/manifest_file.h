// The files of a manifest: names, bytes, and what one of them says. docs/formats/manifest.md has
// the rules. Nothing is written here (store/manifest.h) or put together (store/manifest_reading.h).
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/result.h"
#include "store/manifest_state.h"

namespace strata::store {

inline constexpr const char* kManifestFolder = "manifest";
// "<data_dir>/manifest/<namespace>"
std::filesystem::path ManifestFolder(const std::filesystem::path& data_dir,
                                     const std::string& namespace_name);

// Each generation is kept twice, byte for byte: "00000000000000000007.manifest", and ".mirror".
std::string GenerationFileName(std::uint64_t generation);
std::string MirrorFileName(std::uint64_t generation);
std::optional<std::uint64_t> GenerationOf(std::string_view file_name);  // of either

Bytes EncodeCheckpoint(const ManifestSnapshot& state, std::uint64_t generation);
Bytes EncodeEditRecord(const Edit& edit, std::uint64_t generation, std::uint64_t sequence);

// What one file says, record by record. Only records whose checksum fits are in it.
struct ManifestFile {
  struct Checkpoint {
    std::uint64_t sequence = 0;
    Edit edit;
  };
  std::optional<Checkpoint> checkpoint;
  std::map<std::uint64_t, Edit> edits;  // by sequence

  std::uint64_t checkpoint_bytes = 0;
  std::uint64_t good_bytes = 0;  // up to the first byte that is no record
  std::uint64_t torn_bytes = 0;  // behind the last record
  // Where bytes do not read that were durable once: the checkpoint, or records with an intact one
  // behind them. Only torn_bytes may be what an interrupted edit left.
  std::optional<std::uint64_t> damaged_at;
};

// kInvalidInput: an intact record was written by a version that this one does not know.
Result<ManifestFile> ReadManifestFile(ByteSpan bytes, std::uint64_t generation);

}  // namespace strata::store
