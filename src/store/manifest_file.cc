#include "store/manifest_file.h"

#include <algorithm>
#include <charconv>
#include <cstdio>

#include "store/manifest_record.h"

namespace strata::store {
namespace {

constexpr std::string_view kSuffix = ".manifest";
constexpr std::size_t kDigits = 20;

Error At(std::uint64_t offset, Error error) {
  return std::move(error).Within("record at byte " + std::to_string(offset));
}

// True when an intact record of this file stands somewhere behind `offset`: the one at `offset` was
// then durable once, because every record is synced before the next is written.
bool RecordFollows(ByteSpan bytes, std::uint64_t offset, std::uint64_t generation) {
  for (offset += kRecordAlignment; offset + kRecordHeaderBytes <= bytes.size();
       offset += kRecordAlignment) {
    const auto record = DecodeRecord(bytes.subspan(offset));
    if (record && record->generation == generation) return true;
  }
  return false;
}

Result<std::uint64_t> ApplyCheckpoint(ByteSpan bytes, std::uint64_t generation,
                                      StateBuilder& builder) {
  auto record = DecodeRecord(bytes);
  if (!record) {
    if (record.error().code != Code::kCorrupt) return At(0, std::move(record).error());
    return Error{Code::kNotFound, "checkpoint: " + record.error().message};
  }
  if (record->type != RecordType::kCheckpoint || record->generation != generation) {
    return Error{Code::kCorrupt, "the first record is no checkpoint of this generation"};
  }
  auto edit = DecodeEdit(record->payload);
  if (!edit) return At(0, std::move(edit).error());
  if (auto applied = builder.Apply(*edit, record->sequence); !applied) {
    return At(0, std::move(applied).error());
  }
  return record->SizeBytes();
}

Result<std::uint64_t> ApplyEditRecord(const Record& record, std::uint64_t generation,
                                      std::uint64_t sequence, StateBuilder& builder) {
  if (record.type != RecordType::kEdit || record.generation != generation ||
      record.sequence != sequence) {
    return Error{Code::kCorrupt, "not the edit " + std::to_string(sequence) + " that is due here"};
  }
  ASSIGN_OR_RETURN(const Edit edit, DecodeEdit(record.payload));
  RETURN_IF_ERROR(builder.Apply(edit, sequence));
  return record.SizeBytes();
}

}  // namespace

std::string GenerationFileName(std::uint64_t generation) {
  char name[kDigits + kSuffix.size() + 1];
  std::snprintf(name, sizeof name, "%020llu.manifest", static_cast<unsigned long long>(generation));
  return name;
}

std::optional<std::uint64_t> GenerationOf(std::string_view file_name) {
  if (file_name.size() != kDigits + kSuffix.size() || !file_name.ends_with(kSuffix)) {
    return std::nullopt;
  }
  std::uint64_t generation = 0;
  const char* const begin = file_name.data();
  const char* const end = begin + kDigits;
  const auto parsed = std::from_chars(begin, end, generation);
  if (parsed.ec != std::errc() || parsed.ptr != end) return std::nullopt;
  return generation;
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

Result<ManifestFile> ParseManifest(ByteSpan bytes, std::uint64_t generation,
                                   std::string_view namespace_name) {
  ManifestSnapshot empty;
  empty.namespace_name = namespace_name;
  StateBuilder builder(empty);
  ManifestFile file;
  ASSIGN_OR_RETURN(file.checkpoint_bytes, ApplyCheckpoint(bytes, generation, builder));
  std::uint64_t sequence = DecodeRecord(bytes)->sequence;
  std::uint64_t offset = file.checkpoint_bytes;
  while (offset < bytes.size()) {
    auto record = DecodeRecord(bytes.subspan(offset));
    if (!record) {
      if (record.error().code != Code::kCorrupt || RecordFollows(bytes, offset, generation)) {
        return At(offset, std::move(record).error());
      }
      break;
    }
    auto size = ApplyEditRecord(*record, generation, ++sequence, builder);
    if (!size) return At(offset, std::move(size).error());
    offset += *size;
  }
  file.good_bytes = std::min<std::uint64_t>(offset, bytes.size());
  file.torn_bytes = bytes.size() - file.good_bytes;
  file.state = builder.Finish();
  return file;
}

Result<Bytes> RepairCheckpoint(ByteSpan bytes, std::uint64_t generation,
                               const ManifestSnapshot& previous) {
  Bytes repaired = EncodeCheckpoint(previous, generation);
  if (bytes.size() < repaired.size()) {
    return Error{Code::kCorrupt, "shorter than the checkpoint that it began with"};
  }
  const ByteSpan edits = bytes.subspan(repaired.size());
  repaired.insert(repaired.end(), edits.begin(), edits.end());
  // A checkpoint of another state would have another length or sequence: then what follows it here
  // is not the next edit.
  ASSIGN_OR_RETURN(const ManifestFile file,
                   ParseManifest(repaired, generation, previous.namespace_name));
  if (file.torn_bytes > 0) {
    return Error{Code::kCorrupt, "what follows the damaged checkpoint is no edit of it"};
  }
  return repaired;
}

}  // namespace strata::store
