// Property: decoding arbitrary bytes stays inside them and under the limit, in every coding.
// The first byte chooses the coding.
#include <cstdint>

#include "base/check.h"
#include "wire/decompress.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using strata::wire::ContentCoding;
  if (size == 0) return 0;
  constexpr std::size_t kLimit = 100'000;
  const auto coding = static_cast<ContentCoding>(data[0] % 4);
  const strata::ByteSpan body = std::as_bytes(std::span(data + 1, size - 1));
  const auto decoded = strata::wire::Decompress(coding, strata::Buffer::CopyOf(body), kLimit);
  if (decoded) CHECK(decoded->size() <= kLimit);
  return 0;
}
