#include "wire/compress.h"

#include <memory>

#include <isa-l/igzip_lib.h>
#include <zstd.h>

#include "base/check.h"

namespace strata::wire {

namespace {

constexpr std::uint32_t kGzipLevel = 1;
constexpr int kZstdLevel = 3;

// Deflate stores what it cannot shrink in blocks of 65,535 bytes with five of its own.
std::size_t GzipBytesMax(std::size_t bytes) {
  constexpr std::size_t kStoredBlock = 65'535;
  return bytes + 5 * (bytes / kStoredBlock + 1) + 64;
}

Buffer Gzip(ByteSpan body) {
  Buffer out(GzipBytesMax(body.size()));
  const auto scratch = std::make_unique<std::uint8_t[]>(ISAL_DEF_LVL1_DEFAULT);
  isal_zstream stream;
  isal_deflate_stateless_init(&stream);
  stream.gzip_flag = IGZIP_GZIP;
  stream.level = kGzipLevel;
  stream.level_buf = scratch.get();
  stream.level_buf_size = ISAL_DEF_LVL1_DEFAULT;
  stream.end_of_stream = 1;
  stream.next_in = reinterpret_cast<std::uint8_t*>(const_cast<std::byte*>(body.data()));
  stream.avail_in = static_cast<std::uint32_t>(body.size());
  stream.next_out = reinterpret_cast<std::uint8_t*>(out.Spare().data());
  stream.avail_out = static_cast<std::uint32_t>(out.Spare().size());
  CHECK(isal_deflate_stateless(&stream) == COMP_OK);
  out.Written(stream.total_out);
  return out;
}

Buffer Zstd(ByteSpan body) {
  Buffer out(ZSTD_compressBound(body.size()));
  const std::size_t written =
      ZSTD_compress(out.Spare().data(), out.Spare().size(), body.data(), body.size(), kZstdLevel);
  CHECK(ZSTD_isError(written) == 0);
  out.Written(written);
  return out;
}

}  // namespace

Buffer Compress(ContentCoding coding, ByteSpan body) {
  CHECK(coding == ContentCoding::kGzip || coding == ContentCoding::kZstd);
  return coding == ContentCoding::kGzip ? Gzip(body) : Zstd(body);
}

}  // namespace strata::wire
