// What a simulated disk knows. Private to os/simulated_*.cc; os/simulated_disk.h has the rules.
#pragma once

#include <algorithm>
#include <cerrno>
#include <map>
#include <memory>
#include <optional>
#include <random>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "base/mutex.h"
#include "os/simulated_disk.h"

namespace strata::os {

inline constexpr std::size_t kSectorBytes = SimulatedDisk::kSectorBytes;

// The form in which paths are compared.
inline std::string KeyOf(const FileSystem::Path& path) {
  std::string key = path.lexically_normal().native();
  if (key.size() > 1 && key.ends_with('/')) key.pop_back();
  return key;
}

inline std::string FolderOf(const std::string& key) {
  const std::string folder = FileSystem::Path(key).parent_path().native();
  return folder.empty() ? "." : folder;
}

// Bytes that many disks share until one changes them: a state after power loss costs what differs.
class SharedBytes {
 public:
  const Bytes& operator*() const { return *bytes_; }
  const Bytes* operator->() const { return bytes_.get(); }
  Bytes& Own() {
    if (bytes_.use_count() > 1) bytes_ = std::make_shared<Bytes>(*bytes_);
    return *bytes_;
  }
  void Replace(Bytes bytes) { bytes_ = std::make_shared<Bytes>(std::move(bytes)); }

 private:
  std::shared_ptr<Bytes> bytes_ = std::make_shared<Bytes>();
};

struct SimulatedDisk::Node {
  EntryType type = EntryType::kFile;
  SharedBytes current;            // what a reader sees
  SharedBytes durable;            // what power loss cannot take
  std::set<std::uint64_t> dirty;  // sectors of `current` that a sync would make durable
  bool size_dirty = false;
  std::optional<std::uint64_t> bad_byte;  // a read that covers it fails

  void MarkDirty(std::uint64_t from, std::uint64_t to) {
    for (std::uint64_t at = from / kSectorBytes; at * kSectorBytes < to; ++at) dirty.insert(at);
  }
  // Moves a sector of `current` to `target`, where the file may be shorter.
  void Copy(std::uint64_t sector, SharedBytes& target) const {
    const std::uint64_t from = sector * kSectorBytes;
    if (from >= current->size()) return;
    const std::uint64_t to = std::min<std::uint64_t>(from + kSectorBytes, current->size());
    Bytes& bytes = target.Own();
    if (bytes.size() < to) bytes.resize(to);
    std::copy(current->begin() + static_cast<std::ptrdiff_t>(from),
              current->begin() + static_cast<std::ptrdiff_t>(to),
              bytes.begin() + static_cast<std::ptrdiff_t>(from));
  }
  void Persist(std::uint64_t sector) { Copy(sector, durable); }
  void PersistAll() {
    for (const std::uint64_t sector : dirty) Persist(sector);
    if (durable->size() != current->size()) durable.Own().resize(current->size());
    dirty.clear();
    size_dirty = false;
  }
  void Resize(std::uint64_t size) {
    MarkDirty(std::min<std::uint64_t>(size, current->size()),
              std::max<std::uint64_t>(size, current->size()));
    current.Own().resize(size);
    size_dirty = true;
  }
  // Whether `current` and `durable` are not the same in a sector; missing bytes are zeros.
  bool Differs(std::uint64_t sector) const;
  // What power loss leaves.
  SharedBytes AfterPowerLoss(const Survives& survives) const;
};

struct SimulatedDisk::State {
  using Names = std::map<std::string, std::shared_ptr<Node>>;
  // One call that changed names, and is not synced yet. A null node: the name went away.
  struct NameChange {
    std::vector<std::pair<std::string, std::shared_ptr<Node>>> names;
    bool Touches(const std::string& folder) const {
      return std::ranges::any_of(names, [&](const auto& n) { return FolderOf(n.first) == folder; });
    }
  };
  // What becomes of a call: it runs (0), or fails with `error`, or is cut off by power loss.
  struct Fate {
    int error = 0;
    bool interrupted = false;
    bool ok() const { return error == 0; }
  };

