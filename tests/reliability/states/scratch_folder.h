// A fresh folder on the machine's own file system, removed at the end.
#pragma once

#include <filesystem>
#include <string>
#include <system_error>

namespace strata::reliability {

class ScratchFolder {
 public:
  ScratchFolder(const std::filesystem::path& place, const std::string& name) : path_(place / name) {
    std::filesystem::remove_all(path_);
    std::filesystem::create_directories(path_);
  }
  ~ScratchFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  ScratchFolder(const ScratchFolder&) = delete;
  ScratchFolder& operator=(const ScratchFolder&) = delete;

  const std::filesystem::path& path() const { return path_; }

 private:
  const std::filesystem::path path_;
};

}  // namespace strata::reliability
