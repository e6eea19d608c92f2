#include "duck/part_file.h"

#include <algorithm>
#include <cstring>

#include "base/crc32c.h"
#include "base/fault_point.h"
#include "base/seeded_bug.h"
#include "duck/snapshot.h"

namespace strata::duck {
namespace {

// A multiple of kPartBlockBytes, so that a full buffer is whole blocks.
constexpr std::size_t kBufferBytes = 16 * kPartBlockBytes;

}  // namespace

PartFile::PartFile(os::FileSystem& files, std::string path, std::unique_ptr<os::File> file)
    : files_(&files), path_(std::move(path)), file_(std::move(file)) {
  buffer_.reserve(kBufferBytes);
}

Result<PartFile> PartFile::Create(os::FileSystem& files, const std::string& path) {
  ASSIGN_OR_RETURN(
      auto file, files.Open(path + ".new",
                            {.access = os::Access::kReadWrite, .create = true, .truncate = true}));
  return PartFile(files, path, std::move(file));
}

Status PartFile::Append(const void* data, std::size_t bytes) {
  const auto* from = static_cast<const std::byte*>(data);
  while (bytes > 0) {
    const std::size_t part = std::min(bytes, kBufferBytes - buffer_.size());
    buffer_.insert(buffer_.end(), from, from + part);
    from += part;
    bytes -= part;
    if (buffer_.size() == kBufferBytes) RETURN_IF_ERROR(Flush());
  }
  return Done{};
}

Status PartFile::Flush() {
  for (std::size_t at = 0; at < buffer_.size(); at += kPartBlockBytes) {
    const std::size_t bytes = std::min<std::size_t>(kPartBlockBytes, buffer_.size() - at);
    block_crcs_.push_back(Crc32c(ByteSpan(buffer_).subspan(at, bytes)));
  }
  RETURN_IF_ERROR(file_->WriteAt(written_, buffer_));
  FaultPoint<"duck.part.flushed">();
  written_ += buffer_.size();
  buffer_.clear();
  return Done{};
}

Status PartFile::Finish() {
  if (!buffer_.empty()) RETURN_IF_ERROR(Flush());
  if (!SeededBug(Bug::kManifestBeforeData)) RETURN_IF_ERROR(file_->Sync());
  FaultPoint<"duck.part.synced">();
  file_.reset();
  RETURN_IF_ERROR(files_->Rename(path_ + ".new", path_));
  FaultPoint<"duck.part.renamed">();
  return Done{};
}

}  // namespace strata::duck
