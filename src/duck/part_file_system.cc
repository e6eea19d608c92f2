#include "duck/part_file_system.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <vector>

#include "base/crc32c.h"
#include "duck/snapshot.h"
#include "duck/statement_state.h"
#include "duckdb/common/exception.hpp"
#include "duckdb/common/file_opener.hpp"

namespace strata::duck {
namespace {

using duckdb::idx_t;

void NoteFailed(StatementState& statement, const std::string& part, const Error& error) {
  if (error.code == Code::kNotFound) statement.NoteDamaged(part);
  if (error.code == Code::kIo) statement.NoteUnreadable(part);
}

// One thread at a time, as DuckDB's readers use a handle.
class PartHandle final : public duckdb::FileHandle {
 public:
  PartHandle(duckdb::FileSystem& owner, const duckdb::string& name, duckdb::FileOpenFlags how,
             std::unique_ptr<os::File> file, std::shared_ptr<const PartInfo> info,
             StatementState& statement)
      : FileHandle(owner, name, how),
        file_(std::move(file)),
        info_(std::move(info)),
        statement_(statement) {}
  void Close() override {}

  std::uint64_t size() const { return info_->bytes; }
  idx_t position = 0;

  void ReadRange(std::uint64_t location, std::span<std::byte> out) {
    if (location > info_->bytes || out.size() > info_->bytes - location) Damaged("read behind it");
    statement_.bytes_read.fetch_add(out.size(), std::memory_order_relaxed);
    while (!out.empty()) {
      const std::uint64_t block = location / kPartBlockBytes;
      const std::uint64_t begin = block * kPartBlockBytes;
      std::size_t taken = 0;
      if (location == begin && BlocksIn(location, out.size()) > 0) {
        taken = ReadWholeBlocks(location, out);
      } else {
        LoadBlock(block);
        const std::size_t from = location - begin;
        taken = std::min(out.size(), loaded_bytes_ - from);
        std::memcpy(out.data(), loaded_.data() + from, taken);
      }
      location += taken;
      out = out.subspan(taken);
    }
  }

 private:
  std::string PartPath() const { return path.substr(std::strlen(kPartScheme)); }
  [[noreturn]] void Damaged(const std::string& what) {
    statement_.NoteDamaged(PartPath());
    throw duckdb::IOException("part " + PartPath() + ": " + what);
  }
  // Whole blocks (the file's last one may be shorter) in `bytes` bytes from a block's begin.
  std::uint64_t BlocksIn(std::uint64_t location, std::size_t bytes) const {
    return location + bytes == info_->bytes ? (bytes + kPartBlockBytes - 1) / kPartBlockBytes
                                            : bytes / kPartBlockBytes;
  }
  std::size_t ReadWholeBlocks(std::uint64_t location, std::span<std::byte> out) {
    const std::uint64_t blocks = BlocksIn(location, out.size());
    const auto bytes =
        static_cast<std::size_t>(std::min<std::uint64_t>(blocks * kPartBlockBytes, out.size()));
    ReadAndCheck(location, out.first(bytes));
    return bytes;
  }
  void LoadBlock(std::uint64_t block) {
    if (loaded_bytes_ != 0 && loaded_block_ == block) return;
    const std::uint64_t begin = block * kPartBlockBytes;
    const auto bytes =
        static_cast<std::size_t>(std::min<std::uint64_t>(kPartBlockBytes, info_->bytes - begin));
    loaded_.resize(kPartBlockBytes);
    loaded_bytes_ = 0;
    ReadAndCheck(begin, std::span(loaded_).first(bytes));
    loaded_block_ = block;
    loaded_bytes_ = bytes;
  }
  // `location` is a block's begin; `out` is whole blocks.
  void ReadAndCheck(std::uint64_t location, std::span<std::byte> out) {
    const auto read = file_->ReadAt(location, out);
    if (!read) {
      NoteFailed(statement_, PartPath(), read.error());
      throw duckdb::IOException(read.error().message);
    }
    if (*read != out.size()) Damaged("it is shorter than it was written");
    for (std::size_t at = 0; at < out.size(); at += kPartBlockBytes) {
      const std::uint64_t block = (location + at) / kPartBlockBytes;
      const auto bytes = out.subspan(at, std::min<std::size_t>(kPartBlockBytes, out.size() - at));
      if (block >= info_->block_crcs.size() || Crc32c(bytes) != info_->block_crcs[block]) {
        Damaged("block " + std::to_string(block) + " does not match its checksum");
      }
    }
  }

