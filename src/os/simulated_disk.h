// A disk in memory that loses power, for tests. Single-seeded and deterministic: the same calls
// with the same seed give the same disk.
//
// Of files it knows which 512-byte sectors (and which size) were synced, of folders which names
// were. AfterPowerLoss() is the disk that the next process finds: every unsynced sector is there or
// not on its own (so writes are lost, reordered and torn), and so is every unsynced name, but never
// a change of a name without the earlier unsynced changes of the same name or file. Syncing a file
// does not sync its name. A failed write leaves any of its sectors behind; a failed sync writes any
// of the dirty sectors and forgets that the others were dirty, as Linux does: a later sync
// "succeeds" without them.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "base/hash.h"
#include "base/mutex.h"
#include "os/file_system.h"

namespace strata::os {

class SimulatedDisk final : public FileSystem {
 public:
  static constexpr std::size_t kSectorBytes = 512;
  struct Node;  // os/simulated_state.h
  struct State;

  struct Options {
    std::uint64_t seed = 1;
    std::uint64_t capacity_bytes = 1ULL << 40;
    bool direct = true;  // false: kDirectSync falls back to buffered writes with a sync each
    // A disk that lies, to prove that a test would notice: success is reported, nothing is synced.
    bool ignores_syncs = false;
    bool ignores_directory_syncs = false;
  };
  explicit SimulatedDisk(const Options& options);
  SimulatedDisk() : SimulatedDisk(Options{}) {}
  ~SimulatedDisk() override;

  enum class Repeat : std::uint8_t { kOnce, kForEver };

  // Calls of any kind so far, those on files included.
  std::uint64_t operations() const;
  // Durable writes and syncs that were tried again on a File after one had failed there. Nothing
  // may do that: the second one proves nothing.
  std::uint64_t retried_syncs() const;
  // The n-th call from now on (1 is the next) fails with `number`; with kForEver, all after it too.
  void FailAt(std::uint64_t n, int number, Repeat repeat);
  // As FailAt, counting only calls that change the disk.
  void FailChangeAt(std::uint64_t n, int number, Repeat repeat);
  void ClearFault();
  // The n-th call from now on is interrupted by the loss of power: it has happened, in part, or not
  // at all, nothing of it is synced, and it and every later call fail.
  void CrashAt(std::uint64_t n);
  bool crashed() const;

  // What is left when the power goes now. The seed chooses what is lost.
  std::unique_ptr<SimulatedDisk> AfterPowerLoss(std::uint64_t seed) const;
  // The same with every choice asked for: whether the next unsynced name, size or sector survives.
  // Asked in an order that is the same for the same disk, and only where it makes a difference.
  using Survives = std::function<bool()>;
  std::unique_ptr<SimulatedDisk> AfterPowerLoss(const Survives& survives) const;

  // The disk while a call that changes it is under way: nothing of the call is synced yet. Valid
  // during the call of a watch.
  class Moment {
   public:
    std::uint64_t operation() const;  // number of the call, from 1 on
    std::unique_ptr<SimulatedDisk> AfterPowerLoss(const Survives& survives) const;

   private:
    friend struct State;
    explicit Moment(const State& state) : state_(state) {}
    const State& state_;
  };
  // Is told of every call that changes the disk, on the calling thread, before the call returns.
  // Must not touch the disk but through the moment. Empty: nobody watches.
  using Watch = std::function<void(const Moment&)>;
  void SetWatch(Watch watch);
  // What is left when only the process dies: everything that was written.
  std::unique_ptr<SimulatedDisk> AfterKill() const;

  void SetCapacity(std::uint64_t bytes);
  // Content behind the back of the process; set content is durable.
  Bytes Content(const Path& path) const;
  void SetContent(const Path& path, Bytes bytes);
  // From now on reads of this byte fail with EIO, whatever the file is called, until SetContent().
  // kInode: it cannot be opened either, nor looked at.
  static constexpr std::uint64_t kInode = UINT64_MAX;
  void Wear(const Path& path, std::uint64_t offset);
  std::vector<std::string> Files() const;  // all paths of files
  // Equal for disks with equal names and content.
  Hash128 Fingerprint() const;

  Result<std::unique_ptr<File>> Open(const Path& path, const OpenOptions& options) override;
  Status Rename(const Path& from, const Path& to) override;
  Status Remove(const Path& path) override;
  Status CreateDirectory(const Path& path) override;
  Status SyncDirectory(const Path& path) override;
  Result<std::vector<DirectoryEntry>> List(const Path& path) override;
  Result<Stat> GetStat(const Path& path) override;
  Result<Space> FreeSpace(const Path& path) override;
  Result<std::unique_ptr<FileLock>> Lock(const Path& path) override;

 private:
  class HeldLock;

  std::shared_ptr<State> state_;  // shared with the files that are open
};

}  // namespace strata::os
