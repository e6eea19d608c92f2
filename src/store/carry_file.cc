#include "store/carry_file.h"

#include <algorithm>
#include <charconv>
#include <cstdio>
#include <utility>

#include "base/check.h"
#include "base/crc32c.h"
#include "base/fault_point.h"

namespace strata::store {
namespace {

constexpr std::uint64_t kMagic = 0x4643415441525453;  // "STRATACF"
constexpr std::uint32_t kVersion = 1;
constexpr std::size_t kChecked = 16;  // where the checksummed bytes begin
constexpr std::string_view kSuffix = ".carry";
constexpr std::size_t kDigits = 20;
constexpr std::uint64_t kChunkBytes = 1_MiB;

Error Corrupt(const char* what) {
  return {Code::kCorrupt, what};
}

// Bytes of a file by offset, read a chunk at a time.
class Window {
 public:
  explicit Window(const os::File& file) : file_(file) {}

  // Fewer than `size` only at the end of the file.
  Result<ByteSpan> At(std::uint64_t offset, std::uint64_t size) {
    if (offset < begin_ || offset + size > begin_ + bytes_.size()) {
      bytes_.resize(std::max(size, kChunkBytes));
      begin_ = offset;
      auto read = file_.ReadAt(offset, bytes_);
      bytes_.resize(read ? *read : 0);
      if (!read) return std::move(read).error();
    }
    const ByteSpan rest = ByteSpan(bytes_).subspan(offset - begin_);
    return rest.first(std::min<std::uint64_t>(size, rest.size()));
  }

 private:
  const os::File& file_;
  std::uint64_t begin_ = 0;
  Bytes bytes_;
};

class Reader {
 public:
  Reader(const os::File& file, std::uint64_t size, CarryOutcome& outcome)
      : window_(file), size_(size), outcome_(outcome) {}

  Status FindHeader() {
    ASSIGN_OR_RETURN(const ByteSpan front, window_.At(0, kCarryHeaderBytes));
    auto header = DecodeCarryHeader(front);
    if (!header || header->bytes != size_) {
      Note(header ? "not as long as it was" : header.error().message);
      const std::uint64_t back = size_ < kCarryHeaderBytes ? 0 : size_ - kCarryHeaderBytes;
      ASSIGN_OR_RETURN(const ByteSpan copy, window_.At(back, kCarryHeaderBytes));
      auto second = DecodeCarryHeader(copy);
      if (second) header = *second;
    }
    if (!header) return std::move(header).error().Within("header");
    outcome_.header = *header;
    return Done{};
  }

  Status ReadFrames(const wal::FrameVisitor& visit) {
    std::uint64_t offset = kCarryHeaderBytes;
    while (offset + wal::kFrameHeaderBytes <= size_) {
      ASSIGN_OR_RETURN(const ByteSpan head, window_.At(offset, wal::kFrameHeaderBytes));
      const auto header = wal::DecodeFrameHeader(head, outcome_.header.salt);
      if (!header) {
        if (offset + kCarryHeaderBytes == size_) break;
        Note("byte " + std::to_string(offset) + ": " + header.error().message);
        offset += wal::kFrameAlignment;
        continue;
      }
      ASSIGN_OR_RETURN(const ByteSpan bytes, window_.At(offset, header->SizeBytes()));
      const auto frame = wal::DecodeFrame(bytes, outcome_.header.salt);
      if (frame) {
        ++outcome_.frames;
        RETURN_IF_ERROR(visit(*frame));
      } else {
        Note("position " + std::to_string(header->position) + ": " + frame.error().message);
      }
      offset = wal::AlignUp(offset + header->SizeBytes(), wal::kFrameAlignment);
    }
    outcome_.lost_frames =
        outcome_.header.frames - std::min(outcome_.header.frames, outcome_.frames);
    if (outcome_.lost_frames > 0) Note("frames are missing");
    return Done{};
  }

 private:
  void Note(std::string damage) {
    if (outcome_.damage.empty()) outcome_.damage = std::move(damage);
  }

