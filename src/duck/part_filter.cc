#include "duck/part_filter.h"

#include <algorithm>
#include <cstring>

#include "base/check.h"
#include "base/crc32c.h"
#include "base/hash.h"

namespace strata::duck {
namespace {

constexpr std::string_view kMagic = "STRFILT1";
constexpr std::size_t kBlockBytes = 32;
constexpr std::size_t kBitsPerId = 12;

// As the Parquet format's split block Bloom filter.
constexpr std::array<std::uint32_t, 8> kSalts = {0x47b6137bU, 0x44974d91U, 0x8824ad5bU,
                                                 0xa2b7289dU, 0x705495c7U, 0x2df1424bU,
                                                 0x9efc4947U, 0x5c6bfb31U};

std::size_t BlockOf(std::uint64_t hash, std::size_t blocks) {
  return static_cast<std::size_t>(((hash >> 32) * blocks) >> 32);
}

std::uint32_t BitOf(std::uint64_t hash, std::size_t word) {
  return 1U << ((static_cast<std::uint32_t>(hash) * kSalts[word]) >> 27);
}

template <class T>
void Put(Bytes& out, T value) {
  const std::size_t at = out.size();
  out.resize(at + sizeof value);
  StoreLe(std::span(out).subspan(at), value);
}

}  // namespace

std::uint64_t PartFilter::HashOfId(std::string_view id) {
  return Hash64(AsBytes(id));
}

void PartFilter::AddGroup(const std::vector<std::uint64_t>& hashes) {
  const std::size_t blocks = std::max<std::size_t>(1, (hashes.size() * kBitsPerId + 255) / 256);
  auto& group = groups_.emplace_back(blocks, Block{});
  for (const std::uint64_t hash : hashes) {
    Block& block = group[BlockOf(hash, blocks)];
    for (std::size_t word = 0; word < block.size(); ++word) block[word] |= BitOf(hash, word);
  }
}

bool PartFilter::MayContain(std::size_t group, std::uint64_t hash) const {
  if (group >= groups_.size()) return true;
  const Block& block = groups_[group][BlockOf(hash, groups_[group].size())];
  for (std::size_t word = 0; word < block.size(); ++word) {
    if ((block[word] & BitOf(hash, word)) == 0) return false;
  }
  return true;
}

std::size_t PartFilter::bytes() const {
  std::size_t bytes = sizeof *this;
  for (const auto& group : groups_) bytes += group.size() * kBlockBytes;
  return bytes;
}

Bytes PartFilter::Encode() const {
  Bytes out(kMagic.size());
  std::memcpy(out.data(), kMagic.data(), kMagic.size());
  Put(out, static_cast<std::uint32_t>(groups_.size()));
  for (const auto& group : groups_) Put(out, static_cast<std::uint32_t>(group.size()));
  for (const auto& group : groups_) {
    for (const Block& block : group) {
      for (const std::uint32_t word : block) Put(out, word);
    }
  }
  Put(out, Crc32c(out));
  return out;
}

Result<PartFilter> PartFilter::Decode(ByteSpan bytes) {
  const auto corrupt = [](const char* what) {
    return Error{Code::kCorrupt, std::string("trace filter: ") + what};
  };
  if (bytes.size() < kMagic.size() + 8) return corrupt("short");
  if (AsText(bytes.first(kMagic.size())) != kMagic) return corrupt("unknown version");
  const ByteSpan body = bytes.first(bytes.size() - 4);
  if (Crc32c(body) != LoadLe<std::uint32_t>(bytes.last(4))) return corrupt("checksum mismatch");
  ByteSpan rest = body.subspan(kMagic.size());
  const auto groups = LoadLe<std::uint32_t>(rest);
  rest = rest.subspan(4);
  if (rest.size() / 4 < groups) return corrupt("too many groups");
  ByteSpan sizes = rest.first(groups * 4ULL);
  rest = rest.subspan(groups * 4ULL);
  PartFilter filter;
  for (std::uint32_t i = 0; i < groups; ++i) {
    const auto blocks = LoadLe<std::uint32_t>(sizes.subspan(i * 4ULL));
    if (blocks == 0 || rest.size() / kBlockBytes < blocks) return corrupt("a group is cut");
    auto& group = filter.groups_.emplace_back(blocks);
    std::memcpy(group.data(), rest.data(), blocks * kBlockBytes);
    rest = rest.subspan(blocks * kBlockBytes);
  }
  if (!rest.empty()) return corrupt("bytes behind the end");
  return filter;
}

}  // namespace strata::duck
