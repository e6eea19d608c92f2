#include "os/simulated_file.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include "os/aligned_buffer.h"
#include "os/errno_error.h"
#include "os/simulated_state.h"

namespace strata::os {
namespace {

using Node = SimulatedDisk::Node;
using State = SimulatedDisk::State;

class SimulatedFile final : public File {
 public:
  SimulatedFile(std::shared_ptr<State> state, std::shared_ptr<Node> node, std::string key,
                const OpenOptions& options)
      : state_(std::move(state)),
        node_(std::move(node)),
        key_(std::move(key)),
        writable_(options.access == Access::kReadWrite),
        sync_each_write_(options.mode == WriteMode::kDirectSync),
        alignment_(sync_each_write_ && state_->options.direct ? AlignedBuffer::kAlignment : 1) {}

  Result<std::size_t> ReadAt(std::uint64_t offset, std::span<std::byte> out) const override {
    const MutexLock lock(state_->mutex);
    if (const auto fate = state_->Begin(false); !fate.ok()) return Failed(fate, "read");
    if (!Aligned(offset, out.data(), out.size())) return ErrnoError(EINVAL, "read", key_);
    const Bytes& bytes = *node_->current;
    if (offset >= bytes.size()) return std::size_t{0};
    const std::size_t n = std::min<std::size_t>(out.size(), bytes.size() - offset);
    if (node_->bad_byte && *node_->bad_byte - offset < n) return ErrnoError(EIO, "read", key_);
    std::copy_n(bytes.begin() + static_cast<std::ptrdiff_t>(offset), n, out.begin());
    return n;
  }

  Status WriteAt(std::uint64_t offset, ByteSpan bytes) override {
    const MutexLock lock(state_->mutex);
    const auto fate = state_->Begin(true);
    if (!writable_) return ErrnoError(EBADF, "write", key_);
    if (!Aligned(offset, bytes.data(), bytes.size())) return ErrnoError(EINVAL, "write", key_);
    if (sync_each_write_) NoteSync(fate);
    if (!fate.ok()) {
      if (fate.interrupted || !state_->crashed) WriteSome(offset, bytes, fate);
      return Failed(fate, "write");
    }
    const std::uint64_t allowed = state_->SizeAllowed(*node_);
    if (offset + bytes.size() > std::max<std::uint64_t>(allowed, node_->current->size())) {
      const std::uint64_t room = allowed > offset ? allowed - offset : 0;
      Put(offset, bytes.first(std::min<std::uint64_t>(room, bytes.size())));
      return ErrnoError(ENOSPC, "write", key_);
    }
    Put(offset, bytes);
    state_->Tell();
    if (sync_each_write_ && !state_->options.ignores_syncs) PersistRange(offset, bytes.size());
    return Done{};
  }

  Status Sync() override {
    const MutexLock lock(state_->mutex);
    const auto fate = state_->Begin(true);
    NoteSync(fate);
    if (fate.ok()) {
      state_->Tell();
      if (!state_->options.ignores_syncs) node_->PersistAll();
      return Done{};
    }
    if (fate.interrupted || !state_->crashed) {
      for (const std::uint64_t sector : node_->dirty) {
        if (sector * kSectorBytes < node_->durable->size() && state_->Coin()) {
          node_->Persist(sector);
        }
      }
      node_->dirty.clear();
    }
    return Failed(fate, "fdatasync");
  }

  Status Truncate(std::uint64_t size) override {
    const MutexLock lock(state_->mutex);
    const auto fate = state_->Begin(true);
    if (!writable_) return ErrnoError(EBADF, "truncate", key_);
    if (fate.ok() || (fate.interrupted && state_->Coin())) {
      node_->Resize(size);
      state_->Tell();
    }
    return fate.ok() ? Status(Done{}) : Failed(fate, "truncate");
  }

