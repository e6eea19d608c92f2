// The same files, until a stop is requested: from then on every read and write fails with
// kUnavailable. So a long piece of work that knows nothing of stopping ends at its next call.
#pragma once

#include <stop_token>
#include <utility>

#include "os/forwarding_file_system.h"

namespace strata::os {

inline Error StoppedError() {
  return {Code::kUnavailable, "the work was stopped"};
}

class StoppableFileSystem final : public ForwardingFileSystem {
 public:
  StoppableFileSystem(FileSystem& files, std::stop_token stop)
      : ForwardingFileSystem(files), stop_(std::move(stop)) {}

  Result<std::unique_ptr<File>> Open(const Path& path, const OpenOptions& options) override {
    if (stop_.stop_requested()) return StoppedError();
    ASSIGN_OR_RETURN(auto file, inner().Open(path, options));
    return std::unique_ptr<File>(new StoppableFile(std::move(file), stop_));
  }

 private:
  class StoppableFile final : public ForwardingFile {
   public:
    StoppableFile(std::unique_ptr<File> file, std::stop_token stop)
        : ForwardingFile(std::move(file)), stop_(std::move(stop)) {}

    Result<std::size_t> ReadAt(std::uint64_t offset, std::span<std::byte> out) const override {
      if (stop_.stop_requested()) return StoppedError();
      return inner().ReadAt(offset, out);
    }
    Status WriteAt(std::uint64_t offset, ByteSpan bytes) override {
      if (stop_.stop_requested()) return StoppedError();
      return inner().WriteAt(offset, bytes);
    }

   private:
    const std::stop_token stop_;
  };

  const std::stop_token stop_;
};

}  // namespace strata::os
