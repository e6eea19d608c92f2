// Property: a trace filter of arbitrary bytes is refused or read; what was read answers for every
// group and encodes back to the very same bytes. Once as it comes, once with magic and checksum
// that fit, or the fuzzer never gets past them.
#include <algorithm>
#include <cstdint>
#include <string_view>

#include "base/check.h"
#include "base/crc32c.h"
#include "duck/part_filter.h"

namespace strata::duck {
namespace {

constexpr std::string_view kMagic = "STRFILT1";

void CheckFilter(ByteSpan bytes) {
  const auto filter = PartFilter::Decode(bytes);
  if (!filter) {
    CHECK(filter.error().code == Code::kCorrupt);
    return;
  }
  CHECK(std::ranges::equal(filter->Encode(), bytes));
  for (std::size_t group = 0; group <= filter->groups(); ++group) {
    for (const std::uint64_t hash :
         {std::uint64_t{0}, ~std::uint64_t{0}, std::uint64_t{Crc32c(bytes)} << 17}) {
      const bool may = filter->MayContain(group, hash);
      CHECK(may || group < filter->groups());
    }
  }
}

}  // namespace
}  // namespace strata::duck

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace strata;  // NOLINT(google-build-using-namespace)
  Bytes bytes(size);
  std::ranges::copy(std::as_bytes(std::span(data, size)), bytes.begin());
  duck::CheckFilter(bytes);
  if (size < duck::kMagic.size() + 8) return 0;
  std::ranges::copy(AsBytes(duck::kMagic), bytes.begin());
  StoreLe(std::span(bytes).last(4), Crc32c(ByteSpan(bytes).first(size - 4)));
  duck::CheckFilter(bytes);
  return 0;
}
