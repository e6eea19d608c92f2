// Column: one column of a block, in chunks of 2,048 rows, each of which a query reads as one
// vector.
//
// Threads: one writer at a time; readers without locks. A reader may look at rows of a published
// run only (model/run_table.h); whatever the writer stored for them happened before. Words of a
// validity mask hold neighbouring rows of both sides, so they are read and written with relaxed
// atomics.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include "model/arena.h"
#include "model/schema.h"
#include "model/text.h"

namespace strata::model {

inline constexpr std::uint32_t kChunkRows = 2048;
inline constexpr std::uint32_t kBlockRowsMax = 65536;
inline constexpr std::uint32_t kChunksMax = kBlockRowsMax / kChunkRows;
// Distinct values that a dictionary holds, the absent one at code 0 not counted.
inline constexpr std::uint32_t kDictionaryMax = 2048;

// Values of one column and one chunk.
struct Chunk {
  enum class Encoding : std::uint8_t { kFlat, kCodes };
  Encoding encoding = Encoding::kFlat;
  // kFlat: values of the column's physical type; Text for kText and kLabel.
  // kCodes: uint16 codes into the column's dictionary; code 0 is "not set".
  void* data = nullptr;
  // kFlat: bit r of word r / 64 is set where row r has a value; nullptr where the column says that
  // every row has one. Read with ValidityWord().
  std::uint64_t* validity = nullptr;

  template <class T>
  const T* values() const {
    return static_cast<const T*>(data);
  }
  std::uint64_t ValidityWord(std::uint32_t word) const {
    return std::atomic_ref<std::uint64_t>(validity[word]).load(std::memory_order_relaxed);
  }
  bool IsValid(std::uint32_t row) const {
    return validity == nullptr || ((ValidityWord(row / 64) >> (row % 64)) & 1U) != 0;
  }
};

// Values of a label column of one block; entries never move. Entry 0 stands for "not set".
class Dictionary {
 public:
  Dictionary(Arena& arena, std::uint32_t capacity);

  // The code of `value`, which is added if it is new; 0 when there is no room for it. Writer only.
  std::uint16_t Intern(std::string_view value, Arena& arena);

  // Entries including number 0. A reader uses those below the size that it loaded.
  std::uint32_t size() const { return size_.load(std::memory_order_acquire); }
  const Text* entries() const { return entries_; }

 private:
  std::uint16_t Add(std::uint32_t slot, std::string_view value, Arena& arena);

  Text* entries_;
  std::uint16_t* slots_;
  std::uint32_t slot_mask_;
  std::uint32_t capacity_;
  std::atomic<std::uint32_t> size_{1};
};

class Column {
 public:
  // `nullable`: rows that were never set are NULL (else zero or empty). `rows`: the block's
  // capacity. `start_raw`: a label column whose values did not repeat in the block before.
  Column(ColumnType type, bool nullable, std::uint32_t rows, bool start_raw);

  ColumnType type() const { return type_; }
  bool nullable() const { return nullable_; }
  // Any row holds the value that means NULL for its type (time 0, id of zeros).
  bool has_zero() const { return has_zero_.load(std::memory_order_relaxed); }

  // nullptr: no row of the chunk was ever set. Load it once for each pass over a chunk: a writer
  // may replace a chunk of codes by a flat one that holds the same values.
  const Chunk* chunk(std::uint32_t index) const {
    return chunks_[index].load(std::memory_order_acquire);
  }
  const Dictionary* dictionary() const { return dictionary_.load(std::memory_order_acquire); }
  // The value of a set row of a kText or kLabel column.
  std::string_view TextAt(const Chunk& chunk, std::uint32_t row_in_chunk) const {
    if (chunk.encoding == Chunk::Encoding::kFlat) return chunk.values<Text>()[row_in_chunk].view();
    return dictionary()->entries()[chunk.values<std::uint16_t>()[row_in_chunk]].view();
  }

  // Writer only, `row` is the row's index in the block.
  template <class T>
  void Set(std::uint32_t row, T value, Arena& arena) {
    Chunk& chunk = WritableChunk(row / kChunkRows, arena);
    const std::uint32_t at = row % kChunkRows;
    static_cast<T*>(chunk.data)[at] = value;
    if (chunk.validity != nullptr) MarkValid(chunk, at);
  }
  // The values of the row's chunk, if it exists and storing a value there is all that Set does.
  void* FlatValues(std::uint32_t row) const {
    const Chunk* chunk = chunks_[row / kChunkRows].load(std::memory_order_relaxed);
    const bool plain =
        chunk != nullptr && chunk->encoding == Chunk::Encoding::kFlat && chunk->validity == nullptr;
    return plain ? chunk->data : nullptr;
  }
  void SetZeroSeen() { has_zero_.store(true, std::memory_order_relaxed); }
  void SetText(std::uint32_t row, std::string_view value, Arena& arena);
  // Makes the row not set again.
  void Clear(std::uint32_t row);

  // The column ended with values that did not repeat.
  bool ended_raw() const { return raw_; }

 private:
  Chunk& WritableChunk(std::uint32_t index, Arena& arena) {
    Chunk* chunk = chunks_[index].load(std::memory_order_relaxed);
    return chunk != nullptr ? *chunk : NewChunk(index, arena);
  }
  Chunk& NewChunk(std::uint32_t index, Arena& arena);
  Chunk& NewFlatChunk(Arena& arena);
  Chunk& MakeFlat(std::uint32_t index, Arena& arena);
  static void MarkValid(Chunk& chunk, std::uint32_t at) {
    const std::atomic_ref<std::uint64_t> word(chunk.validity[at / 64]);
    word.store(word.load(std::memory_order_relaxed) | (1ULL << (at % 64)),
               std::memory_order_relaxed);
  }

  const ColumnType type_;
  const bool nullable_;
  const std::uint32_t rows_;
  bool raw_;
  std::atomic<bool> has_zero_{false};
  std::atomic<Dictionary*> dictionary_{nullptr};
  std::array<std::atomic<Chunk*>, kChunksMax> chunks_{};
  std::unique_ptr<Dictionary> owned_dictionary_;
  std::vector<std::unique_ptr<Chunk>> owned_chunks_;
};

// Bytes of one value of a flat chunk.
std::size_t ValueBytes(ColumnType type);

}  // namespace strata::model
