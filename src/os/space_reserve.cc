#include "os/space_reserve.h"

#include <utility>

namespace strata::os {
namespace {

// Makes `call` again when it found the disk full and the reserve was given up for it, or for
// somebody else meanwhile.
template <class Call>
auto WithReserve(SpaceReserve& reserve, Call call) {
  const std::uint64_t before = reserve.times_given_up();
  auto outcome = call();
  if (outcome || !IsNoSpace(outcome.error())) return outcome;
  const bool has_space = reserve.GiveUp() || reserve.times_given_up() != before;
  return has_space ? call() : std::move(outcome);
}

class ReservedFile final : public ForwardingFile {
 public:
  ReservedFile(std::unique_ptr<File> file, SpaceReserve& reserve)
      : ForwardingFile(std::move(file)), reserve_(reserve) {}

  Status WriteAt(std::uint64_t offset, ByteSpan bytes) override {
    return WithReserve(reserve_, [&] { return inner().WriteAt(offset, bytes); });
  }
  Status Truncate(std::uint64_t size) override {
    return WithReserve(reserve_, [&] { return inner().Truncate(size); });
  }
  Status Allocate(std::uint64_t size) override {
    return WithReserve(reserve_, [&] { return inner().Allocate(size); });
  }

 private:
  SpaceReserve& reserve_;
};

}  // namespace

SpaceReserve::SpaceReserve(std::filesystem::path path, std::uint64_t bytes, FileSystem& files)
    : path_(std::move(path)), bytes_(bytes), files_(files) {
  const auto stat = files_.GetStat(path_);
  held_ = bytes_ > 0 && stat && stat->size == bytes_;
}

Status SpaceReserve::Establish() {
  const MutexLock lock(mutex_);
  if (bytes_ == 0 || (is_held() && taken_)) return Done{};
  const auto allocated = [&]() -> Status {
    ASSIGN_OR_RETURN(
        const auto file,
        files_.Open(path_, {.access = Access::kReadWrite, .create = true, .truncate = !is_held()}));
    return file->Allocate(bytes_);
  }();
  if (!allocated) {
    // What it took in part would be missed.
    static_cast<void>(files_.Remove(path_).has_value());
    held_.store(false, std::memory_order_release);
    return allocated;
  }
  taken_ = true;
  held_.store(true, std::memory_order_release);
  return Done{};
}

bool SpaceReserve::GiveUp() {
  const MutexLock lock(mutex_);
  if (!held_.load(std::memory_order_acquire)) return false;
  if (const Status removed = files_.Remove(path_); !removed) {
    // Somebody else has removed it, so it is not held, and the space was not kept for this.
    if (removed.error().code == Code::kNotFound) held_.store(false, std::memory_order_release);
    return false;
  }
  held_.store(false, std::memory_order_release);
  given_up_.fetch_add(1, std::memory_order_acq_rel);
  return true;
}

Result<std::unique_ptr<File>> ReservedFileSystem::Open(const Path& path,
                                                       const OpenOptions& options) {
  ASSIGN_OR_RETURN(auto file, WithReserve(reserve_, [&] { return inner().Open(path, options); }));
  if (options.access == Access::kRead) return file;
  return std::unique_ptr<File>(new ReservedFile(std::move(file), reserve_));
}

Status ReservedFileSystem::Rename(const Path& from, const Path& to) {
  return WithReserve(reserve_, [&] { return inner().Rename(from, to); });
}

Status ReservedFileSystem::Remove(const Path& path) {
  return WithReserve(reserve_, [&] { return inner().Remove(path); });
}

Status ReservedFileSystem::CreateDirectory(const Path& path) {
  return WithReserve(reserve_, [&] { return inner().CreateDirectory(path); });
}

Result<std::unique_ptr<FileLock>> ReservedFileSystem::Lock(const Path& path) {
  return WithReserve(reserve_, [&] { return inner().Lock(path); });
}

}  // namespace strata::os
