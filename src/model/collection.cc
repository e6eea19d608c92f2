#include "model/collection.h"

#include <algorithm>

namespace strata::model {
namespace {

bool IsLetterOrDigit(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

// A namespace's name has no '/', so the pair is unambiguous.
std::string KeyOf(std::string_view namespace_name, std::string_view name) {
  std::string key(namespace_name);
  key += '/';
  key += name;
  return key;
}

}  // namespace

bool IsValidNamespaceName(std::string_view name) {
  return !name.empty() && name.size() <= 63 && IsLetterOrDigit(name.front()) &&
         std::ranges::all_of(name,
                             [](char c) { return IsLetterOrDigit(c) || c == '-' || c == '_'; });
}

const Collection* CollectionTable::Find(std::string_view namespace_name,
                                        std::string_view name) const {
  const MutexLock lock(mutex_);
  const auto found = by_name_.find(KeyOf(namespace_name, name));
  return found == by_name_.end() ? nullptr : found->second;
}

const Collection* CollectionTable::Find(CollectionId id) const {
  const MutexLock lock(mutex_);
  const auto found = by_id_.find(id);
  return found == by_id_.end() ? nullptr : found->second;
}

Result<CollectionTable::Added> CollectionTable::Add(std::string_view namespace_name,
                                                    std::string_view name, Kind kind,
                                                    std::size_t max) {
  const MutexLock lock(mutex_);
  const auto found = by_name_.find(KeyOf(namespace_name, name));
  if (found != by_name_.end()) return Added{found->second, false};
  if (collections_.size() >= max) {
    return Error{Code::kExhausted, "limit of " + std::to_string(max) + " collections reached"};
  }
  const Collection& added = Insert({.id = next_id_,
                                    .namespace_name = std::string(namespace_name),
                                    .name = std::string(name),
                                    .kind = kind});
  return Added{&added, true};
}

Status CollectionTable::Restore(const Collection& collection) {
  const MutexLock lock(mutex_);
  const auto same_id = by_id_.find(collection.id);
  const auto same_name = by_name_.find(KeyOf(collection.namespace_name, collection.name));
  if (same_id == by_id_.end() && same_name == by_name_.end() && collection.id != 0) {
    Insert(collection);
    return Done{};
  }
  const bool known = same_id != by_id_.end() && same_name != by_name_.end() &&
                     same_id->second == same_name->second &&
                     same_id->second->kind == collection.kind;
  if (known) return Done{};
  return Error{Code::kCorrupt, "collection " + std::to_string(collection.id) + " is defined as " +
                                   collection.namespace_name + "/" + collection.name +
                                   " and otherwise"};
}

void CollectionTable::SkipIds(CollectionId count) {
  const MutexLock lock(mutex_);
  next_id_ += count;
}

std::vector<const Collection*> CollectionTable::All() const {
  const MutexLock lock(mutex_);
  std::vector<const Collection*> all;
  all.reserve(collections_.size());
  for (const auto& collection : collections_) all.push_back(collection.get());
  return all;
}

std::vector<const Collection*> CollectionTable::In(std::string_view namespace_name) const {
  const MutexLock lock(mutex_);
  const auto found = by_namespace_.find(std::string(namespace_name));
  return found == by_namespace_.end() ? std::vector<const Collection*>() : found->second;
}

const Collection& CollectionTable::Insert(Collection collection) {
  next_id_ = std::max(next_id_, collection.id + 1);
  collections_.push_back(std::make_unique<Collection>(std::move(collection)));
  const Collection& inserted = *collections_.back();
  by_id_.emplace(inserted.id, &inserted);
  by_namespace_[inserted.namespace_name].push_back(&inserted);
  by_name_.emplace(KeyOf(inserted.namespace_name, inserted.name), &inserted);
  return inserted;
}

}  // namespace strata::model
