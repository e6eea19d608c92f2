#include "ingest/dedup.h"

#include <algorithm>
#include <limits>

#include "base/crc32c.h"

namespace strata::ingest {
namespace {

// The file, little-endian: magic, version, count, CRC-32C of the entries; then the entries.
constexpr std::uint32_t kMagic = 0x55444453;  // "SDDU"
constexpr std::uint32_t kVersion = 1;
constexpr std::size_t kHeaderBytes = 24;
constexpr std::size_t kEntryBytes = 56;

// What an entry costs in memory, indexes included (measured: 80 for the entry, about 56 an index).
constexpr std::uint64_t kEntryMemoryBytes = 80;
constexpr std::uint64_t kIndexMemoryBytes = 56;

void EncodeEntry(const StoredRequest& stored, std::span<std::byte> out) {
  StoreLe(out, stored.position);
  StoreLe(out.subspan(8), stored.received_ns);
  StoreLe(out.subspan(16), stored.payload.low);
  StoreLe(out.subspan(24), stored.payload.high);
  StoreLe(out.subspan(32), stored.key.low);
  StoreLe(out.subspan(40), stored.key.high);
  StoreLe(out.subspan(48), stored.rejected);
  StoreLe(out.subspan(52), static_cast<std::uint32_t>(stored.by_payload ? 1 : 0));
}

StoredRequest DecodeEntry(ByteSpan in) {
  return {
      .position = LoadLe<std::uint64_t>(in),
      .received_ns = LoadLe<std::int64_t>(in.subspan(8)),
      .payload = {LoadLe<std::uint64_t>(in.subspan(16)), LoadLe<std::uint64_t>(in.subspan(24))},
      .key = {LoadLe<std::uint64_t>(in.subspan(32)), LoadLe<std::uint64_t>(in.subspan(40))},
      .rejected = LoadLe<std::uint32_t>(in.subspan(48)),
      .by_payload = LoadLe<std::uint32_t>(in.subspan(52)) == 1,
  };
}

Error Corrupt(const char* what) {
  return {Code::kCorrupt, std::string("dedup table: ") + what};
}

// From `then` to `now`; clocks and files may say anything.
std::int64_t Age(std::int64_t now_ns, std::int64_t then_ns) {
  std::int64_t age = 0;
  if (!__builtin_sub_overflow(now_ns, then_ns, &age)) return age;
  return now_ns < then_ns ? std::numeric_limits<std::int64_t>::min()
                          : std::numeric_limits<std::int64_t>::max();
}

}  // namespace

const StoredRequest* Dedup::Lookup(const Index& index, const Hash128& hash,
                                   std::int64_t now_ns) const {
  const auto found = index.find(hash);
  if (found == index.end()) return nullptr;
  const StoredRequest& stored = stored_[found->second - first_];
  return Age(now_ns, stored.seen_ns) <= config_.window.count() ? &stored : nullptr;
}

Result<std::optional<StoredRequest>> Dedup::Find(const Hash128& payload, bool by_payload,
                                                 const Hash128& key, std::int64_t now_ns) const {
  if (!key.IsZero()) {
    if (const StoredRequest* stored = Lookup(by_key_, key, now_ns)) {
      if (stored->payload == payload) return std::optional(*stored);
      return Error{Code::kConflict,
                   "this Idempotency-Key was used with another payload, stored at position " +
                       std::to_string(stored->position)};
    }
  }
  if (by_payload) {
    if (const StoredRequest* stored = Lookup(by_payload_, payload, now_ns)) {
      return std::optional(*stored);
    }
  }
  return std::optional<StoredRequest>();
}

void Dedup::Add(const StoredRequest& stored) {
  if (!stored.by_payload && stored.key.IsZero()) return;
  const std::uint64_t sequence = first_ + stored_.size();
  stored_.push_back(stored);
  if (stored.by_payload) AddTo(by_payload_, stored.payload, sequence);
  if (!stored.key.IsZero()) AddTo(by_key_, stored.key, sequence);
  while (bytes() > config_.memory_bytes) PopFront();
}

// The first one keeps the hash, because its receipt is what a repetition gets, unless its window
// ended.
void Dedup::AddTo(Index& index, const Hash128& hash, std::uint64_t sequence) {
  const auto [entry, is_new] = index.emplace(hash, sequence);
  if (is_new) return;
  const std::int64_t age =
      Age(stored_[sequence - first_].seen_ns, stored_[entry->second - first_].seen_ns);
  if (age > config_.window.count()) entry->second = sequence;
}

void Dedup::Expire(std::int64_t now_ns) {
  while (!stored_.empty() && Age(now_ns, stored_.front().seen_ns) > config_.window.count()) {
    PopFront();
  }
}

void Dedup::PopFront() {
  const StoredRequest& stored = stored_.front();
  const auto erase = [this](Index& index, const Hash128& hash) {
    const auto found = index.find(hash);
    if (found != index.end() && found->second == first_) index.erase(found);
  };
  if (stored.by_payload) erase(by_payload_, stored.payload);
  if (!stored.key.IsZero()) erase(by_key_, stored.key);
  stored_.pop_front();
  ++first_;
}

std::uint64_t Dedup::bytes() const {
  return stored_.size() * kEntryMemoryBytes +
         (by_payload_.size() + by_key_.size()) * kIndexMemoryBytes;
}

Bytes Dedup::Encode() const {
  Bytes bytes(kHeaderBytes + stored_.size() * kEntryBytes);
  const std::span<std::byte> out(bytes);
  std::size_t at = kHeaderBytes;
  for (const StoredRequest& stored : stored_) {
    EncodeEntry(stored, out.subspan(at));
    at += kEntryBytes;
  }
  StoreLe(out, kMagic);
  StoreLe(out.subspan(4), kVersion);
  StoreLe(out.subspan(8), static_cast<std::uint64_t>(stored_.size()));
  StoreLe(out.subspan(16), Crc32c(ByteSpan(bytes).subspan(kHeaderBytes)));
  StoreLe(out.subspan(20), Crc32c(ByteSpan(bytes).first(20)));
  return bytes;
}

Status Dedup::Decode(ByteSpan bytes, std::int64_t now_ns) {
  if (bytes.size() < kHeaderBytes) return Corrupt("short header");
  if (LoadLe<std::uint32_t>(bytes) != kMagic) return Corrupt("wrong magic");
  if (LoadLe<std::uint32_t>(bytes.subspan(4)) != kVersion) return Corrupt("unknown version");
  if (LoadLe<std::uint32_t>(bytes.subspan(20)) != Crc32c(bytes.first(20))) {
    return Corrupt("header checksum mismatch");
  }
  const auto count = LoadLe<std::uint64_t>(bytes.subspan(8));
  const ByteSpan entries = bytes.subspan(kHeaderBytes);
  if (entries.size() % kEntryBytes != 0 || entries.size() / kEntryBytes != count) {
    return Corrupt("length does not fit the count");
  }
  if (LoadLe<std::uint32_t>(bytes.subspan(16)) != Crc32c(entries)) {
    return Corrupt("entry checksum mismatch");
  }
  std::uint64_t last = 0;
  for (std::uint64_t i = 0; i < count; ++i) {
    const auto position = LoadLe<std::uint64_t>(entries.subspan(i * kEntryBytes));
    if (position <= last) return Corrupt("positions do not ascend");
    last = position;
  }
  for (std::uint64_t i = 0; i < count; ++i) {
    StoredRequest stored = DecodeEntry(entries.subspan(i * kEntryBytes));
    stored.seen_ns = std::min(stored.received_ns, now_ns);
    Add(stored);
  }
  return Done{};
}

}  // namespace strata::ingest