  std::unique_ptr<os::File> file_;
  std::shared_ptr<const PartInfo> info_;
  StatementState& statement_;
  std::vector<std::byte> loaded_;
  std::uint64_t loaded_block_ = 0;
  std::size_t loaded_bytes_ = 0;
};

PartHandle& AsPart(duckdb::FileHandle& handle) {
  return static_cast<PartHandle&>(handle);
}

// The part that `path` names, if the running statement may read it.
const PartRef* FindPart(const duckdb::string& path, duckdb::optional_ptr<duckdb::FileOpener> opener,
                        StatementState** statement) {
  auto context = duckdb::FileOpener::TryGetClientContext(opener);
  if (!context) return nullptr;
  *statement = &StatementState::Of(*context);
  return (*statement)->FindPart(path.substr(std::strlen(kPartScheme)));
}

}  // namespace

duckdb::unique_ptr<duckdb::FileHandle> PartFileSystem::OpenFile(
    const duckdb::string& path, duckdb::FileOpenFlags flags,
    duckdb::optional_ptr<duckdb::FileOpener> opener) {
  StatementState* statement = nullptr;
  const PartRef* part = FindPart(path, opener, &statement);
  if (part == nullptr || flags.OpenForWriting()) {
    if (flags.ReturnNullIfNotExists()) return nullptr;
    throw duckdb::PermissionException("no such part");
  }
  auto file = statement->files->Open(part->path, {});
  if (!file) {
    NoteFailed(*statement, part->path, file.error());
    throw duckdb::IOException(file.error().message);
  }
  return duckdb::make_uniq<PartHandle>(*this, path, flags, *std::move(file), part->info,
                                       *statement);
}

void PartFileSystem::Read(duckdb::FileHandle& handle, void* buffer, std::int64_t bytes,
                          idx_t location) {
  AsPart(handle).ReadRange(location,
                           {static_cast<std::byte*>(buffer), static_cast<std::size_t>(bytes)});
}

std::int64_t PartFileSystem::Read(duckdb::FileHandle& handle, void* buffer, std::int64_t bytes) {
  PartHandle& part = AsPart(handle);
  const auto count = std::min<std::int64_t>(
      bytes, static_cast<std::int64_t>(part.size() - std::min<idx_t>(part.size(), part.position)));
  Read(handle, buffer, count, part.position);
  part.position += static_cast<idx_t>(count);
  return count;
}

std::int64_t PartFileSystem::GetFileSize(duckdb::FileHandle& handle) {
  return static_cast<std::int64_t>(AsPart(handle).size());
}

duckdb::timestamp_t PartFileSystem::GetLastModifiedTime(duckdb::FileHandle&) {
  return duckdb::timestamp_t(1);  // parts never change
}

duckdb::string PartFileSystem::GetVersionTag(duckdb::FileHandle&) {
  return "1";
}

duckdb::FileType PartFileSystem::GetFileType(duckdb::FileHandle&) {
  return duckdb::FileType::FILE_TYPE_REGULAR;
}

bool PartFileSystem::FileExists(const duckdb::string& path,
                                duckdb::optional_ptr<duckdb::FileOpener> opener) {
  StatementState* statement = nullptr;
  return FindPart(path, opener, &statement) != nullptr;
}

void PartFileSystem::Seek(duckdb::FileHandle& handle, idx_t location) {
  AsPart(handle).position = location;
}

idx_t PartFileSystem::SeekPosition(duckdb::FileHandle& handle) {
  return AsPart(handle).position;
}

bool PartFileSystem::CanHandleFile(const duckdb::string& path) {
  return path.starts_with(kPartScheme);
}

}  // namespace strata::duck