  Window window_;
  const std::uint64_t size_;
  CarryOutcome& outcome_;
};

}  // namespace

void EncodeCarryHeader(const CarryHeader& header, std::span<std::byte> out) {
  CHECK(out.size() >= kCarryHeaderBytes);
  std::ranges::fill(out.first(kCarryHeaderBytes), std::byte{0});
  StoreLe(out, kMagic);
  StoreLe(out.subspan(8), kVersion);
  StoreLe(out.subspan(16), header.number);
  StoreLe(out.subspan(24), header.through);
  StoreLe(out.subspan(32), header.frames);
  StoreLe(out.subspan(40), header.bytes);
  StoreLe(out.subspan(48), header.salt);
  const ByteSpan checked = out.subspan(kChecked, kCarryHeaderBytes - kChecked);
  StoreLe(out.subspan(12), Crc32c(checked));
}

Result<CarryHeader> DecodeCarryHeader(ByteSpan bytes) {
  if (bytes.size() < kCarryHeaderBytes) return Corrupt("short header");
  if (LoadLe<std::uint64_t>(bytes) != kMagic) return Corrupt("no carry file");
  const ByteSpan checked = bytes.subspan(kChecked, kCarryHeaderBytes - kChecked);
  if (LoadLe<std::uint32_t>(bytes.subspan(12)) != Crc32c(checked)) {
    return Corrupt("header checksum mismatch");
  }
  if (LoadLe<std::uint32_t>(bytes.subspan(8)) != kVersion) return Corrupt("unknown version");
  return CarryHeader{.number = LoadLe<std::uint64_t>(bytes.subspan(16)),
                     .through = LoadLe<std::uint64_t>(bytes.subspan(24)),
                     .frames = LoadLe<std::uint64_t>(bytes.subspan(32)),
                     .bytes = LoadLe<std::uint64_t>(bytes.subspan(40)),
                     .salt = LoadLe<std::uint32_t>(bytes.subspan(48))};
}

std::string CarryFileName(std::uint64_t number) {
  char name[kDigits + kSuffix.size() + 1];
  std::snprintf(name, sizeof name, "%020llu.carry", static_cast<unsigned long long>(number));
  return name;
}

std::optional<std::uint64_t> CarryNumberOf(std::string_view name) {
  if (name.size() != kDigits + kSuffix.size() || !name.ends_with(kSuffix)) return std::nullopt;
  std::uint64_t number = 0;
  const char* const begin = name.data();
  const char* const end = begin + kDigits;
  const auto parsed = std::from_chars(begin, end, number);
  if (parsed.ec != std::errc() || parsed.ptr != end) return std::nullopt;
  return number;
}

CarryWriter::CarryWriter(std::filesystem::path folder, CarryHeader header, os::FileSystem& files,
                         std::unique_ptr<os::File> file)
    : folder_(std::move(folder)), header_(header), files_(&files), file_(std::move(file)) {
  buffer_.resize(kCarryHeaderBytes);  // its place: the header is written last
}

Result<CarryWriter> CarryWriter::Create(const std::filesystem::path& folder, std::uint64_t number,
                                        std::uint32_t salt, os::FileSystem& files) {
  ASSIGN_OR_RETURN(
      auto file, files.Open(folder / (CarryFileName(number) + ".new"),
                            {.access = os::Access::kReadWrite, .create = true, .truncate = true}));
  return CarryWriter(folder, {.number = number, .salt = salt}, files, std::move(file));
}

Status CarryWriter::Append(const wal::FrameView& frame) {
  CHECK(frame.position > last_);
  last_ = frame.position;
  const wal::FrameHeader header{
      .info = frame.info,
      .position = frame.position,
      .durable_through = frame.position - 1,
      .payload_bytes = static_cast<std::uint32_t>(frame.payload.size()),
      .payload_checksum = Crc32c(frame.payload),
  };
  const std::size_t at = buffer_.size();
  buffer_.resize(wal::AlignUp(at + header.SizeBytes(), wal::kFrameAlignment));
  const std::span<std::byte> out = std::span(buffer_).subspan(at);
  wal::EncodeFrameHeader(header, header_.salt, out);
  std::ranges::copy(frame.payload, out.begin() + wal::kFrameHeaderBytes);
  ++header_.frames;
  return buffer_.size() < kChunkBytes ? Status(Done{}) : Flush();
}

Status CarryWriter::Flush() {
  RETURN_IF_ERROR(file_->WriteAt(flushed_, buffer_));
  flushed_ += buffer_.size();
  buffer_.clear();
  return Done{};
}

Result<CarryHeader> CarryWriter::Finish(wal::Position through) {
  CHECK(through >= last_);
  header_.through = through;
  header_.bytes = flushed_ + buffer_.size() + kCarryHeaderBytes;
  Bytes head(kCarryHeaderBytes);
  EncodeCarryHeader(header_, head);
  buffer_.insert(buffer_.end(), head.begin(), head.end());
  RETURN_IF_ERROR(Flush());
  RETURN_IF_ERROR(file_->WriteAt(0, head));
  FaultPoint<"store.carry.written">();
  RETURN_IF_ERROR(file_->Sync());
  FaultPoint<"store.carry.synced">();
  file_.reset();
  const auto name = CarryFileName(header_.number);
  RETURN_IF_ERROR(files_->Rename(folder_ / (name + ".new"), folder_ / name));
  FaultPoint<"store.carry.renamed">();
  RETURN_IF_ERROR(files_->SyncDirectory(folder_));
  return header_;
}

Result<CarryOutcome> ReadCarryFile(const std::filesystem::path& path, os::FileSystem& files,
                                   const wal::FrameVisitor& visit) {
  ASSIGN_OR_RETURN(const auto file, files.Open(path, {}));
  ASSIGN_OR_RETURN(const std::uint64_t size, file->Size());
  CarryOutcome outcome;
  Reader reader(*file, size, outcome);
  if (auto found = reader.FindHeader(); !found) {
    return std::move(found).error().Within(path.native());
  }
  RETURN_IF_ERROR(reader.ReadFrames(visit));
  return outcome;
}

}  // namespace strata::store
