// A small disk within a large one: files below one folder may take no more bytes than a quota says,
// and what goes beyond fails as it does on a disk that is full. `strata chaos` fills it, so that it
// need not fill the user's.
#pragma once

#include <filesystem>
#include <memory>

#include "base/mutex.h"
#include "os/forwarding_file_system.h"

namespace strata::os {

// Thread-safe. Space is counted by the sizes of the files that are there, in blocks; an unlinked
// file takes none. Each growth counts them anew: this is for tests of a few hundred files.
class QuotaFileSystem final : public ForwardingFileSystem {
 public:
  // `quota` is a file that holds the number of bytes in decimal. It is read whenever a file grows,
  // so that the disk fills up and gets room again when somebody rewrites it. `files` outlives this
  // and the files that it opens.
  QuotaFileSystem(FileSystem& files, Path folder, Path quota)
      : ForwardingFileSystem(files), folder_(std::move(folder)), quota_(std::move(quota)) {}

  Result<std::unique_ptr<File>> Open(const Path& path, const OpenOptions& options) override;
  Result<Space> FreeSpace(const Path& path) override;

 private:
  class LimitedFile;

  bool Covers(const Path& path) const;
  Result<Space> Count();
  Result<std::uint64_t> BytesIn(const Path& folder);

  const Path folder_;
  const Path quota_;
  Mutex growing_;  // one file at a time
};

}  // namespace strata::os
