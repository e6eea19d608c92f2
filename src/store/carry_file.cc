#include "store/carry_file.h"

#include <algorithm>
#include <utility>

#include "base/check.h"
#include "base/crc32c.h"
#include "base/fault_point.h"
#include "store/numbered_name.h"

namespace strata::store {
namespace {

constexpr std::uint64_t kMagic = 0x4643415441525453;  // "STRATACF"
constexpr std::uint32_t kVersion = 1;
constexpr std::size_t kChecked = 16;  // where the checksummed bytes begin
constexpr std::string_view kSuffix = ".carry";
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
  Reader(const os::File& file, std::uint64_t size, std::uint64_t number,
         const std::optional<CarryIndex>& index, CarryOutcome& outcome)
      : window_(file), size_(size), number_(number), index_(index), outcome_(outcome) {}

  // False: nothing tells the salt of the frames.
  Result<bool> FindHeader() {
    ASSIGN_OR_RETURN(const ByteSpan front, window_.At(0, kCarryHeaderBytes));
    const auto header = DecodeHeader(front);
    const std::uint64_t back = size_ < kCarryHeaderBytes ? 0 : size_ - kCarryHeaderBytes;
    ASSIGN_OR_RETURN(const ByteSpan behind, window_.At(back, kCarryHeaderBytes));
    const auto copy = DecodeHeader(behind);
    if (!header) Note("header: " + header.error().message);
    if (header && header->bytes != size_) Note("not as long as it was");
    if (!copy) Note("the copy of the header: " + copy.error().message);
    if (header || copy) {
      outcome_.header = header ? *header : *copy;
      return true;
    }
    if (!index_) return false;
    outcome_.header = {.number = index_->number,
                       .through = index_->through,
                       .frames = index_->entries.size(),
                       .bytes = size_,
                       .salt = index_->salt};
    return true;
  }

  Status FindFrames() {
    std::uint64_t offset = kCarryHeaderBytes;
    while (offset + wal::kFrameHeaderBytes <= size_) {
      ASSIGN_OR_RETURN(const ByteSpan head, window_.At(offset, wal::kFrameHeaderBytes));
      const auto header = wal::DecodeFrameHeader(head, SeedAt(offset));
      if (!header) {
        if (offset + kCarryHeaderBytes == size_) break;
        Note("byte " + std::to_string(offset) + ": " + header.error().message);
        offset += wal::kFrameAlignment;
        continue;
      }
      const std::uint64_t end = wal::AlignUp(offset + header->SizeBytes(), wal::kFrameAlignment);
      ASSIGN_OR_RETURN(const ByteSpan bytes, window_.At(offset, end - offset));
      const auto frame = wal::DecodeFrame(bytes, SeedAt(offset));
      const wal::Position last = frames_.empty() ? 0 : frames_.back().position;
      if (frame && frame->position <= last) {
        Note("position " + std::to_string(frame->position) + ": out of order");
      } else if (frame) {
        frames_.push_back({.position = frame->position, .offset = offset, .bytes = end - offset});
        CheckPadding(bytes, header->SizeBytes(), offset);
      } else {
        Note("position " + std::to_string(header->position) + ": " + frame.error().message);
        named_.push_back({.position = header->position,
                          .collection = header->info.collection_id,
                          .records = header->info.record_count});
      }
      offset = end;
    }
    return Done{};
  }

  Status HandOver(const wal::FrameVisitor& visit) {
    for (const Frame& at : frames_) {
      ASSIGN_OR_RETURN(const ByteSpan bytes, window_.At(at.offset, at.bytes));
      const auto frame = wal::DecodeFrame(bytes, SeedAt(at.offset));
      if (!frame || frame->position != at.position) {
        return Error{Code::kIo, "position " + std::to_string(at.position) + " read back once only"};
      }
      RETURN_IF_ERROR(visit(*frame));
    }
    return Done{};
  }

  // What is not there, by the index or at least by count.
  void CountLost() {
    outcome_.frames = frames_.size();
    outcome_.has_index = index_.has_value();
    wal::Position last = 0;
    for (const CarryEntry& entry : index_ ? index_->entries : named_) {
      const bool is_there =
          std::ranges::binary_search(frames_, entry.position, {}, &Frame::position);
      if (is_there || entry.position <= last) continue;
      last = entry.position;
      outcome_.lost.push_back(entry);
    }
    const std::uint64_t known = outcome_.frames + outcome_.lost.size();
    if (!index_)
      outcome_.lost_unnamed = outcome_.header.frames - std::min(outcome_.header.frames, known);
    if (!outcome_.lost.empty() || outcome_.lost_unnamed > 0) Note("frames are missing");
  }

