#include "wire/decompress.h"

#include <algorithm>
#include <bit>
#include <limits>
#include <memory>
#include <string>

#include <isa-l/igzip_lib.h>
#include <zstd.h>

#include "base/units.h"

namespace strata::wire {

namespace {

// The output grows by doubling up to one byte over the limit: reaching that byte is what proves
// that the body is too large.
class Output {
 public:
  Output(std::size_t limit, std::size_t hint) : limit_(limit) {
    // A little more than the hint, so that a decoder can see the end of its stream without growing.
    bytes_.Reserve(std::min(hint, limit_) + 64);
  }

  // Requires: !TooLarge().
  std::span<std::byte> Room() {
    if (bytes_.Spare().empty()) {
      bytes_.Reserve(std::min(2 * bytes_.capacity(), std::max(limit_ + 64, bytes_.size() + 64)));
    }
    return bytes_.Spare().first(std::min(bytes_.Spare().size(), limit_ + 1 - bytes_.size()));
  }
  void Written(std::size_t count) { bytes_.Written(count); }
  bool TooLarge() const { return bytes_.size() > limit_; }
  Buffer Take() { return std::move(bytes_); }

  Error TooLargeError() const {
    return {Code::kTooLarge, "the body is larger than " + FormatSize(limit_) + " decompressed"};
  }

