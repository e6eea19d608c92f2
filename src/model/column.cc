#include "model/column.h"

#include <algorithm>
#include <bit>

#include "base/check.h"
#include "model/same_bytes.h"

namespace strata::model {
namespace {

// A slot that is this far from its hash is not looked for: whoever sends values that collide gets
// raw text, not slow requests.
constexpr std::uint32_t kProbesMax = 64;

std::uint64_t Mix(std::uint64_t a, std::uint64_t b) {
  const auto product = static_cast<unsigned __int128>(a) * b;
  return static_cast<std::uint64_t>(product) ^ static_cast<std::uint64_t>(product >> 64);
}

template <class Word>
std::uint64_t Load(const char* at) {
  Word word;
  std::memcpy(&word, at, sizeof word);
  return word;
}

// Inlined and for this process only, so that a label of some ten bytes costs a nanosecond or two
// (multiply and fold, as wyhash does).
std::uint64_t HashLabel(std::string_view text) {
  constexpr std::uint64_t kFirst = 0xa0761d6478bd642fULL;
  constexpr std::uint64_t kSecond = 0xe7037ed1a0b428dbULL;
  const char* at = text.data();
  std::size_t left = text.size();
  std::uint64_t hash = 0x9E3779B97F4A7C15ULL ^ left;
  for (; left > 16; at += 16, left -= 16) {
    hash = Mix(Load<std::uint64_t>(at) ^ kFirst, Load<std::uint64_t>(at + 8) ^ hash);
  }
  if (left >= 8) {
    return Mix(Load<std::uint64_t>(at) ^ kSecond, Load<std::uint64_t>(at + left - 8) ^ hash);
  }
  if (left >= 4) {
    return Mix(Load<std::uint32_t>(at) ^ kSecond, Load<std::uint32_t>(at + left - 4) ^ hash);
  }
  std::uint64_t word = 0;
  for (; left > 0; ++at, --left) word = word << 8 | static_cast<unsigned char>(*at);
  return Mix(word ^ kSecond, hash);
}

}  // namespace

std::size_t ValueBytes(ColumnType type) {
  switch (type) {
    case ColumnType::kTime:
    case ColumnType::kInt64:
    case ColumnType::kUint64:
    case ColumnType::kDouble:
    case ColumnType::kId8:
      return 8;
    case ColumnType::kInt32:
    case ColumnType::kUint32:
      return 4;
    case ColumnType::kUint8:
    case ColumnType::kBool:
      return 1;
    case ColumnType::kId16:
    case ColumnType::kText:
    case ColumnType::kLabel:
      return 16;
  }
  CHECK(false);
}

Dictionary::Dictionary(Arena& arena, std::uint32_t capacity)
    : entries_(static_cast<Text*>(arena.Allocate((capacity + 1) * sizeof(Text), 16))),
      slots_(static_cast<std::uint16_t*>(
          arena.Allocate(std::bit_ceil(capacity * 2) * sizeof(std::uint16_t)))),
      slot_mask_(std::bit_ceil(capacity * 2) - 1),
      capacity_(capacity) {
  CHECK(capacity <= kDictionaryMax);
}

std::uint16_t Dictionary::Intern(std::string_view value, Arena& arena) {
  auto slot = static_cast<std::uint32_t>(HashLabel(value) >> 20);
  for (std::uint32_t probes = 0; probes < kProbesMax; ++probes, ++slot) {
    const std::uint16_t code = slots_[slot & slot_mask_];
    if (code == 0) return Add(slot & slot_mask_, value, arena);
    if (SameBytes(entries_[code].view(), value)) return code;
  }
  return 0;
}

std::uint16_t Dictionary::Add(std::uint32_t slot, std::string_view value, Arena& arena) {
  const std::uint32_t size = size_.load(std::memory_order_relaxed);
  if (size > capacity_) return 0;
  entries_[size] = arena.Copy(value);
  slots_[slot] = static_cast<std::uint16_t>(size);
  size_.store(size + 1, std::memory_order_release);
  return slots_[slot];
}

Column::Column(ColumnType type, bool nullable, std::uint32_t rows, bool start_raw)
    : type_(type), nullable_(nullable), rows_(rows), raw_(start_raw) {
  CHECK(rows <= kBlockRowsMax);
}

void Column::SetText(std::uint32_t row, std::string_view value, Arena& arena) {
  const std::uint32_t at = row % kChunkRows;
  Chunk* chunk = &WritableChunk(row / kChunkRows, arena);
  if (chunk->encoding == Chunk::Encoding::kCodes) {
    const std::uint16_t code = owned_dictionary_->Intern(value, arena);
    if (code != 0) {
      static_cast<std::uint16_t*>(chunk->data)[at] = code;
      return;
    }
    chunk = &MakeFlat(row / kChunkRows, arena);
  }
  static_cast<Text*>(chunk->data)[at] = arena.Copy(value);
  if (chunk->validity != nullptr) MarkValid(*chunk, at);
}

void Column::Clear(std::uint32_t row) {
  Chunk* chunk = chunks_[row / kChunkRows].load(std::memory_order_relaxed);
  if (chunk == nullptr) return;
  const std::uint32_t at = row % kChunkRows;
  if (chunk->encoding == Chunk::Encoding::kCodes) {
    static_cast<std::uint16_t*>(chunk->data)[at] = 0;
    return;
  }
  const std::size_t bytes = ValueBytes(type_);
  std::memset(static_cast<std::byte*>(chunk->data) + at * bytes, 0, bytes);
  if (chunk->validity == nullptr) return;
  const std::atomic_ref<std::uint64_t> word(chunk->validity[at / 64]);
  word.store(word.load(std::memory_order_relaxed) & ~(1ULL << (at % 64)),
             std::memory_order_relaxed);
}

// A dictionary is tried while it is at most half full when a chunk begins: then the chunk is likely
// to fit. Beyond that, values rarely repeat and codes would cost more than they save.
Chunk& Column::NewChunk(std::uint32_t index, Arena& arena) {
  if (type_ == ColumnType::kLabel && !raw_) {
    if (owned_dictionary_ == nullptr) {
      owned_dictionary_ = std::make_unique<Dictionary>(arena, std::min(rows_, kDictionaryMax));
      dictionary_.store(owned_dictionary_.get(), std::memory_order_release);
    }
    raw_ = owned_dictionary_->size() > kDictionaryMax / 2;
  }
  Chunk* chunk = nullptr;
  if (type_ == ColumnType::kLabel && !raw_) {
    owned_chunks_.push_back(std::make_unique<Chunk>());
    chunk = owned_chunks_.back().get();
    chunk->encoding = Chunk::Encoding::kCodes;
    chunk->data = arena.Allocate(std::min(rows_, kChunkRows) * sizeof(std::uint16_t), 64);
  } else {
    chunk = &NewFlatChunk(arena);
  }
  chunks_[index].store(chunk, std::memory_order_release);
  return *chunk;
}

Chunk& Column::NewFlatChunk(Arena& arena) {
  const std::uint32_t rows = std::min(rows_, kChunkRows);
  owned_chunks_.push_back(std::make_unique<Chunk>());
  Chunk& chunk = *owned_chunks_.back();
  chunk.data = arena.Allocate(rows * ValueBytes(type_), 64);
  if (nullable_) {
    chunk.validity =
        static_cast<std::uint64_t*>(arena.Allocate((rows + 63) / 64 * sizeof(std::uint64_t), 8));
  }
  return chunk;
}

// The dictionary ran full in the middle of a chunk: its rows move to a flat chunk. Readers that
// hold the old one keep it; it lives as long as the block.
Chunk& Column::MakeFlat(std::uint32_t index, Arena& arena) {
  raw_ = true;
  const Chunk& codes = *chunks_[index].load(std::memory_order_relaxed);
  Chunk& flat = NewFlatChunk(arena);
  for (std::uint32_t at = 0; at < std::min(rows_, kChunkRows); ++at) {
    const std::uint16_t code = codes.values<std::uint16_t>()[at];
    if (code == 0) continue;
    static_cast<Text*>(flat.data)[at] = owned_dictionary_->entries()[code];
    if (flat.validity != nullptr) MarkValid(flat, at);
  }
  chunks_[index].store(&flat, std::memory_order_release);
  return flat;
}

}  // namespace strata::model
