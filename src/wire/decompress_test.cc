#include "wire/decompress.h"

#include <chrono>
#include <string>

#include <gtest/gtest.h>
#include <zlib.h>
#include <zstd.h>

#include "wire/compress.h"

namespace strata::wire {
namespace {

constexpr std::size_t kLimit = 20_MiB;
constexpr int kZlibFraming = 15;
constexpr int kGzipFraming = 15 + 16;

// zlib writes what ISA-L reads: two independent implementations.
std::string Deflated(std::string_view text, int framing, int level = 6) {
  z_stream stream{};
  EXPECT_EQ(deflateInit2(&stream, level, Z_DEFLATED, framing, 8, Z_DEFAULT_STRATEGY), Z_OK);
  std::string out(deflateBound(&stream, text.size()) + 64, '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
  stream.avail_in = static_cast<uInt>(text.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  EXPECT_EQ(deflate(&stream, Z_FINISH), Z_STREAM_END);
  out.resize(stream.total_out);
  deflateEnd(&stream);
  return out;
}
std::string Gzip(std::string_view text) {
  return Deflated(text, kGzipFraming);
}

std::string Zstd(std::string_view text, bool declare_size = true) {
  ZSTD_CCtx* context = ZSTD_createCCtx();
  ZSTD_CCtx_setParameter(context, ZSTD_c_contentSizeFlag, declare_size ? 1 : 0);
  ZSTD_CCtx_setParameter(context, ZSTD_c_checksumFlag, 1);
  std::string out(ZSTD_compressBound(text.size()), '\0');
  out.resize(ZSTD_compress2(context, out.data(), out.size(), text.data(), text.size()));
  ZSTD_freeCCtx(context);
  return out;
}

// A gibibyte of zeros, made in pieces.
std::string GzipZeros(std::size_t total) {
  z_stream stream{};
  deflateInit2(&stream, 9, Z_DEFLATED, kGzipFraming, 8, Z_DEFAULT_STRATEGY);
  std::string zeros(1_MiB, '\0');
  std::string out(total / 900 + 64_KiB, '\0');
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  for (std::size_t done = 0; done < total; done += zeros.size()) {
    stream.next_in = reinterpret_cast<Bytef*>(zeros.data());
    stream.avail_in = static_cast<uInt>(zeros.size());
    EXPECT_EQ(deflate(&stream, Z_NO_FLUSH), Z_OK);
  }
  EXPECT_EQ(deflate(&stream, Z_FINISH), Z_STREAM_END);
  out.resize(stream.total_out);
  deflateEnd(&stream);
  return out;
}

std::string ZstdZeros(std::size_t total) {
  ZSTD_CCtx* context = ZSTD_createCCtx();
  std::string zeros(1_MiB, '\0');
  std::string out(total / 1000 + 64_KiB, '\0');
  ZSTD_outBuffer to{out.data(), out.size(), 0};
  for (std::size_t done = 0; done <= total; done += zeros.size()) {
    ZSTD_inBuffer in{zeros.data(), done < total ? zeros.size() : 0, 0};
    const auto mode = done < total ? ZSTD_e_continue : ZSTD_e_end;
    while (ZSTD_compressStream2(context, &to, &in, mode) != 0 && (mode == ZSTD_e_end)) {
    }
    EXPECT_EQ(in.pos, in.size);
  }
  ZSTD_freeCCtx(context);
  out.resize(to.pos);
  return out;
}

std::string Telemetry(std::size_t bytes) {
  std::string text;
  for (int i = 0; text.size() < bytes; ++i) {
    text += "service.name=checkout http.route=/cart/" + std::to_string(i * 7919 % 1000) + "\n";
  }
  text.resize(bytes);
  return text;
}

Result<Buffer> Decode(ContentCoding coding, std::string_view body, std::size_t limit = kLimit) {
  return Decompress(coding, Buffer::CopyOf(AsBytes(body)), limit);
}

struct Coding {
  const char* name;
  ContentCoding coding;
  std::string (*encode)(std::string_view text);
};
const Coding kCodings[] = {
    {"gzip", ContentCoding::kGzip, &Gzip},
    {"deflate", ContentCoding::kDeflate,
     [](std::string_view text) { return Deflated(text, kZlibFraming); }},
    {"zstd", ContentCoding::kZstd, [](std::string_view text) { return Zstd(text); }},
    {"zstd without a size", ContentCoding::kZstd,
     [](std::string_view text) { return Zstd(text, false); }},
};

TEST(Decompress, GivesBackWhatWasEncoded) {
  for (const auto& [name, coding, encode] : kCodings) {
    for (const std::size_t size : {0UL, 1UL, 100UL, 4096UL, 70'000UL, 3'000'000UL}) {
      SCOPED_TRACE(testing::Message() << name << " " << size);
      const std::string text = Telemetry(size);
      const auto decoded = Decode(coding, encode(text));
      ASSERT_TRUE(decoded) << decoded.error().message;
      EXPECT_EQ(AsText(*decoded), text);
    }
  }
  EXPECT_EQ(AsText(*Decode(ContentCoding::kIdentity, "as is")), "as is");
}

TEST(Compress, IsWhatDecompressTakes) {
  for (const ContentCoding coding : {ContentCoding::kGzip, ContentCoding::kZstd}) {
    for (const std::size_t size : {0UL, 1UL, 100UL, 70'000UL, 3'000'000UL}) {
      const std::string text = Telemetry(size);
      Buffer packed = Compress(coding, AsBytes(text));
      EXPECT_LT(packed.size(), size / 2 + 100);
      const auto back = Decompress(coding, std::move(packed), kLimit);
      ASSERT_TRUE(back) << back.error().message;
      EXPECT_EQ(AsText(*back), text);
    }
    // What cannot shrink grows by a little.
    const Buffer twice = Compress(coding, Compress(coding, AsBytes(Telemetry(3'000'000))));
    EXPECT_EQ(Decompress(coding, Buffer::CopyOf(twice), kLimit)->size(),
              Compress(coding, AsBytes(Telemetry(3'000'000))).size());
  }
}

TEST(Decompress, TheLimitIsExact) {
  const std::string text = Telemetry(10'000);
  for (const auto& [name, coding, encode] : kCodings) {
    SCOPED_TRACE(name);
    const std::string body = encode(text);
    EXPECT_TRUE(Decode(coding, body, 10'000));
    const auto over = Decode(coding, body, 9'999);
    ASSERT_FALSE(over);
    EXPECT_EQ(over.error().code, Code::kTooLarge);
  }
  EXPECT_TRUE(Decode(ContentCoding::kIdentity, text, 10'000));
  EXPECT_EQ(Decode(ContentCoding::kIdentity, text, 9'999).error().code, Code::kTooLarge);
}

TEST(Decompress, AGibibyteOfZerosStopsAtTheLimit) {
  const std::string gzip = GzipZeros(1_GiB);
  ASSERT_LT(gzip.size(), 1'100'000U);
  EXPECT_EQ(Decode(ContentCoding::kGzip, gzip).error().code, Code::kTooLarge);
  const std::string zstd = ZstdZeros(1_GiB);
  ASSERT_LT(zstd.size(), 200'000U);
  EXPECT_EQ(Decode(ContentCoding::kZstd, zstd).error().code, Code::kTooLarge);
}

TEST(Decompress, EveryTruncationIsRefused) {
  const std::string text = Telemetry(600);
  for (const auto& [name, coding, encode] : kCodings) {
    const std::string body = encode(text);
    for (std::size_t kept = 0; kept < body.size(); ++kept) {
      SCOPED_TRACE(testing::Message() << name << " cut to " << kept);
      const auto decoded = Decode(coding, std::string_view(body).substr(0, kept));
      ASSERT_FALSE(decoded);
      ASSERT_EQ(decoded.error().code, Code::kInvalidInput) << decoded.error().message;
    }
  }
}

TEST(Decompress, BytesBehindTheEndAreRefused) {
  for (const auto& [name, coding, encode] : kCodings) {
    for (const std::string_view tail : {std::string_view("\0", 1), std::string_view("garbage"),
                                        std::string_view("\x1f"), std::string_view("\x1f\x8b")}) {
      SCOPED_TRACE(name);
      const auto decoded = Decode(coding, encode("hello") + std::string(tail));
      ASSERT_FALSE(decoded);
      EXPECT_EQ(decoded.error().code, Code::kInvalidInput);
    }
  }
}

// No flipped bit may crash; one that the checksum covers may not pass either.
TEST(Decompress, EveryFlippedBitIsHarmless) {
  const std::string text = Telemetry(300);
  for (const auto& [name, coding, encode] : kCodings) {
    const std::string body = encode(text);
    for (std::size_t bit = 0; bit < body.size() * 8; ++bit) {
      std::string damaged = body;
      damaged[bit / 8] = static_cast<char>(damaged[bit / 8] ^ (1 << (bit % 8)));
      const auto decoded = Decode(coding, damaged);
      if (decoded) {
        ASSERT_EQ(AsText(*decoded), text) << name << " bit " << bit;
      }
    }
  }
}

TEST(Decompress, LyingSizesAreOnlyHints) {
  const std::string text = Telemetry(5000);
  std::string gzip = Gzip(text);
  gzip.replace(gzip.size() - 4, 4, "\xff\xff\xff\xff");  // ISIZE: 4 GiB
  EXPECT_EQ(Decode(ContentCoding::kGzip, gzip).error().code, Code::kInvalidInput);

  // The frame header of a 5,000 byte text: magic, descriptor 0x64 (2-byte size, checksum), size -
  // 256.
  std::string zstd = Zstd(text);
  ASSERT_EQ(static_cast<unsigned char>(zstd[4]), 0x64);
  for (const char* const size : {"\x00\x00", "\xff\xff"}) {  // 256 and 65,791
    std::string lying = zstd;
    lying.replace(5, 2, size, 2);
    EXPECT_EQ(Decode(ContentCoding::kZstd, lying).error().code, Code::kInvalidInput);
  }
  // Single segment, 8-byte size of 2^62, then nothing: refused by what it declares.
  const std::string huge("\x28\xb5\x2f\xfd\xe0\0\0\0\0\0\0\0\x40\x01\0\0", 16);
  EXPECT_EQ(Decode(ContentCoding::kZstd, huge).error().code, Code::kTooLarge);
}

TEST(Decompress, ManyMembersAreOneBody) {
  EXPECT_EQ(AsText(*Decode(ContentCoding::kGzip, Gzip("one ") + Gzip("") + Gzip("two"))),
            "one two");
  EXPECT_EQ(AsText(*Decode(ContentCoding::kZstd, Zstd("one ") + Zstd("two"))), "one two");
  EXPECT_EQ(AsText(*Decode(ContentCoding::kZstd, Zstd("one ", false) + Zstd("two"))), "one two");

  const std::string member = Gzip("x");
  std::string body;
  for (int i = 0; i < 1'000'000; ++i) body += member;
  const auto decoded = Decode(ContentCoding::kGzip, body);
  ASSERT_TRUE(decoded) << decoded.error().message;
  EXPECT_EQ(decoded->size(), 1'000'000U);
}

TEST(Decompress, AWindowBeyondTheLimitIsRefused) {
  // No single segment, window descriptor 0x88 = 2^27 bytes, an empty last block.
  const std::string body("\x28\xb5\x2f\xfd\x00\x88\x01\0\0", 9);
  EXPECT_FALSE(Decode(ContentCoding::kZstd, body));
}

TEST(Decompress, OptionalGzipHeaderFields) {
  std::string body = Gzip("named");
  body[3] = 0x1c;  // extra, name, comment
  body.insert(10, std::string("\x03\0abcname\0comment\0", 18));
  const auto decoded = Decode(ContentCoding::kGzip, body);
  ASSERT_TRUE(decoded) << decoded.error().message;
  EXPECT_EQ(AsText(*decoded), "named");
}

TEST(ContentCoding, NamesAreReadWithoutCase) {
  EXPECT_EQ(ContentCodingFromName(""), ContentCoding::kIdentity);
  EXPECT_EQ(ContentCodingFromName("identity"), ContentCoding::kIdentity);
  EXPECT_EQ(ContentCodingFromName(" GZip "), ContentCoding::kGzip);
  EXPECT_EQ(ContentCodingFromName("x-gzip"), ContentCoding::kGzip);
  EXPECT_EQ(ContentCodingFromName("deflate"), ContentCoding::kDeflate);
  EXPECT_EQ(ContentCodingFromName("zstd"), ContentCoding::kZstd);
  EXPECT_EQ(ContentCodingFromName("br"), std::nullopt);
  EXPECT_EQ(ContentCodingFromName("gzip, gzip"), std::nullopt);
}

}  // namespace
}  // namespace strata::wire