 private:
  std::size_t limit_;
  Buffer bytes_;
};

Error Invalid(std::string_view coding, std::string_view what) {
  return {Code::kInvalidInput, std::string(coding) + ": " + std::string(what)};
}

// Deflate cannot expand by more than 1,032; most telemetry shrinks to a tenth.
constexpr std::size_t kDeflateRatioMax = 1032;

// The trailer of a gzip stream's last member holds that member's size. A lie costs address space,
// not memory, and never more than deflate could have produced.
std::size_t GzipSizeHint(ByteSpan body) {
  if (body.size() < 18) return 0;
  const auto declared = LoadLe<std::uint32_t>(body.last(4));
  return std::min<std::size_t>(declared, body.size() * kDeflateRatioMax);
}

// One gzip member or zlib stream at the front of what `state` still has to read.
Status InflateStream(inflate_state& state, std::string_view coding, Output& out) {
  while (state.block_state != ISAL_BLOCK_FINISH) {
    const auto room = out.Room();
    const auto room_bytes = static_cast<std::uint32_t>(
        std::min<std::size_t>(room.size(), std::numeric_limits<std::int32_t>::max()));
    const std::uint32_t before = state.avail_in;
    state.next_out = reinterpret_cast<std::uint8_t*>(room.data());
    state.avail_out = room_bytes;
    const int outcome = isal_inflate(&state);
    const std::size_t produced = room_bytes - state.avail_out;
    out.Written(produced);
    if (out.TooLarge()) return out.TooLargeError();
    if (outcome == ISAL_NEED_DICT) return Invalid(coding, "needs a preset dictionary");
    if (outcome == ISAL_INCORRECT_CHECKSUM) return Invalid(coding, "checksum mismatch");
    if (outcome < 0 || outcome > ISAL_OUT_OVERFLOW) return Invalid(coding, "damaged stream");
    if (state.block_state != ISAL_BLOCK_FINISH && produced == 0 && state.avail_in == before) {
      return Invalid(coding, "cut off");
    }
  }
  return Done{};
}

Result<Buffer> Inflate(ByteSpan body, std::string_view coding, std::uint32_t framing,
                       std::size_t limit) {
  if (body.empty()) return Invalid(coding, "empty body");
  if (body.size() > std::numeric_limits<std::uint32_t>::max()) {
    return Error{Code::kTooLarge, "the body is larger than 4GiB"};
  }
  const bool gzip = framing == ISAL_GZIP;
  Output out(limit, gzip ? GzipSizeHint(body) : std::min(body.size() * 8, limit));
  auto state = std::make_unique_for_overwrite<inflate_state>();
  isal_inflate_init(state.get());
  // ISA-L only reads through next_in; its type predates const.
  state->next_in = const_cast<std::uint8_t*>(reinterpret_cast<const std::uint8_t*>(body.data()));
  state->avail_in = static_cast<std::uint32_t>(body.size());
  while (true) {
    state->crc_flag = framing;
    RETURN_IF_ERROR(InflateStream(*state, coding, out));
    // ISA-L has read whole words ahead: the last of them still belong to the next member.
    const auto ahead = static_cast<std::uint32_t>(state->read_in_length / 8);
    const std::uint32_t left = state->avail_in + ahead;
    if (left == 0) return out.Take();
    if (!gzip) return Invalid(coding, "bytes behind the end of the stream");
    std::uint8_t* const next = state->next_in - ahead;
    isal_inflate_reset(state.get());
    state->next_in = next;
    state->avail_in = left;
  }
}

struct FreeContext {
  void operator()(ZSTD_DCtx* context) const { ZSTD_freeDCtx(context); }
};
using ZstdContext = std::unique_ptr<ZSTD_DCtx, FreeContext>;

// What all frames together say they hold, or nullopt when one does not say.
std::optional<std::uint64_t> ZstdDeclaredSize(ByteSpan body) {
  std::uint64_t total = 0;
  while (!body.empty()) {
    const auto size = ZSTD_getFrameContentSize(body.data(), body.size());
    if (size == ZSTD_CONTENTSIZE_UNKNOWN || size == ZSTD_CONTENTSIZE_ERROR) return std::nullopt;
    const std::size_t frame = ZSTD_findFrameCompressedSize(body.data(), body.size());
    if (ZSTD_isError(frame) != 0 || size > std::numeric_limits<std::uint64_t>::max() - total) {
      return std::nullopt;
    }
    total += size;
    body = body.subspan(frame);
  }
  return total;
}

Error ZstdError(std::size_t outcome) {
  return Invalid("zstd", ZSTD_getErrorName(outcome));
}

// A window is memory that the decoder must hold beside the output; nobody needs one that is larger
// than what may come out.
int ZstdWindowLogMax(std::size_t limit) {
  return std::clamp(static_cast<int>(std::bit_width(limit)), 23, 27);
}

Result<Buffer> Unzstd(ByteSpan body, std::size_t limit) {
  if (body.empty()) return Invalid("zstd", "empty body");
  const auto declared = ZstdDeclaredSize(body);
  Output out(limit, declared ? static_cast<std::size_t>(std::min<std::uint64_t>(*declared, limit))
                             : std::min(body.size() * 8, limit));
  if (declared && *declared > limit) return out.TooLargeError();
  const ZstdContext context(ZSTD_createDCtx());
  CHECK(context != nullptr);
  if (declared) {  // one call, no window beside the output
    const auto room = out.Room();
    const std::size_t got =
        ZSTD_decompressDCtx(context.get(), room.data(), room.size(), body.data(), body.size());
    if (ZSTD_isError(got) != 0) return ZstdError(got);
    out.Written(got);
    if (out.TooLarge()) return out.TooLargeError();
    return out.Take();
  }
  ZSTD_DCtx_setParameter(context.get(), ZSTD_d_windowLogMax, ZstdWindowLogMax(limit));
  ZSTD_inBuffer in{body.data(), body.size(), 0};
  while (true) {
    const auto room = out.Room();
    ZSTD_outBuffer to{room.data(), room.size(), 0};
    const std::size_t before = in.pos;
    const std::size_t outcome = ZSTD_decompressStream(context.get(), &to, &in);
    if (ZSTD_isError(outcome) != 0) return ZstdError(outcome);
    out.Written(to.pos);
    if (out.TooLarge()) return out.TooLargeError();
    if (outcome == 0 && in.pos == in.size) return out.Take();
    if (to.pos == 0 && in.pos == before) return Invalid("zstd", "cut off");
  }
}

bool EqualsNoCase(std::string_view a, std::string_view lower) {
  return std::ranges::equal(
      a, lower, [](char x, char y) { return (x >= 'A' && x <= 'Z' ? x + 32 : x) == y; });
}

}  // namespace

std::optional<ContentCoding> ContentCodingFromName(std::string_view name) {
  while (name.starts_with(' ')) name.remove_prefix(1);
  while (name.ends_with(' ')) name.remove_suffix(1);
  if (name.empty() || EqualsNoCase(name, "identity")) return ContentCoding::kIdentity;
  if (EqualsNoCase(name, "gzip") || EqualsNoCase(name, "x-gzip")) return ContentCoding::kGzip;
  if (EqualsNoCase(name, "deflate")) return ContentCoding::kDeflate;
  if (EqualsNoCase(name, "zstd")) return ContentCoding::kZstd;
  return std::nullopt;
}

Result<Buffer> Decompress(ContentCoding coding, Buffer body, std::size_t limit) {
  switch (coding) {
    case ContentCoding::kIdentity:
      if (body.size() > limit) {
        return Error{Code::kTooLarge, "the body is larger than " + FormatSize(limit)};
      }
      return body;
    case ContentCoding::kGzip:
      return Inflate(body, "gzip", ISAL_GZIP, limit);
    case ContentCoding::kDeflate:
      return Inflate(body, "deflate", ISAL_ZLIB, limit);
    case ContentCoding::kZstd:
      return Unzstd(body, limit);
  }
  return Error{Code::kInvalidInput, "unknown content coding"};
}

}  // namespace strata::wire
