#include "store/check.h"

#include <algorithm>
#include <span>
#include <utility>

#include "base/crc32c.h"
#include "base/hash.h"
#include "os/aligned_buffer.h"

namespace strata::store {
namespace {

// Whole blocks of a part, and of the disk.
constexpr std::uint64_t kWindowBytes = 1_MiB;
static_assert(kWindowBytes % duck::kPartBlockBytes == 0);

// So many may be lost at once: by an accident, not by a mount.
constexpr std::size_t kFewParts = 3;

Verdict Failed(const Error& error) {
  const Soundness soundness = error.code == Code::kNotFound ? Soundness::kGone
                              : error.code == Code::kIo     ? Soundness::kUnreadable
                                                            : Soundness::kUntried;
  return {.soundness = soundness, .reason = error.message};
}

Verdict Damaged(std::uint64_t offset, std::string reason) {
  return {.soundness = Soundness::kDamaged, .offset = offset, .reason = std::move(reason)};
}

std::string OtherSize(std::uint64_t size, std::uint64_t wanted) {
  return "has " + std::to_string(size) + " bytes instead of " + std::to_string(wanted);
}

// Empty, or why a block of `bytes`, which begin with block `first`, is not what was written.
Verdict CompareBlocks(const duck::PartInfo& info, std::uint64_t first, ByteSpan bytes) {
  for (std::uint64_t block = first; !bytes.empty(); ++block) {
    const ByteSpan one = bytes.first(std::min<std::size_t>(duck::kPartBlockBytes, bytes.size()));
    if (block >= info.block_crcs.size() || Crc32c(one) != info.block_crcs[block]) {
      return Damaged(block * duck::kPartBlockBytes,
                     "block " + std::to_string(block) + " does not match its checksum");
    }
    bytes = bytes.subspan(one.size());
  }
  return {};
}

Verdict CheckBlocks(const os::File& file, const duck::PartInfo& info, const Pace& pace) {
  os::AlignedBuffer window(kWindowBytes);
  std::uint64_t done = 0;
  while (done < info.bytes) {
    const std::uint64_t wanted = std::min(kWindowBytes, info.bytes - done);
    if (pace && !pace(wanted)) return {.soundness = Soundness::kStopped, .bytes = done};
    const auto read = file.ReadAt(done, window.span());
    Verdict verdict = read ? Verdict{} : Failed(read.error());
    if (read && *read < wanted)
      verdict = Damaged(done + *read, OtherSize(done + *read, info.bytes));
    if (verdict.soundness == Soundness::kSound) {
      verdict =
          CompareBlocks(info, done / duck::kPartBlockBytes, ByteSpan(window.span()).first(wanted));
    }
    if (read) done += *read;
    if (verdict.soundness != Soundness::kSound) {
      verdict.bytes = done;
      return verdict;
    }
  }
  return {.bytes = done};
}

}  // namespace

Verdict GlanceAtPart(const Part& part, const std::filesystem::path& data_dir,
                     os::FileSystem& files) {
  const auto stat = files.GetStat(data_dir / part.path);
  if (!stat) return Failed(stat.error());
  if (part.info->bytes == kNotDescribed) return Damaged(0, "does not decode");
  if (stat->size == part.info->bytes) return {};
  return Damaged(std::min(stat->size, part.info->bytes), OtherSize(stat->size, part.info->bytes));
}

bool AllGone(std::span<const PartPtr> parts, const std::filesystem::path& data_dir,
             os::FileSystem& files) {
  return parts.size() > kFewParts && std::ranges::all_of(parts, [&](const PartPtr& part) {
           return GlanceAtPart(*part, data_dir, files).soundness == Soundness::kGone;
         });
}

bool AnyOtherReads(const std::string& path, std::span<const PartPtr> all,
                   const std::filesystem::path& data_dir, os::FileSystem& files) {
  os::AlignedBuffer window(duck::kPartBlockBytes);
  const auto reads = [&](const Part& other) {
    const auto file = files.Open(data_dir / other.path, {.mode = os::WriteMode::kDirectSync});
    return file && (*file)->ReadAt(0, window.span()).has_value();
  };
  bool is_alone = true;
  for (const PartPtr& other : all) {
    if (other->path == path) continue;
    if (reads(*other)) return true;
    is_alone = false;
  }
  return is_alone;
}

Verdict CheckPart(const Part& part, const std::filesystem::path& data_dir, os::FileSystem& files,
                  const Pace& pace) {
  Verdict verdict = GlanceAtPart(part, data_dir, files);
  if (verdict.soundness != Soundness::kSound) return verdict;
  const auto file = files.Open(data_dir / part.path, {.mode = os::WriteMode::kDirectSync});
  return file ? CheckBlocks(**file, *part.info, pace) : Failed(file.error());
}

Verdict CheckFilter(const Part& part, const std::filesystem::path& data_dir, os::FileSystem& files,
                    const Pace& pace) {
  const std::uint64_t size = part.info->filter_bytes;
  if (size == 0) return {};
  if (pace && !pace(size)) return {.soundness = Soundness::kStopped};
  const auto path = data_dir / FilterPath(part.path);
  const auto stat = files.GetStat(path);
  if (!stat) return Failed(stat.error());
  if (stat->size != size) return Damaged(0, OtherSize(stat->size, size));
  const auto bytes = files.ReadAll(path, size);
  if (!bytes) return Failed(bytes.error());
  Verdict verdict;
  if (Hash64(*bytes) != part.info->filter_hash) verdict = Damaged(0, "does not match its checksum");
  verdict.bytes = bytes->size();
  return verdict;
}

}  // namespace strata::store
