#include "store/checked_file.h"

#include "base/crc32c.h"
#include "store/coding.h"

namespace strata::store {
namespace {

constexpr std::size_t kHeaderBytes = 16;

}  // namespace

Bytes EncodeChecked(const CheckedKind& kind, ByteSpan body) {
  FieldWriter out;
  out.Put(kind.magic);
  out.Put(kind.version);
  out.Put(Crc32c(body));
  Bytes bytes = out.Take();
  bytes.insert(bytes.end(), body.begin(), body.end());
  return bytes;
}

Result<ByteSpan> DecodeChecked(const CheckedKind& kind, ByteSpan bytes) {
  if (bytes.size() < kHeaderBytes) return Error{Code::kCorrupt, "short header"};
  FieldReader in(bytes);
  const ByteSpan body = bytes.subspan(kHeaderBytes);
  if (in.Take<std::uint64_t>() != kind.magic) return Error{Code::kCorrupt, kind.stranger};
  const auto version = in.Take<std::uint32_t>();
  if (in.Take<std::uint32_t>() != Crc32c(body)) return Error{Code::kCorrupt, "checksum mismatch"};
  if (version != kind.version) return Error{Code::kCorrupt, "unknown version"};
  return body;
}

}  // namespace strata::store
