#include "os/simulated_disk.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <set>
#include <utility>

#include "os/errno_error.h"
#include "os/simulated_file.h"
#include "os/simulated_state.h"

namespace strata::os {

class SimulatedDisk::HeldLock final : public FileLock {
 public:
  HeldLock(std::shared_ptr<State> state, std::string key)
      : state_(std::move(state)), key_(std::move(key)) {}
  ~HeldLock() override {
    const MutexLock lock(state_->mutex);
    state_->locks.erase(key_);
  }

 private:
  const std::shared_ptr<State> state_;
  const std::string key_;
};

SimulatedDisk::SimulatedDisk(const Options& options) : state_(std::make_shared<State>(options)) {}
SimulatedDisk::~SimulatedDisk() = default;

std::uint64_t SimulatedDisk::operations() const {
  const MutexLock lock(state_->mutex);
  return state_->operations;
}

std::uint64_t SimulatedDisk::retried_syncs() const {
  const MutexLock lock(state_->mutex);
  return state_->retried_syncs;
}

void SimulatedDisk::FailAt(std::uint64_t n, int number, Repeat repeat) {
  const MutexLock lock(state_->mutex);
  state_->fault = number;
  state_->fault_in = n;
  state_->fault_repeat = repeat;
  state_->fault_changes_only = false;
}

void SimulatedDisk::FailChangeAt(std::uint64_t n, int number, Repeat repeat) {
  FailAt(n, number, repeat);
  const MutexLock lock(state_->mutex);
  state_->fault_changes_only = true;
}

void SimulatedDisk::ClearFault() {
  const MutexLock lock(state_->mutex);
  state_->fault.reset();
}

void SimulatedDisk::CrashAt(std::uint64_t n) {
  const MutexLock lock(state_->mutex);
  state_->crash_in = n;
}

bool SimulatedDisk::crashed() const {
  const MutexLock lock(state_->mutex);
  return state_->crashed;
}

bool SimulatedDisk::Node::Differs(std::uint64_t sector) const {
  static constexpr std::array<std::byte, kSectorBytes> kZeros{};
  const auto in = [from = sector * kSectorBytes](const Bytes& bytes) {
    const ByteSpan behind = ByteSpan(bytes).subspan(std::min<std::uint64_t>(from, bytes.size()));
    return behind.first(std::min(kSectorBytes, behind.size()));
  };
  const ByteSpan now = in(*current);
  const ByteSpan then = in(*durable);
  const std::size_t both = std::min(now.size(), then.size());
  // A span without bytes may have no address, which memcmp must not be given.
  if (both != 0 && std::memcmp(now.data(), then.data(), both) != 0) return true;
  const ByteSpan more = now.subspan(both);
  return !more.empty() && std::memcmp(more.data(), kZeros.data(), more.size()) != 0;
}

SharedBytes SimulatedDisk::Node::AfterPowerLoss(const Survives& survives) const {
  SharedBytes after = durable;
  const bool size_differs = size_dirty && durable->size() != current->size();
  const std::uint64_t size = size_differs && !survives() ? durable->size() : current->size();
  for (const std::uint64_t sector : dirty) {
    const std::uint64_t from = sector * kSectorBytes;
    if (from < std::min<std::uint64_t>(size, current->size()) && Differs(sector) && survives()) {
      Copy(sector, after);
    }
  }
  if (after->size() != size) after.Own().resize(size);
  return after;
}

// A name change survives only with the unsynced changes before it that it builds on.
SimulatedDisk::State::Names SimulatedDisk::State::NamesAfterPowerLoss(
    const Survives& survives) const {
  Names after = durable_names;
  std::set<std::string> lost_names;
  std::set<const Node*> lost_nodes;
  for (const auto& change : pending) {
    const bool broken = std::ranges::any_of(change.names, [&](const auto& n) {
      return lost_names.contains(n.first) || lost_nodes.contains(n.second.get());
    });
    if (!broken && survives()) {
      for (const auto& [key, node] : change.names) SetName(after, key, node);
      continue;
    }
    for (const auto& [key, node] : change.names) {
      lost_names.insert(key);
      if (node != nullptr) lost_nodes.insert(node.get());
    }
  }
  return after;
}

std::unique_ptr<SimulatedDisk> SimulatedDisk::State::AfterPowerLoss(
    const Options& of_the_next, const Survives& survives) const {
  auto after = std::make_unique<SimulatedDisk>(of_the_next);
  State& fresh = *after->state_;
  const MutexLock fresh_lock(fresh.mutex);
  for (const auto& [key, node] : NamesAfterPowerLoss(survives)) {
    const bool root = key == "/" || key == ".";
    if (!root && !fresh.names.contains(FolderOf(key))) continue;  // its folder was lost
    auto copy = std::make_shared<Node>();
    copy->type = node->type;
    copy->current = copy->durable = node->AfterPowerLoss(survives);
    copy->bad_byte = node->bad_byte;
    fresh.names[key] = fresh.durable_names[key] = std::move(copy);
  }
  return after;
}

std::unique_ptr<SimulatedDisk> SimulatedDisk::AfterPowerLoss(const Survives& survives) const {
  const MutexLock lock(state_->mutex);
  return state_->AfterPowerLoss(state_->options, survives);
}

std::unique_ptr<SimulatedDisk> SimulatedDisk::AfterPowerLoss(std::uint64_t seed) const {
  std::mt19937_64 random(seed);
  const MutexLock lock(state_->mutex);
  Options options = state_->options;
  options.seed = seed;
  return state_->AfterPowerLoss(options, [&] { return (random() & 1U) != 0; });
}

std::uint64_t SimulatedDisk::Moment::operation() const {
  state_.mutex.AssertHeld();
  return state_.operations;
}

std::unique_ptr<SimulatedDisk> SimulatedDisk::Moment::AfterPowerLoss(
    const Survives& survives) const {
  state_.mutex.AssertHeld();
  return state_.AfterPowerLoss(state_.options, survives);
}

void SimulatedDisk::SetWatch(Watch watch) {
  const MutexLock lock(state_->mutex);
  state_->watch = std::move(watch);
}

std::unique_ptr<SimulatedDisk> SimulatedDisk::AfterKill() const {
  const MutexLock lock(state_->mutex);
  auto after = std::make_unique<SimulatedDisk>(state_->options);
  State& fresh = *after->state_;
  const MutexLock fresh_lock(fresh.mutex);
  std::map<const Node*, std::shared_ptr<Node>> copies{{nullptr, nullptr}};
  const auto copy = [&](const std::shared_ptr<Node>& node) {
    auto& slot = copies[node.get()];
    if (node != nullptr && slot == nullptr) slot = std::make_shared<Node>(*node);
    return slot;
  };
  for (const auto& [key, node] : state_->names) fresh.names[key] = copy(node);
  for (const auto& [key, node] : state_->durable_names) fresh.durable_names[key] = copy(node);
  fresh.pending = state_->pending;
  for (auto& change : fresh.pending) {
    for (auto& [key, node] : change.names) node = copy(node);
  }
  return after;
}

void SimulatedDisk::SetCapacity(std::uint64_t bytes) {
  const MutexLock lock(state_->mutex);
  state_->options.capacity_bytes = bytes;
}

Bytes SimulatedDisk::Content(const Path& path) const {
  const MutexLock lock(state_->mutex);
  const Node* node = state_->Find(KeyOf(path));
  CHECK(node != nullptr);
  return *node->current;
}

void SimulatedDisk::SetContent(const Path& path, Bytes bytes) {
  const MutexLock lock(state_->mutex);
  const std::string key = KeyOf(path);
  auto& node = state_->names[key];
  if (node == nullptr) node = std::make_shared<Node>();
  node->current.Replace(std::move(bytes));
  node->durable = node->current;
  node->dirty.clear();
  node->size_dirty = false;
  node->bad_byte.reset();
  state_->durable_names[key] = node;
}

void SimulatedDisk::Wear(const Path& path, std::uint64_t offset) {
  const MutexLock lock(state_->mutex);
  if (Node* node = state_->Find(KeyOf(path))) node->bad_byte = offset;
}

std::vector<std::string> SimulatedDisk::Files() const {
  const MutexLock lock(state_->mutex);
  std::vector<std::string> files;
  for (const auto& [key, node] : state_->names) {
    if (node->type == EntryType::kFile) files.push_back(key);
  }
  return files;
}

Hash128 SimulatedDisk::Fingerprint() const {
  const MutexLock lock(state_->mutex);
  Hash128 all;
  for (const auto& [key, node] : state_->names) {
    const Hash128 name = HashOf(AsBytes(key), all.low);
    all = HashOf(*node->current, name.low ^ all.high);
  }
  return all;
}

Result<std::unique_ptr<File>> SimulatedDisk::Open(const Path& path, const OpenOptions& options) {
  const MutexLock lock(state_->mutex);
  const std::string key = KeyOf(path);
  const auto fate = state_->Begin(options.create || options.truncate);
  if (!fate.ok() && !(fate.interrupted && options.create && state_->Coin())) {
    return ErrnoError(fate.error, "open", path);
  }
  auto found = state_->names.find(key);
  if (found == state_->names.end()) {
    if (!options.create || !state_->FolderExists(FolderOf(key))) {
      return ErrnoError(ENOENT, "open", path);
    }
    state_->Change({.names = {{key, std::make_shared<Node>()}}});
    found = state_->names.find(key);
    state_->Tell();
  } else if (options.create && options.exclusive) {
    return ErrnoError(EEXIST, "open", path);
  }
  if (found->second->type != EntryType::kFile) return ErrnoError(EISDIR, "open", path);
  if (found->second->bad_byte == kInode) return ErrnoError(EIO, "open", path);
  if (options.truncate && !found->second->current->empty()) {
    found->second->Resize(0);
    state_->Tell();
  }
  if (!fate.ok()) return ErrnoError(fate.error, "open", path);
  return OpenSimulatedFile(state_, found->second, key, options);
}

Status SimulatedDisk::Rename(const Path& from, const Path& to) {
  const MutexLock lock(state_->mutex);
  const auto fate = state_->Begin(true);
  if (!fate.ok() && !(fate.interrupted && state_->Coin())) {
    return ErrnoError(fate.error, "rename", from);
  }
  const auto found = state_->names.find(KeyOf(from));
  if (found == state_->names.end()) return ErrnoError(ENOENT, "rename", from);
  CHECK(found->second->type == EntryType::kFile);  // files only, so far
  if (!state_->FolderExists(FolderOf(KeyOf(to)))) return ErrnoError(ENOENT, "rename", from);
  state_->Change({.names = {{KeyOf(to), found->second}, {KeyOf(from), nullptr}}});
  state_->Tell();
  if (!fate.ok()) return ErrnoError(fate.error, "rename", from);
  return Done{};
}

Status SimulatedDisk::Remove(const Path& path) {
  const MutexLock lock(state_->mutex);
  const auto fate = state_->Begin(true);
  if (!fate.ok() && !(fate.interrupted && state_->Coin())) {
    return ErrnoError(fate.error, "remove", path);
  }
  const std::string key = KeyOf(path);
  const Node* node = state_->Find(key);
  if (node == nullptr) return ErrnoError(ENOENT, "remove", path);
  if (node->type == EntryType::kDirectory) {
    const auto child = state_->names.upper_bound(key + "/");
    if (child != state_->names.end() && child->first.starts_with(key + "/")) {
      return ErrnoError(ENOTEMPTY, "remove", path);
    }
  }
  state_->Change({.names = {{key, nullptr}}});
  state_->Tell();
  if (!fate.ok()) return ErrnoError(fate.error, "remove", path);
  return Done{};
}

Status SimulatedDisk::CreateDirectory(const Path& path) {
  const MutexLock lock(state_->mutex);
  const auto fate = state_->Begin(true);
  if (!fate.ok() && !(fate.interrupted && state_->Coin())) {
    return ErrnoError(fate.error, "create folder", path);
  }
  const std::string key = KeyOf(path);
  if (const Node* node = state_->Find(key); node != nullptr) {
    if (node->type == EntryType::kDirectory && fate.ok()) return Done{};
    return ErrnoError(fate.ok() ? ENOTDIR : fate.error, "create folder", path);
  }
  if (!state_->FolderExists(FolderOf(key))) return ErrnoError(ENOENT, "create folder", path);
  state_->Change({.names = {{key, State::NewFolder()}}});
  state_->Tell();
  if (!fate.ok()) return ErrnoError(fate.error, "create folder", path);
  return Done{};
}

Status SimulatedDisk::SyncDirectory(const Path& path) {
  const MutexLock lock(state_->mutex);
  const auto fate = state_->Begin(true);
  if (!fate.ok() && !(fate.interrupted && state_->Coin())) {
    return ErrnoError(fate.error, "sync folder", path);
  }
  if (!state_->FolderExists(KeyOf(path))) return ErrnoError(ENOENT, "sync folder", path);
  state_->Tell();
  if (!state_->options.ignores_directory_syncs) state_->SyncNames(KeyOf(path));
  if (!fate.ok()) return ErrnoError(fate.error, "sync folder", path);
  return Done{};
}

Result<std::vector<DirectoryEntry>> SimulatedDisk::List(const Path& path) {
  const MutexLock lock(state_->mutex);
  if (const auto fate = state_->Begin(false); !fate.ok()) {
    return ErrnoError(fate.error, "list", path);
  }
  const std::string folder = KeyOf(path);
  if (!state_->FolderExists(folder)) return ErrnoError(ENOENT, "list", path);
  std::vector<DirectoryEntry> entries;
  for (const auto& [key, node] : state_->names) {
    if (key == "/" || key == "." || FolderOf(key) != folder) continue;
    entries.push_back({.name = Path(key).filename().native(), .type = node->type});
  }
  std::ranges::sort(entries, {}, &DirectoryEntry::name);
  return entries;
}

Result<Stat> SimulatedDisk::GetStat(const Path& path) {
  const MutexLock lock(state_->mutex);
  if (const auto fate = state_->Begin(false); !fate.ok()) {
    return ErrnoError(fate.error, "stat", path);
  }
  const Node* node = state_->Find(KeyOf(path));
  if (node == nullptr) return ErrnoError(ENOENT, "stat", path);
  if (node->bad_byte == kInode) return ErrnoError(EIO, "stat", path);
  return Stat{.type = node->type, .size = node->current->size()};
}

Result<Space> SimulatedDisk::FreeSpace(const Path& path) {
  const MutexLock lock(state_->mutex);
  if (const auto fate = state_->Begin(false); !fate.ok()) {
    return ErrnoError(fate.error, "free space of", path);
  }
  const std::uint64_t used = state_->UsedBytes();
  const std::uint64_t capacity = state_->options.capacity_bytes;
  return Space{.free_bytes = capacity > used ? capacity - used : 0, .total_bytes = capacity};
}

Result<std::unique_ptr<FileLock>> SimulatedDisk::Lock(const Path& path) {
  const MutexLock lock(state_->mutex);
  if (const auto fate = state_->Begin(true); !fate.ok()) {
    return ErrnoError(fate.error, "lock", path);
  }
  const std::string key = KeyOf(path);
  if (!state_->FolderExists(FolderOf(key))) return ErrnoError(ENOENT, "lock", path);
  if (state_->Find(key) == nullptr) {
    state_->Change({.names = {{key, std::make_shared<Node>()}}});
    state_->Tell();
  }
  if (!state_->locks.insert(key).second) return ErrnoError(EWOULDBLOCK, "lock", path);
  return std::unique_ptr<FileLock>(new HeldLock(state_, key));
}

}  // namespace strata::os
