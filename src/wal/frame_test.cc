// Every format of the log to the byte, as docs/formats/wal.md shows it, and every broken field by
// name.
#include "wal/frame.h"

#include <algorithm>
#include <string>

#include <gtest/gtest.h>

#include "base/crc32c.h"
#include "wal/cursors.h"
#include "wal/define.h"
#include "wal/segment.h"

namespace strata::wal {
namespace {

constexpr std::uint32_t kSalt = 0x5EED5A17;
constexpr std::uint32_t kSeed = FrameSeed(kSalt, kFirstGroupOffset);  // of the frame of the docs

std::string Hex(ByteSpan bytes) {
  static constexpr char kDigits[] = "0123456789abcdef";
  std::string hex;
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    if (i != 0 && i % 4 == 0) hex += i % 16 == 0 ? '\n' : ' ';
    hex += kDigits[static_cast<unsigned>(bytes[i]) >> 4];
    hex += kDigits[static_cast<unsigned>(bytes[i]) & 15];
  }
  return hex;
}

FrameHeader DocsHeader() {
  return {.info = {.type = FrameType::kRecords,
                   .kind = 1,
                   .encoding = 1,
                   .flags = 0,
                   .namespace_id = 1,
                   .collection_id = 2,
                   .record_count = 3,
                   .rejected_count = 0,
                   .received_ns = 1'700'000'000'000'000'000,
                   .limits_fingerprint = 0x0102030405060708,
                   .request_hash = {.low = 0x1111111111111111, .high = 0x2222222222222222},
                   .idempotency_key = {}},
          .position = 7,
          .durable_through = 6,
          .segment = 1,
          .payload_bytes = 2,
          .payload_checksum = Crc32c(AsBytes("hi")),
          .first_of_group = true};
}

Bytes DocsFrame() {
  Bytes bytes(kFrameHeaderBytes);
  EncodeFrameHeader(DocsHeader(), kSeed, bytes);
  const ByteSpan payload = AsBytes("hi");
  bytes.insert(bytes.end(), payload.begin(), payload.end());
  return bytes;
}

void Reseal(Bytes& bytes) {
  StoreLe(std::span(bytes).subspan(4),
          Crc32c(ByteSpan(bytes).subspan(8, kFrameHeaderBytes - 8), kSeed));
}

TEST(Frame, HexOfTheDocs) {
  EXPECT_EQ(Hex(DocsFrame()),
            "5346524d d91edc59 c2d99df5 02000000\n"
            "07000000 00000000 06000000 00000000\n"
            "01000000 00000000 00002a36 fe9c9717\n"
            "01000000 02000000 03000000 00000000\n"
            "08070605 04030201 11111111 11111111\n"
            "22222222 22222222 00000000 00000000\n"
            "00000000 00000000 01010101 00010000\n"
            "00000000 00000000 00000000 00000000\n"
            "6869");
}

TEST(Frame, RoundTrips) {
  const Bytes bytes = DocsFrame();
  const auto header = DecodeFrameHeader(bytes, kSeed);
  ASSERT_TRUE(header) << header.error().message;
  EXPECT_EQ(*header, DocsHeader());
  const auto frame = DecodeFrame(bytes, kSeed);
  ASSERT_TRUE(frame);
  EXPECT_EQ(frame->position, 7U);
  EXPECT_EQ(frame->info, DocsHeader().info);
  EXPECT_EQ(AsText(frame->payload), "hi");
}

// One row for each field that a disk or a bug could spoil. Resealed, so that a row tests its own
// check and not the checksum.
TEST(Frame, NamesTheBrokenField) {
  struct Case {
    const char* want;
    void (*damage)(Bytes&);
  };
  const Case cases[] = {
      {"short header", [](Bytes& b) { b.resize(kFrameHeaderBytes - 1); }},
      {"short header", [](Bytes& b) { b.clear(); }},
      {"no frame magic", [](Bytes& b) { b[0] ^= std::byte{1}; }},
      {"header checksum mismatch", [](Bytes& b) { b[4] ^= std::byte{1}; }},
      {"header checksum mismatch", [](Bytes& b) { b[8] ^= std::byte{1}; }},
      {"header checksum mismatch", [](Bytes& b) { b[127] ^= std::byte{1}; }},
      {"unknown frame version",
       [](Bytes& b) {
         b[104] = std::byte{2};
         Reseal(b);
       }},
      {"payload length out of range",
       [](Bytes& b) {
         StoreLe(std::span(b).subspan(12), kPayloadBytesMax + 1);
         Reseal(b);
       }},
      {"payload length out of range",
       [](Bytes& b) {
         StoreLe(std::span(b).subspan(12), ~0U);
         Reseal(b);
       }},
      {"position is zero",
       [](Bytes& b) {
         StoreLe(std::span(b).subspan(16), std::uint64_t{0});
         Reseal(b);
       }},
      {"durable before it was written",
       [](Bytes& b) {
         StoreLe(std::span(b).subspan(24), std::uint64_t{7});
         Reseal(b);
       }},
      {"unknown frame type",
       [](Bytes& b) {
         b[105] = std::byte{0};
         Reseal(b);
       }},
      {"unknown frame type",
       [](Bytes& b) {
         b[105] = std::byte{3};
         Reseal(b);
       }},
      {"unknown placement",
       [](Bytes& b) {
         b[109] = std::byte{2};
         Reseal(b);
       }},
      {"reserved bytes set",
       [](Bytes& b) {
         b[110] = std::byte{1};
         Reseal(b);
       }},
      {"reserved bytes set",
       [](Bytes& b) {
         b[127] = std::byte{1};
         Reseal(b);
       }},
      {"short payload", [](Bytes& b) { b.pop_back(); }},
      {"payload checksum mismatch", [](Bytes& b) { b.back() ^= std::byte{1}; }},
      {"payload checksum mismatch",
       [](Bytes& b) {
         b[8] ^= std::byte{1};
         Reseal(b);
       }},
  };
  for (const auto& [want, damage] : cases) {
    SCOPED_TRACE(want);
    Bytes bytes = DocsFrame();
    damage(bytes);
    const auto frame = DecodeFrame(bytes, kSeed);
    ASSERT_FALSE(frame);
    EXPECT_EQ(frame.error().message, want);
    EXPECT_EQ(frame.error().code, Code::kCorrupt);
  }
}

TEST(Frame, EveryBitCounts) {
  const Bytes good = DocsFrame();
  for (std::size_t bit = 0; bit < good.size() * 8; ++bit) {
    Bytes bytes = good;
    bytes[bit / 8] ^= static_cast<std::byte>(1U << (bit % 8));
    EXPECT_FALSE(DecodeFrame(bytes, kSeed)) << bit;
  }
}

TEST(Frame, ZerosAndOtherSaltsAreNoFrame) {
  EXPECT_FALSE(DecodeFrame(Bytes(4096), 0));
  EXPECT_FALSE(DecodeFrame(Bytes(4096), kSeed));
  EXPECT_EQ(DecodeFrame(DocsFrame(), kSeed + 1).error().message, "header checksum mismatch");
}

TEST(Define, HexOfTheDocs) {
  const Define define{.namespace_id = 1,
                      .collection_id = 2,
                      .kind = 1,
                      .namespace_name = "prod",
                      .collection_name = "logs"};
  const Bytes bytes = EncodeDefine(define);
  EXPECT_EQ(Hex(bytes),
            "01000000 02000000 01010400 04000000\n"
            "70726f64 6c6f6773");
  EXPECT_EQ(*DecodeDefine(bytes), define);
}

TEST(Define, NamesTheBrokenField) {
  struct Case {
    const char* want;
    void (*damage)(Bytes&);
  };
  const Case cases[] = {
      {"define frame: short", [](Bytes& b) { b.resize(15); }},
      {"define frame: unknown version", [](Bytes& b) { b[9] = std::byte{2}; }},
      {"define frame: reserved bytes set", [](Bytes& b) { b[15] = std::byte{1}; }},
      {"define frame: name length out of range", [](Bytes& b) { b[10] = std::byte{0}; }},
      {"define frame: name length out of range", [](Bytes& b) { b[13] = std::byte{1}; }},
      {"define frame: wrong size", [](Bytes& b) { b.pop_back(); }},
      {"define frame: wrong size", [](Bytes& b) { b.push_back(std::byte{0}); }},
  };
  for (const auto& [want, damage] : cases) {
    SCOPED_TRACE(want);
    Bytes bytes = EncodeDefine({.namespace_name = "prod", .collection_name = "logs"});
    damage(bytes);
    const auto define = DecodeDefine(bytes);
    ASSERT_FALSE(define);
    EXPECT_EQ(define.error().message, want);
  }
}

SegmentHeader DocsSegment() {
  return {.number = 1,
          .log_id = {.low = 0x0807060504030201, .high = 0x100F0E0D0C0B0A09},
          .salt = kSalt,
          .interval_sync = false,
          .created_ns = 1'700'000'000'000'000'000,
          .first_position = 0};
}

TEST(Segment, HexOfTheDocs) {
  Bytes block(kBlockBytes);
  EncodeHeaderBlock(DocsSegment(), block);
  EXPECT_EQ(Hex(ByteSpan(block).first(64)),
            "53545241 5441574c 01000000 f54e7adf\n"
            "01000000 00000000 01020304 05060708\n"
            "090a0b0c 0d0e0f10 175aed5e 00000000\n"
            "00002a36 fe9c9717 00000000 00000000");
  Bytes entries;
  AppendFooterEntry(4096, DocsFrame(), entries);
  const Bytes footer = EncodeFooter(
      DocsSegment(), {.entries_offset = 8192, .first = 7, .last = 7, .frames_end = 8192}, entries);
  ASSERT_EQ(footer.size(), kBlockBytes);
  EXPECT_EQ(Hex(ByteSpan(footer).last(kTrailerBytes)),
            "53545241 54414654 01000000 234a16e9\n"
            "01000000 00000000 00200000 00000000\n"
            "01000000 00000000 07000000 00000000\n"
            "00200000 00000000 30fe6b2a 00000000\n"
            "07000000 00000000");
}

TEST(Segment, TheHeaderSurvivesTheLossOfOneCopy) {
  Bytes good(kBlockBytes);
  EncodeHeaderBlock(DocsSegment(), good);
  bool damaged = true;
  EXPECT_EQ(*DecodeHeaderBlock(good, &damaged), DocsSegment());
  EXPECT_FALSE(damaged);
  for (std::size_t at = 0; at < kBlockBytes; ++at) {
    Bytes block = good;
    block[at] ^= std::byte{0x40};
    const auto header = DecodeHeaderBlock(block, &damaged);
    ASSERT_TRUE(header) << at;
    EXPECT_EQ(*header, DocsSegment());
    EXPECT_TRUE(damaged) << at;
  }
  Bytes block = good;
  block[100] ^= std::byte{1};
  block[kHeaderCopyOffset + 100] ^= std::byte{1};
  EXPECT_EQ(DecodeHeaderBlock(block, &damaged).error().message, "segment header checksum mismatch");
  EXPECT_FALSE(DecodeHeaderBlock(Bytes(kBlockBytes), &damaged));
  EXPECT_FALSE(DecodeHeaderBlock(Bytes(kBlockBytes - 1), &damaged));
}

TEST(Segment, TheHeaderNamesWhatIsWrong) {
  const auto with = [](std::size_t at, std::uint32_t value) {
    Bytes block(kBlockBytes);
    EncodeHeaderBlock(DocsSegment(), block);
    for (const std::size_t copy : {std::size_t{0}, std::size_t{kHeaderCopyOffset}}) {
      const auto header = std::span(block).subspan(copy, kSegmentHeaderBytes);
      StoreLe(header.subspan(at), value);
      StoreLe(header.subspan(12), Crc32c(ByteSpan(header).subspan(16)));
    }
    bool damaged = false;
    return DecodeHeaderBlock(block, &damaged).error().message;
  };
  EXPECT_EQ(with(0, 1), "no segment magic");
  EXPECT_EQ(with(8, 2), "unknown segment version");
  EXPECT_EQ(with(44, 2), "unknown segment flags");
}

TEST(Segment, TheTrailerNamesWhatIsWrong) {
  Bytes entries;
  AppendFooterEntry(4096, DocsFrame(), entries);
  const Bytes footer = EncodeFooter(
      DocsSegment(), {.entries_offset = 8192, .first = 7, .last = 7, .frames_end = 8192}, entries);
  const Bytes good(footer.end() - kTrailerBytes, footer.end());
  const auto decode = [](const Bytes& trailer) {
    auto decoded = DecodeTrailer(trailer, DocsSegment(), 3 * kBlockBytes);
    return decoded ? std::string() : decoded.error().message;
  };
  EXPECT_EQ(decode(good), "");
  for (std::size_t at = 0; at < kTrailerBytes; ++at) {
    Bytes bytes = good;
    bytes[at] ^= std::byte{1};
    EXPECT_NE(decode(bytes), "") << at;
  }
  const auto with = [&](std::size_t at, std::uint64_t value) {
    Bytes bytes = good;
    StoreLe(std::span(bytes).subspan(at), value);
    StoreLe(std::span(bytes).subspan(12), Crc32c(ByteSpan(bytes).subspan(16), kSalt));
    return decode(bytes);
  };
  EXPECT_EQ(decode(Bytes(kTrailerBytes - 1)), "short trailer");
  EXPECT_EQ(with(8, 2), "unknown trailer version");
  EXPECT_EQ(with(16, 2), "trailer of another segment");
  EXPECT_EQ(with(24, 3 * kBlockBytes), "trailer does not fit the file");
  EXPECT_EQ(with(32, ~std::uint64_t{0}), "trailer does not fit the file");
  EXPECT_EQ(with(32, 33), "trailer does not fit the file");
  EXPECT_EQ(with(48, 8193), "trailer does not fit the file");
  EXPECT_EQ(with(48, 0), "trailer does not fit the file");
}

TEST(Segment, NamesRoundTrip) {
  EXPECT_EQ(SegmentName(7), "00000000000000000007.wal");
  EXPECT_EQ(SegmentNumberOf(SegmentName(~std::uint64_t{0})), ~std::uint64_t{0});
  EXPECT_EQ(SpareNumberOf(SpareName(12)), 12U);
  EXPECT_FALSE(SpareNumberOf("spore-00000000000000000012.wal"));
  for (const char* name :
       {"", "7.wal", "0000000000000000000x.wal", "spare-00000000000000000007.wal",
        "99999999999999999999.wal", "00000000000000000007.wal.new", "00000000000000000007.wax"}) {
    EXPECT_FALSE(SegmentNumberOf(name)) << name;
  }
}

TEST(Cursors, HexOfTheDocs) {
  const CursorTable table{
      .log_id = DocsSegment().log_id, .released = 5, .floor = 0, .cursors = {{"sealer", 6}}};
  const Bytes bytes = EncodeCursors(table);
  EXPECT_EQ(Hex(bytes),
            "53545241 54414355 01000000 7274be3a\n"
            "01020304 05060708 090a0b0c 0d0e0f10\n"
            "05000000 00000000 01000000 00000000\n"
            "00000000 00000000 06000000 00000000\n"
            "06007365 616c6572");
  EXPECT_EQ(*DecodeCursors(bytes), table);
  EXPECT_EQ(table.Highest(), 6U);
}

TEST(Cursors, EveryByteCounts) {
  const Bytes good = EncodeCursors({.released = 5, .cursors = {{"sealer", 6}, {"adx", 2}}});
  for (std::size_t at = 0; at < good.size(); ++at) {
    Bytes bytes = good;
    bytes[at] ^= std::byte{1};
    EXPECT_FALSE(DecodeCursors(bytes)) << at;
    EXPECT_FALSE(DecodeCursors(ByteSpan(good).first(at))) << at;
  }
}

// Bytes that are as they were written, by somebody who wrote nonsense.
TEST(Cursors, NamesTheBrokenEntry) {
  const auto with = [](const std::function<void(Bytes&)>& spoil) {
    Bytes bytes = EncodeCursors({.cursors = {{"adx", 2}, {"ady", 6}}});
    spoil(bytes);
    StoreLe(std::span(bytes).subspan(12), Crc32c(ByteSpan(bytes).subspan(16)));
    return DecodeCursors(bytes).error().message;
  };
  constexpr std::size_t kFirstEntry = 56;
  const auto name_bytes = [&](std::uint16_t value) {
    return with([=](Bytes& bytes) { StoreLe(std::span(bytes).subspan(kFirstEntry + 8), value); });
  };
  EXPECT_EQ(with([](Bytes& bytes) { bytes.resize(bytes.size() - 4); }), "cursor file: short entry");
  EXPECT_EQ(name_bytes(0), "cursor file: name length out of range");
  EXPECT_EQ(name_bytes(256), "cursor file: name length out of range");
  EXPECT_EQ(name_bytes(255), "cursor file: short name");
  EXPECT_EQ(with([](Bytes& bytes) { bytes.back() = std::byte{'x'}; }),
            "cursor file: a consumer twice");
  EXPECT_EQ(with([](Bytes& bytes) { bytes.push_back({}); }), "cursor file: bytes left over");
}

}  // namespace
}  // namespace strata::wal
