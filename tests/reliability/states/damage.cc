#include "states/damage.h"

#include <algorithm>
#include <array>
#include <sstream>

namespace strata::reliability {
namespace {

using Kind = Damage::Kind;

constexpr std::array kNames = {"flip", "zero",       "cut",         "swap",
                               "copy", "zero_block", "stale_block", "stale_file"};

// The block's bytes; fewer at the end of the file, none behind it.
std::span<std::byte> BlockOf(Bytes& bytes, std::uint64_t block) {
  const std::uint64_t from = std::min<std::uint64_t>(block * Damage::kBlockBytes, bytes.size());
  return std::span(bytes).subspan(from).first(
      std::min<std::uint64_t>(Damage::kBlockBytes, bytes.size() - from));
}

void Swap(Bytes& bytes, std::uint64_t first, std::uint64_t second) {
  const auto one = BlockOf(bytes, first);
  const auto other = BlockOf(bytes, second);
  std::swap_ranges(one.begin(), one.begin() + static_cast<std::ptrdiff_t>(other.size()),
                   other.begin());
}

// Block `to` gets the bytes of block `from` of `source`, zeros behind its end.
void Put(Bytes& bytes, Bytes source, std::uint64_t from, std::uint64_t to) {
  const auto out = BlockOf(bytes, to);
  source.resize(std::max<std::size_t>(source.size(), (from + 1) * Damage::kBlockBytes));
  std::ranges::copy(BlockOf(source, from).first(out.size()), out.begin());
}

}  // namespace

const char* NameOf(Damage::Kind kind) {
  return kNames[static_cast<std::size_t>(kind)];
}

Bytes Damage::Of(const Bytes& good, const Bytes& older) const {
  Bytes bytes = kind == Kind::kStaleFile ? older : good;
  switch (kind) {
    case Kind::kFlip:
      bytes[at] ^= static_cast<std::byte>(1U << with);
      break;
    case Kind::kZero:
      bytes[at] = std::byte{0};
      break;
    case Kind::kCut:
      bytes.resize(at);
      break;
    case Kind::kSwap:
      Swap(bytes, at, with);
      break;
    case Kind::kCopy:
      Put(bytes, good, with, at);
      break;
    case Kind::kZeroBlock:
      std::ranges::fill(BlockOf(bytes, at), std::byte{0});
      break;
    case Kind::kStaleBlock:
      Put(bytes, older, at, at);
      break;
    case Kind::kStaleFile:
      break;
  }
  return bytes;
}

std::string Damage::Text() const {
  return std::string(NameOf(kind)) + " " + std::to_string(at) + " " + std::to_string(with);
}

std::optional<Damage> Damage::Parse(const std::string& text) {
  std::istringstream in(text);
  std::string name;
  Damage damage;
  if (!(in >> name >> damage.at >> damage.with)) return std::nullopt;
  const auto found = std::ranges::find(kNames, name);
  if (found == kNames.end()) return std::nullopt;
  damage.kind = static_cast<Kind>(found - kNames.begin());
  return damage;
}

void ForEachDamage(std::uint64_t size, const DamageScope& scope,
                   const std::function<void(const Damage&)>& visit) {
  const std::uint64_t bytes = std::min(size, scope.bytes);
  for (std::uint64_t at = 0; at < bytes; ++at) {
    for (std::uint64_t bit = 0; bit < scope.bits; ++bit) {
      const std::uint64_t which = scope.bits == 8 ? bit : (at * 5 + scope.seed + bit) % 8;
      visit({.kind = Kind::kFlip, .at = at, .with = which});
    }
    visit({.kind = Kind::kZero, .at = at});
    visit({.kind = Kind::kCut, .at = at});
  }
  const std::uint64_t blocks = (size + Damage::kBlockBytes - 1) / Damage::kBlockBytes;
  for (std::uint64_t one = 0; one < blocks; ++one) {
    for (std::uint64_t other = 0; other < blocks; ++other) {
      if (one == other) continue;
      visit({.kind = Kind::kCopy, .at = one, .with = other});
      if (one < other) visit({.kind = Kind::kSwap, .at = one, .with = other});
    }
    visit({.kind = Kind::kZeroBlock, .at = one});
    visit({.kind = Kind::kStaleBlock, .at = one});
  }
  visit({.kind = Kind::kStaleFile});
}

}  // namespace strata::reliability