  Status Allocate(std::uint64_t size) override {
    const MutexLock lock(state_->mutex);
    const auto fate = state_->Begin(true);
    if (!writable_) return ErrnoError(EBADF, "allocate", key_);
    if (!fate.ok()) return Failed(fate, "allocate");
    if (size <= node_->current->size()) return Done{};
    if (size > state_->SizeAllowed(*node_)) return ErrnoError(ENOSPC, "allocate", key_);
    node_->Resize(size);
    state_->Tell();
    return Done{};
  }

  Result<std::uint64_t> Size() const override {
    const MutexLock lock(state_->mutex);
    if (const auto fate = state_->Begin(false); !fate.ok()) return Failed(fate, "stat");
    return std::uint64_t{node_->current->size()};
  }

  std::size_t alignment() const override { return alignment_; }

 private:
  void NoteSync(const State::Fate& fate) REQUIRES(state_->mutex) {
    if (sync_failed_) ++state_->retried_syncs;
    sync_failed_ = sync_failed_ || !fate.ok();
  }
  Error Failed(const State::Fate& fate, std::string_view operation) const {
    return ErrnoError(fate.error, operation, key_);
  }
  bool Aligned(std::uint64_t offset, const void* memory, std::size_t size) const {
    const auto address = reinterpret_cast<std::uintptr_t>(memory);
    return offset % alignment_ == 0 && size % alignment_ == 0 && address % alignment_ == 0;
  }
  void Put(std::uint64_t offset, ByteSpan bytes) REQUIRES(state_->mutex) {
    if (bytes.empty()) return;
    if (offset + bytes.size() > node_->current->size()) node_->Resize(offset + bytes.size());
    std::memcpy(node_->current.Own().data() + offset, bytes.data(), bytes.size());
    node_->MarkDirty(offset, offset + bytes.size());
  }
  void PersistRange(std::uint64_t offset, std::uint64_t size) REQUIRES(state_->mutex) {
    for (std::uint64_t at = offset / kSectorBytes; at * kSectorBytes < offset + size; ++at) {
      node_->Persist(at);
      node_->dirty.erase(at);
    }
    // The synced write carries the size as far as it needs it.
    if (node_->durable->size() == node_->current->size()) node_->size_dirty = false;
  }
  // A write cut off by power loss: all of it is under way, the loss decides. One that failed: a
  // full disk took a beginning, anything else took any sectors.
  void WriteSome(std::uint64_t offset, ByteSpan bytes, const State::Fate& fate)
      REQUIRES(state_->mutex) {
    if (fate.interrupted) {
      Put(offset, bytes);
      return;
    }
    const bool full = fate.error == ENOSPC || fate.error == EDQUOT;
    while (!bytes.empty()) {
      const std::uint64_t n =
          std::min<std::uint64_t>(kSectorBytes - offset % kSectorBytes, bytes.size());
      if (state_->Coin()) {
        Put(offset, bytes.first(n));
        // The sync that belongs to a buffered write forgets what it did not write, like any other.
        const bool whole = offset % kSectorBytes == 0 && n == kSectorBytes;
        const bool buffered = sync_each_write_ && alignment_ == 1;
        if (whole && buffered && state_->Coin()) node_->dirty.erase(offset / kSectorBytes);
      } else if (full) {
        return;
      }
      offset += n;
      bytes = bytes.subspan(n);
    }
  }

  const std::shared_ptr<State> state_;
  const std::shared_ptr<Node> node_;
  const std::string key_;
  const bool writable_;
  const bool sync_each_write_;
  const std::size_t alignment_;
  bool sync_failed_ GUARDED_BY(state_->mutex) = false;
};

}  // namespace

std::unique_ptr<File> OpenSimulatedFile(std::shared_ptr<SimulatedDisk::State> state,
                                        std::shared_ptr<SimulatedDisk::Node> node, std::string key,
                                        const OpenOptions& options) {
  return std::make_unique<SimulatedFile>(std::move(state), std::move(node), std::move(key),
                                         options);
}

}  // namespace strata::os