  explicit State(const Options& given) : options(given), random(given.seed) {
    names["/"] = durable_names["/"] = NewFolder();
    names["."] = durable_names["."] = NewFolder();
  }
  static std::shared_ptr<Node> NewFolder() {
    auto node = std::make_shared<Node>();
    node->type = EntryType::kDirectory;
    return node;
  }

  bool Coin() REQUIRES(mutex) { return (random() & 1U) != 0; }
  // Called by a call that changes the disk, before what it does is synced.
  void Tell() REQUIRES(mutex) {
    if (watch) watch(Moment(*this));
  }
  std::unique_ptr<SimulatedDisk> AfterPowerLoss(const Options& of_the_next,
                                                const Survives& survives) const REQUIRES(mutex);
  Names NamesAfterPowerLoss(const Survives& survives) const REQUIRES(mutex);

  Fate Begin(bool changes) REQUIRES(mutex) {
    ++operations;
    if (crashed) return {.error = EIO};
    if (crash_in && --*crash_in == 0) {
      crashed = true;
      return {.error = EIO, .interrupted = true};
    }
    if (!fault || (fault_changes_only && !changes)) return {};
    if (fault_in > 1) {
      --fault_in;
      return {};
    }
    const int number = *fault;
    if (fault_repeat == Repeat::kOnce) fault.reset();
    return {.error = number};
  }

  Node* Find(const std::string& key) REQUIRES(mutex) {
    const auto found = names.find(key);
    return found == names.end() ? nullptr : found->second.get();
  }
  bool FolderExists(const std::string& key) REQUIRES(mutex) {
    const Node* node = Find(key);
    return node != nullptr && node->type == EntryType::kDirectory;
  }
  void Change(NameChange change) REQUIRES(mutex) {
    for (const auto& [key, node] : change.names) SetName(names, key, node);
    pending.push_back(std::move(change));
  }
  static void SetName(Names& target, const std::string& key, const std::shared_ptr<Node>& node) {
    if (node == nullptr) {
      target.erase(key);
    } else {
      target[key] = node;
    }
  }
  void SyncNames(const std::string& folder) REQUIRES(mutex) {
    std::erase_if(pending, [&](const NameChange& change) {
      mutex.AssertHeld();
      if (!change.Touches(folder)) return false;
      for (const auto& [key, node] : change.names) SetName(durable_names, key, node);
      return true;
    });
  }
  std::uint64_t UsedBytes() REQUIRES(mutex) {
    std::uint64_t used = 0;
    for (const auto& [key, node] : names) used += node->current->size();
    return used;
  }
  // How far a file may grow, given what the others take.
  std::uint64_t SizeAllowed(const Node& node) REQUIRES(mutex) {
    const std::uint64_t others = UsedBytes() - node.current->size();
    return options.capacity_bytes > others ? options.capacity_bytes - others : 0;
  }

  Mutex mutex;
  Options options;
  std::mt19937_64 random GUARDED_BY(mutex);
  Names names GUARDED_BY(mutex);
  Names durable_names GUARDED_BY(mutex);
  std::vector<NameChange> pending GUARDED_BY(mutex);
  std::set<std::string> locks GUARDED_BY(mutex);
  std::uint64_t operations GUARDED_BY(mutex) = 0;
  std::uint64_t retried_syncs GUARDED_BY(mutex) = 0;
  std::optional<std::uint64_t> crash_in GUARDED_BY(mutex);
  bool crashed GUARDED_BY(mutex) = false;
  std::optional<int> fault GUARDED_BY(mutex);
  std::uint64_t fault_in GUARDED_BY(mutex) = 0;
  bool fault_changes_only GUARDED_BY(mutex) = false;
  Repeat fault_repeat GUARDED_BY(mutex) = Repeat::kOnce;
  Watch watch GUARDED_BY(mutex);
};

}  // namespace strata::os
