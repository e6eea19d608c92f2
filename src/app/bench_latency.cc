#include "app/bench_latency.h"

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <string>
#include <system_error>
#include <utility>

#include <fcntl.h>
#include <unistd.h>

#include "base/bytes.h"

namespace strata::app {
namespace {

constexpr std::size_t kBlock = 4096;
constexpr std::size_t kFileBytes = 64_MiB;
constexpr int kWritesMax = 2000;
constexpr std::chrono::seconds kTimeMax{3};

struct FreeDeleter {
  void operator()(std::byte* bytes) const { std::free(bytes); }
};
using AlignedBytes = std::unique_ptr<std::byte, FreeDeleter>;

Error SystemError(const std::string& what) {
  return Error{Code::kIo, what + ": " + std::generic_category().message(errno)};
}

// A file that is closed and removed at the end of the measurement.
class ControlFile {
 public:
  explicit ControlFile(std::filesystem::path path) : path_(std::move(path)) {}
  ControlFile(const ControlFile&) = delete;
  ControlFile& operator=(const ControlFile&) = delete;
  ~ControlFile() {
    if (descriptor_ >= 0) ::close(descriptor_);
    ::unlink(path_.c_str());
  }

  Status Open(int flags) {
    if (descriptor_ >= 0) ::close(descriptor_);
    descriptor_ = ::open(path_.c_str(), flags, 0600);
    if (descriptor_ < 0) return SystemError("open " + path_.string());
    return Done{};
  }

  Status Write(const std::byte* bytes, std::size_t size, std::size_t offset) const {
    if (::pwrite(descriptor_, bytes, size, static_cast<off_t>(offset)) !=
        static_cast<ssize_t>(size)) {
      return SystemError("write " + path_.string());
    }
    return Done{};
  }

  Status Sync() const {
    if (::fsync(descriptor_) != 0) return SystemError("fsync " + path_.string());
    return Done{};
  }

 private:
  std::filesystem::path path_;
  int descriptor_ = -1;
};

}  // namespace

double Latencies::Millis(double quantile) {
  if (nanos_.empty()) return 0;
  if (sorted_ != nanos_.size()) {
    std::ranges::sort(nanos_);
    sorted_ = nanos_.size();
  }
  const double place = quantile * static_cast<double>(nanos_.size());
  const auto index = std::min(nanos_.size() - 1, static_cast<std::size_t>(place));
  return static_cast<double>(nanos_[index]) / 1e6;
}

Result<Latencies> MeasureDurableWrites(const std::filesystem::path& directory,
                                       std::size_t block_bytes) {
  const std::size_t size = (block_bytes + kBlock - 1) / kBlock * kBlock;
  AlignedBytes bytes(static_cast<std::byte*>(std::aligned_alloc(kBlock, size)));
  std::memset(bytes.get(), 1, size);

  ControlFile file(directory / ("strata-bench-" + std::to_string(::getpid()) + ".tmp"));
  RETURN_IF_ERROR(file.Open(O_CREAT | O_RDWR | O_TRUNC | O_CLOEXEC));
  for (std::size_t at = 0; at + size <= kFileBytes; at += size) {
    RETURN_IF_ERROR(file.Write(bytes.get(), size, at));
  }
  RETURN_IF_ERROR(file.Sync());
  if (auto direct = file.Open(O_RDWR | O_DSYNC | O_DIRECT | O_CLOEXEC); !direct) {
    RETURN_IF_ERROR(file.Open(O_RDWR | O_DSYNC | O_CLOEXEC));
  }

  Latencies latencies;
  const auto began = std::chrono::steady_clock::now();
  std::size_t at = 0;
  for (int i = 0; i < kWritesMax; ++i) {
    const auto before = std::chrono::steady_clock::now();
    if (before - began > kTimeMax) break;
    RETURN_IF_ERROR(file.Write(bytes.get(), size, at));
    latencies.Add((std::chrono::steady_clock::now() - before).count());
    at = at + 2 * size <= kFileBytes ? at + size : 0;
  }
  return latencies;
}

}  // namespace strata::app
