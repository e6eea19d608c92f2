#include "store/manifest_file.h"

#include <algorithm>
#include <utility>

#include "store/manifest_record.h"
#include "store/numbered_name.h"

namespace strata::store {
namespace {

constexpr std::string_view kSuffix = ".manifest";
constexpr std::string_view kMirrorSuffix = ".mirror";

// False when something else than zeros stands behind the record.
bool IsPadded(ByteSpan bytes, const Record& record) {
  bytes = bytes.first(std::min(record.SizeBytes(), bytes.size()));
  return std::ranges::all_of(bytes.subspan(kRecordHeaderBytes + record.payload.size()),
                             [](std::byte b) { return b == std::byte{0}; });
}

// Puts what an intact record says into `file`.
Status Keep(const Record& record, ManifestFile& file) {
  ASSIGN_OR_RETURN(Edit edit, DecodeEdit(record.payload));
  if (record.type == RecordType::kCheckpoint) {
    file.checkpoint = {.sequence = record.sequence, .edit = std::move(edit)};
    file.checkpoint_bytes = record.SizeBytes();
  } else {
    file.edits.insert_or_assign(record.sequence, std::move(edit));
  }
  return Done{};
}

}  // namespace

std::filesystem::path ManifestFolder(const std::filesystem::path& data_dir,
                                     const std::string& namespace_name) {
  return data_dir / kManifestFolder / namespace_name;
}

std::string GenerationFileName(std::uint64_t generation) {
  return NumberedName(generation, kSuffix);
}

std::string MirrorFileName(std::uint64_t generation) {
  return NumberedName(generation, kMirrorSuffix);
}

std::optional<std::uint64_t> GenerationOf(std::string_view file_name) {
  const auto generation = NumberOfName(file_name, kSuffix);
  return generation ? generation : NumberOfName(file_name, kMirrorSuffix);
}

Bytes EncodeCheckpoint(const ManifestSnapshot& state, std::uint64_t generation) {
  const Bytes payload = EncodeEdit(CheckpointOf(state));
  return EncodeRecord({.type = RecordType::kCheckpoint,
                       .generation = generation,
                       .sequence = state.sequence,
                       .payload = payload});
}

Bytes EncodeEditRecord(const Edit& edit, std::uint64_t generation, std::uint64_t sequence) {
  const Bytes payload = EncodeEdit(edit);
  return EncodeRecord({.type = RecordType::kEdit,
                       .generation = generation,
                       .sequence = sequence,
                       .payload = payload});
}

// A record stands where the one before it ends, and has the next sequence. Where none does, the
// next one is searched at every multiple of 8, so that what is whole is found.
Result<ManifestFile> ReadManifestFile(ByteSpan bytes, std::uint64_t generation) {
  ManifestFile file;
  std::optional<std::uint64_t> broken_at;
  std::optional<std::uint64_t> last;  // sequence
  std::uint64_t end = 0;              // of the last record
  for (std::uint64_t offset = 0; offset < bytes.size();) {
    const ByteSpan rest = bytes.subspan(offset);
    const auto record = DecodeRecord(rest);
    if (!record && record.error().code != Code::kCorrupt) {
      return Error(record.error()).Within("record at byte " + std::to_string(offset));
    }
    const bool fits = record && record->generation == generation &&
                      (record->type == RecordType::kCheckpoint) == (offset == 0);
    if (!fits) {
      if (!broken_at) broken_at = offset;
      offset += kRecordAlignment;
      continue;
    }
    if (auto kept = Keep(*record, file); !kept) {
      return std::move(kept).error().Within("record at byte " + std::to_string(offset));
    }
    const bool is_next = !last || record->sequence == *last + 1;
    if (!broken_at && (!is_next || !IsPadded(rest, *record))) broken_at = offset;
    last = record->sequence;
    offset += record->SizeBytes();
    end = std::min<std::uint64_t>(offset, bytes.size());
  }
  file.good_bytes = broken_at.value_or(bytes.size());
  file.torn_bytes = bytes.size() - end;
  if (!file.checkpoint) file.damaged_at = 0;
  if (broken_at && *broken_at < end) file.damaged_at = *broken_at;
  return file;
}

}  // namespace strata::store
