// What may happen to the bytes of a file behind strata's back.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "base/bytes.h"

namespace strata::reliability {

struct Damage {
  enum class Kind : std::uint8_t {
    kFlip,        // bit `with` of the byte at `at`
    kZero,        // the byte at `at`
    kCut,         // the file ends at `at`
    kSwap,        // the 4 KiB blocks `at` and `with` are in each other's place
    kCopy,        // the block `at` has the bytes of the block `with`, which went astray
    kZeroBlock,   // the 4 KiB block `at`
    kStaleBlock,  // the block `at` has the bytes of the file's earlier content
    kStaleFile,   // the whole file has
  };
  static constexpr std::size_t kBlockBytes = 4096;

  Kind kind = Kind::kFlip;
  std::uint64_t at = 0;
  std::uint64_t with = 0;

  // `good` with the damage. `older`: what the file held before, or another file of its kind.
  Bytes Of(const Bytes& good, const Bytes& older) const;
  // "flip 17 3": what Parse() takes.
  std::string Text() const;
  static std::optional<Damage> Parse(const std::string& text);
};

const char* NameOf(Damage::Kind kind);

struct DamageScope {
  std::uint64_t bytes = 0;  // of the file, from its begin: each is flipped, zeroed and cut at
  std::uint64_t bits = 1;   // of each byte; with 1 the seed says which
  std::uint64_t seed = 1;
};

// Every damage of a file of `size` bytes within the scope, always in the same order. Blocks are
// those of the whole file.
void ForEachDamage(std::uint64_t size, const DamageScope& scope,
                   const std::function<void(const Damage&)>& visit);

}  // namespace strata::reliability