 private:
  struct Frame {
    wal::Position position = 0;
    std::uint64_t offset = 0;
    std::uint64_t bytes = 0;
  };

  std::uint32_t SeedAt(std::uint64_t offset) const {
    return wal::FrameSeed(outcome_.header.salt, offset);
  }

  // An older file under a newer one's name would hide what is in that one.
  Result<CarryHeader> DecodeHeader(ByteSpan bytes) const {
    auto header = DecodeCarryHeader(bytes);
    if (!header || header->number == number_) return header;
    return Error{Code::kCorrupt, "of carry file " + std::to_string(header->number)};
  }

  void Note(std::string damage) {
    if (outcome_.damage.empty()) outcome_.damage = std::move(damage);
  }

  void CheckPadding(ByteSpan bytes, std::uint64_t frame_bytes, std::uint64_t offset) {
    const bool zeros = std::ranges::all_of(bytes.subspan(frame_bytes),
                                           [](std::byte b) { return b == std::byte{0}; });
    if (!zeros) Note("byte " + std::to_string(offset + frame_bytes) + ": padding is not zero");
  }

  Window window_;
  const std::uint64_t size_;
  const std::uint64_t number_;
  const std::optional<CarryIndex>& index_;
  CarryOutcome& outcome_;
  std::vector<Frame> frames_;      // that are whole, ascending by position
  std::vector<CarryEntry> named_;  // that have a header and are not whole
};

// nullopt: there is none, or it is damaged; then the outcome says so.
Result<std::optional<CarryIndex>> ReadIndex(const std::filesystem::path& folder,
                                            std::uint64_t number, os::FileSystem& files,
                                            CarryOutcome& outcome) {
  const auto bytes = files.ReadAll(folder / CarryIndexName(number), kCarryIndexBytesMax);
  if (!bytes && bytes.error().code == Code::kNotFound) return std::optional<CarryIndex>();
  if (!bytes && bytes.error().code != Code::kTooLarge) return bytes.error();
  auto index = bytes ? DecodeCarryIndex(*bytes, number) : bytes.error();
  if (index) return std::optional(*std::move(index));
  outcome.index_damage = index.error().message;
  return std::optional<CarryIndex>();
}

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
  return NumberedName(number, kSuffix);
}

std::optional<std::uint64_t> CarryNumberOf(std::string_view name) {
  return NumberOfName(name, kSuffix);
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
  wal::EncodeFrameHeader(header, wal::FrameSeed(header_.salt, flushed_ + at), out);
  std::ranges::copy(frame.payload, out.begin() + wal::kFrameHeaderBytes);
  ++header_.frames;
  index_.entries.push_back({.position = frame.position,
                            .collection = frame.info.collection_id,
                            .records = frame.info.record_count});
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
  index_.number = header_.number;
  index_.through = through;
  index_.salt = header_.salt;
  const auto name = CarryFileName(header_.number);
  RETURN_IF_ERROR(files_->Rename(folder_ / (name + ".new"), folder_ / name));
  FaultPoint<"store.carry.renamed">();
  RETURN_IF_ERROR(files_->SyncDirectory(folder_));
  // Then the index: one that stands alone says that its file is lost, whenever the process died.
  RETURN_IF_ERROR(
      files_->ReplaceAll(folder_ / CarryIndexName(header_.number), EncodeCarryIndex(index_)));
  FaultPoint<"store.carry.index_durable">();
  return header_;
}

Result<CarryOutcome> ReadCarry(const std::filesystem::path& folder, std::uint64_t number,
                               os::FileSystem& files, const wal::FrameVisitor& visit) {
  CarryOutcome outcome;
  ASSIGN_OR_RETURN(const std::optional<CarryIndex> index,
                   ReadIndex(folder, number, files, outcome));
  auto file = files.Open(folder / CarryFileName(number), {});
  if (!file) {
    if (file.error().code != Code::kNotFound || !index) return std::move(file).error();
    outcome.damage = "it is gone";
    outcome.lost = index->entries;
    outcome.header = {.number = number, .through = index->through};
    return outcome;
  }
  ASSIGN_OR_RETURN(const std::uint64_t size, (*file)->Size());
  Reader reader(**file, size, number, index, outcome);
  ASSIGN_OR_RETURN(outcome.readable, reader.FindHeader());
  outcome.header.number = number;
  if (!outcome.readable) return outcome;
  RETURN_IF_ERROR(reader.FindFrames());
  reader.CountLost();
  RETURN_IF_ERROR(reader.HandOver(visit));
  return outcome;
}

}  // namespace strata::store
