// PartFile: a part on its way to disk. Internal to module duck.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "os/file_system.h"

namespace strata::duck {

// Writes `<path>.new` from front to end and takes the checksums of its blocks on the way.
class PartFile {
 public:
  static Result<PartFile> Create(os::FileSystem& files, const std::string& path);

  Status Append(const void* data, std::size_t bytes);
  // Writes what is buffered, syncs and renames. The folder is not synced.
  Status Finish();

  std::uint64_t bytes() const { return written_ + buffer_.size(); }
  const std::vector<std::uint32_t>& block_crcs() const { return block_crcs_; }

 private:
  PartFile(os::FileSystem& files, std::string path, std::unique_ptr<os::File> file);
  Status Flush();

  os::FileSystem* files_;
  std::string path_;
  std::unique_ptr<os::File> file_;
  std::vector<std::byte> buffer_;
  std::uint64_t written_ = 0;
  std::vector<std::uint32_t> block_crcs_;
};

}  // namespace strata::duck
