#include "states/faulted_calls.h"

#include <algorithm>
#include <cerrno>
#include <cstdarg>
#include <cstdlib>

#include <dirent.h>
#include <dlfcn.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

namespace strata::reliability {
namespace {

constexpr int kInterruptions = 3;
constexpr std::size_t kDirectBlock = 4096;

struct State {
  bool active = false;
  CallPlan plan;
  std::uint64_t calls = 0;
  int interruptions = 0;
};
thread_local State state;

enum class Fate : std::uint8_t { kRuns, kFails, kIsShort };

// Counts a call. `resumable`: the product goes on by itself after EINTR; `moves`: it may be short.
Fate Meet(bool resumable, bool moves) {
  if (!state.active) return Fate::kRuns;
  ++state.calls;
  const CallPlan& plan = state.plan;
  if (plan.fault == CallFault::kInterrupted) {
    const bool begins = state.calls == plan.call && resumable;
    if (begins) state.interruptions = kInterruptions;
    if (state.interruptions == 0) return Fate::kRuns;
    --state.interruptions;
    errno = EINTR;
    return Fate::kFails;
  }
  const bool met = state.calls == plan.call || (plan.for_ever && state.calls > plan.call);
  if (plan.call == 0 || !met) return Fate::kRuns;
  if (plan.fault == CallFault::kShort) return moves ? Fate::kIsShort : Fate::kRuns;
  errno = plan.number;
  return Fate::kFails;
}

// What a short transfer moves: part of it, whole blocks of a direct file.
std::size_t ShortOf(int fd, std::size_t bytes) {
  const bool direct = (::fcntl(fd, F_GETFL) & O_DIRECT) != 0;
  const std::size_t unit = direct ? kDirectBlock : 1;
  return bytes <= unit ? bytes : std::max(unit, bytes / 2 / unit * unit);
}

template <class Call>
Call* Real(const char* name) {
  return reinterpret_cast<Call*>(::dlsym(RTLD_NEXT, name));
}

}  // namespace

void PlanCalls(const CallPlan& plan) {
  state = {.active = true, .plan = plan};
}

std::uint64_t EndCallPlan() {
  state.active = false;
  return state.calls;
}

}  // namespace strata::reliability

using strata::reliability::Fate;
using strata::reliability::Meet;
using strata::reliability::Real;
using strata::reliability::ShortOf;

// The names and types are the C library's.
extern "C" {

int open(const char* path, int flags, ...) {
  va_list arguments;
  va_start(arguments, flags);
  const auto mode = (flags & O_CREAT) != 0 ? va_arg(arguments, mode_t) : mode_t{0};
  va_end(arguments);
  static auto* const real = Real<int(const char*, int, ...)>("open");
  return Meet(true, false) == Fate::kFails ? -1 : real(path, flags, mode);
}

ssize_t pread(int fd, void* buffer, size_t bytes, off_t offset) {
  static auto* const real = Real<ssize_t(int, void*, size_t, off_t)>("pread");
  const Fate fate = Meet(true, true);
  if (fate == Fate::kFails) return -1;
  return real(fd, buffer, fate == Fate::kIsShort ? ShortOf(fd, bytes) : bytes, offset);
}

ssize_t pwrite(int fd, const void* buffer, size_t bytes, off_t offset) {
  static auto* const real = Real<ssize_t(int, const void*, size_t, off_t)>("pwrite");
  const Fate fate = Meet(true, true);
  if (fate == Fate::kFails) return -1;
  return real(fd, buffer, fate == Fate::kIsShort ? ShortOf(fd, bytes) : bytes, offset);
}

int fdatasync(int fd) {
  static auto* const real = Real<int(int)>("fdatasync");
  return Meet(true, false) == Fate::kFails ? -1 : real(fd);
}

int fsync(int fd) {
  static auto* const real = Real<int(int)>("fsync");
  return Meet(true, false) == Fate::kFails ? -1 : real(fd);
}

int ftruncate(int fd, off_t size) noexcept {
  static auto* const real = Real<int(int, off_t)>("ftruncate");
  return Meet(true, false) == Fate::kFails ? -1 : real(fd, size);
}

int posix_fallocate(int fd, off_t offset, off_t size) {
  static auto* const real = Real<int(int, off_t, off_t)>("posix_fallocate");
  return Meet(true, false) == Fate::kFails ? errno : real(fd, offset, size);
}

int flock(int fd, int operation) noexcept {
  static auto* const real = Real<int(int, int)>("flock");
  return Meet(true, false) == Fate::kFails ? -1 : real(fd, operation);
}

int statvfs(const char* path, struct statvfs* out) noexcept {
  static auto* const real = Real<int(const char*, struct statvfs*)>("statvfs");
  return Meet(true, false) == Fate::kFails ? -1 : real(path, out);
}

int fstat(int fd, struct stat* out) noexcept {
  static auto* const real = Real<int(int, struct stat*)>("fstat");
  return Meet(false, false) == Fate::kFails ? -1 : real(fd, out);
}

int stat(const char* path, struct stat* out) noexcept {
  static auto* const real = Real<int(const char*, struct stat*)>("stat");
  return Meet(false, false) == Fate::kFails ? -1 : real(path, out);
}

int fstatat(int fd, const char* path, struct stat* out, int flags) noexcept {
  static auto* const real = Real<int(int, const char*, struct stat*, int)>("fstatat");
  return Meet(false, false) == Fate::kFails ? -1 : real(fd, path, out, flags);
}

int rename(const char* from, const char* to) noexcept {
  static auto* const real = Real<int(const char*, const char*)>("rename");
  return Meet(false, false) == Fate::kFails ? -1 : real(from, to);
}

int unlink(const char* path) noexcept {
  static auto* const real = Real<int(const char*)>("unlink");
  return Meet(false, false) == Fate::kFails ? -1 : real(path);
}

int rmdir(const char* path) noexcept {
  static auto* const real = Real<int(const char*)>("rmdir");
  return Meet(false, false) == Fate::kFails ? -1 : real(path);
}

int mkdir(const char* path, mode_t mode) noexcept {
  static auto* const real = Real<int(const char*, mode_t)>("mkdir");
  return Meet(false, false) == Fate::kFails ? -1 : real(path, mode);
}

DIR* opendir(const char* path) {
  static auto* const real = Real<DIR*(const char*)>("opendir");
  return Meet(false, false) == Fate::kFails ? nullptr : real(path);
}

struct dirent* readdir(DIR* folder) {
  static auto* const real = Real<struct dirent*(DIR*)>("readdir");
  return Meet(false, false) == Fate::kFails ? nullptr : real(folder);
}
}
