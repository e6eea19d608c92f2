#include "store/manifest.h"

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <fstream>
#include <functional>
#include <map>

#include <gtest/gtest.h>

#include "base/crc32c.h"
#include "os/simulated_disk.h"
#include "store/manifest_file.h"
#include "store/manifest_record.h"
#include "store/manifests.h"

namespace strata::store {
namespace {

PartPtr MakePart(model::CollectionId collection, Position first, Position last) {
  duck::PartInfo info;
  info.bytes = 1000 + first;
  info.rows = last - first + 1;
  info.min_position = first;
  info.max_position = last;
  info.min_time = -5;
  info.max_time = 1'790'000'000'000'000'000;
  info.block_crcs = {1, 0xFFFFFFFF, static_cast<std::uint32_t>(first)};
  info.filter_bytes = 77;
  info.filter_hash = 0x123456789abcdef0;
  info.columns = {{.name = "a.http.route",
                   .scope = duck::AttributeScope::kRecord,
                   .key = "http.route",
                   .type = model::AnyType::kString},
                  {.name = "r.pid",
                   .scope = duck::AttributeScope::kResource,
                   .key = "pid",
                   .type = model::AnyType::kInt}};
  return std::make_shared<const Part>(Part{
      .collection = collection,
      .path = "parts/n/c/" + PartFileName(first, last, 0),
      .first_arrival_ns = 1'790'000'000'000'000'000 - 300,
      .last_arrival_ns = 1'790'000'000'000'000'000,
      .info = std::make_shared<const duck::PartInfo>(std::move(info)),
  });
}

const LostRows kLost{.positions = {.first = 3, .last = 7},
                     .rows = 12,
                     .min_time = -1,
                     .max_time = 5,
                     .last_arrival_ns = 1'790'000'000'000'000'000,
                     .found_ns = 1'790'000'000'000'000'001,
                     .file = "quarantine/parts/n/c/x.parquet",
                     .reason = "block 3 does not match its checksum"};

Edit SealEdit(model::CollectionId collection, Position first, Position last) {
  return {AddPart{MakePart(collection, first, last)}, SetSealed{collection, last}};
}

RemovePart Remove(const PartPtr& part) {
  return {.collection = part->collection, .min_position = part->min_position(), .path = part->path};
}

std::string Hex(ByteSpan bytes) {
  std::string hex;
  for (const std::byte b : bytes) {
    char digits[3];
    std::snprintf(digits, sizeof digits, "%02x", static_cast<unsigned>(b));
    hex += digits;
  }
  return hex;
}

// A state as bytes, to compare.
std::string Print(const ManifestSnapshot& state) {
  return std::to_string(state.sequence) + ":" + Hex(EncodeEdit(CheckpointOf(state)));
}

struct ManifestTest : testing::Test {
  os::SimulatedDisk disk;
  std::unique_ptr<Manifest> manifest;

  Status Open() {
    manifest.reset();
    ASSIGN_OR_RETURN(manifest, Manifest::Open("d", "n", disk));
    return Done{};
  }
  void SetUp() override {
    ASSERT_TRUE(Open());
    ASSERT_TRUE(manifest->Apply({AddCollection{1, model::Kind::kLogs, "logs"},
                                 AddCollection{9, model::Kind::kSpans, "spans"}}));
  }
  std::string File(std::uint64_t generation) {
    return "d/manifest/n/" + GenerationFileName(generation);
  }
  std::string Mirror(std::uint64_t generation) {
    return "d/manifest/n/" + MirrorFileName(generation);
  }
  ManifestReading Read() {
    auto reading = ReadManifest("d/manifest/n", "n", disk);
    CHECK(reading.has_value());
    return *std::move(reading);
  }
};

// The example of docs/formats/manifest.md.
TEST(ManifestRecord, HexOfTheDocs) {
  const Edit edit = {AddCollection{7, model::Kind::kLogs, "logs"}, SetSealed{7, 42}};
  EXPECT_EQ(Hex(EncodeEditRecord(edit, /*generation=*/3, /*sequence=*/5)),
            "534d414e"          // magic "SMAN"
            "ed33e982"          // checksum
            "1b000000"          // 27 bytes of payload
            "01020000"          // version 1, an edit
            "0300000000000000"  // generation
            "0500000000000000"  // sequence
            "01"                // add collection
            "07000000"          //   id
            "01"                //   kind: logs
            "040000006c6f6773"  //   name
            "04"                // set sealed
            "07000000"          //   collection
            "2a00000000000000"  //   position
            "0000000000");      // padding
}

TEST(ManifestRecord, NamesTheBrokenField) {
  const auto reseal = [](Bytes& b) {
    StoreLe(std::span(b).subspan(4),
            Crc32c(ByteSpan(b).subspan(8, 24 + LoadLe<std::uint32_t>(ByteSpan(b).subspan(8)))));
  };
  struct Case {
    const char* want;
    std::function<void(Bytes&)> damage;
  };
  const Case cases[] = {
      {"short header", [](Bytes& b) { b.resize(31); }},
      {"no record", [](Bytes& b) { b[0] = std::byte{0}; }},
      {"length out of range", [](Bytes& b) { StoreLe(std::span(b).subspan(8), 0x7FFFFFFFU); }},
      {"short payload", [](Bytes& b) { b.resize(33); }},
      {"checksum mismatch", [](Bytes& b) { b[33] ^= std::byte{1}; }},
      {"unknown version",
       [&](Bytes& b) {
         b[12] = std::byte{2};
         reseal(b);
       }},
      {"unknown type",
       [&](Bytes& b) {
         b[13] = std::byte{3};
         reseal(b);
       }},
      {"reserved bytes set",
       [&](Bytes& b) {
         b[14] = std::byte{1};
         reseal(b);
       }},
  };
  for (const auto& [want, damage] : cases) {
    SCOPED_TRACE(want);
    Bytes bytes = EncodeEditRecord({SetSealed{7, 42}}, 3, 5);
    damage(bytes);
    const auto record = DecodeRecord(bytes);
    ASSERT_FALSE(record);
    EXPECT_EQ(record.error().message, want);
  }
}

TEST(ManifestEdit, EveryOperationSurvives) {
  LostRows lost_part = kLost;
  Part part = *MakePart(1, 3, 9);
  part.last_arrival_ns = lost_part.last_arrival_ns;  // told once, as of the rows
  lost_part.part = std::make_shared<const Part>(std::move(part));
  const Edit edit = {AddCollection{1, model::Kind::kMetrics, "m"},
                     AddPart{MakePart(1, 3, 9)},
                     Remove(MakePart(1, 3, 9)),
                     SetSealed{1, 9},
                     DropRange{1, {3, 9}},
                     LoseRows{1, lost_part},
                     FindRows{1, {3, 9}, "quarantine/parts/a"},
                     LoseRows{1, kLost}};
  const Bytes bytes = EncodeEdit(edit);
  const auto decoded = DecodeEdit(bytes);
  ASSERT_TRUE(decoded);
  EXPECT_EQ(EncodeEdit(*decoded), bytes);
  EXPECT_EQ(*std::get<AddPart>((*decoded)[1]).part, *MakePart(1, 3, 9));
  EXPECT_EQ(std::get<LoseRows>((*decoded)[5]).lost, lost_part);
  EXPECT_EQ(std::get<FindRows>((*decoded)[6]).file, "quarantine/parts/a");
  EXPECT_EQ(std::get<LoseRows>(decoded->back()).lost, kLost);
  for (std::size_t size = 1; size < bytes.size(); ++size) {
    const auto cut = DecodeEdit(ByteSpan(bytes).first(size));
    EXPECT_TRUE(!cut || cut->size() < edit.size());
  }
}

TEST_F(ManifestTest, SurvivesAReopening) {
  ASSERT_TRUE(manifest->Apply(SealEdit(1, 2, 10)));
  ASSERT_TRUE(manifest->Apply(SealEdit(1, 11, 20)));
  ASSERT_TRUE(manifest->Apply(SealEdit(9, 5, 19)));
  const std::string before = Print(*manifest->Pin());
  ASSERT_TRUE(Open());
  EXPECT_EQ(Print(*manifest->Pin()), before);
  EXPECT_EQ(manifest->Pin()->Find(1)->sealed, 20U);
  EXPECT_EQ(manifest->Pin()->Find(1)->RowCount(), 19U);
  EXPECT_EQ(manifest->Pin()->Find(2), nullptr);
}

TEST_F(ManifestTest, AMergeIsOneEdit) {
  ASSERT_TRUE(manifest->Apply(SealEdit(1, 2, 10)));
  ASSERT_TRUE(manifest->Apply(SealEdit(1, 11, 20)));
  const ManifestPtr pinned = manifest->Pin();
  ASSERT_TRUE(manifest->Apply(
      {Remove(MakePart(1, 2, 10)), Remove(MakePart(1, 11, 20)), AddPart{MakePart(1, 2, 20)}}));
  EXPECT_EQ(pinned->Find(1)->parts.size(), 2U) << "a pinned snapshot never changes";
  EXPECT_EQ(manifest->Pin()->Find(1)->parts.size(), 1U);
  EXPECT_EQ(pinned->Find(9), manifest->Pin()->Find(9)) << "what an edit does not touch is shared";
}

// A stop does not wait for a thousand of them.
TEST(Manifests, TakingOverEndsWhenItsTimeIsOver) {
  os::SimulatedDisk disk;
  model::CollectionTable table;
  for (model::CollectionId id = 1; id <= 5; ++id) {
    const std::string name = "n" + std::to_string(id);
    ASSERT_TRUE(table.Restore({.id = id, .namespace_name = name, .name = "logs"}));
  }
  const auto manifests = *Manifests::Open("d", table, disk);
  int left = 2;
  const Status ended = manifests->TakeOverCollections([&] { return left-- > 0; });
  ASSERT_FALSE(ended);
  EXPECT_EQ(ended.error().code, Code::kUnavailable);
  EXPECT_EQ(manifests->PinAll().size(), 2U);
  ASSERT_TRUE(manifests->TakeOverCollections());
  EXPECT_EQ(manifests->PinAll().size(), 5U);
}

TEST(ManifestState, RefusesWhatContradicts) {
  ManifestSnapshot empty;
  StateBuilder base(empty);
  ASSERT_TRUE(base.Apply({AddCollection{1, model::Kind::kLogs, "logs"}}, 1));
  ASSERT_TRUE(base.Apply(SealEdit(1, 10, 20), 2));
  ASSERT_TRUE(base.Apply(SealEdit(1, 30, 40), 3));
  const ManifestPtr state = base.Finish();
  const Edit wrong[] = {
      {AddCollection{1, model::Kind::kLogs, "logs"}},  // twice
      {AddPart{MakePart(2, 1, 2)}},                    // of nobody
      {AddPart{MakePart(1, 20, 25)}},                  // positions interleave, by one
      {AddPart{MakePart(1, 25, 30)}},
      {AddPart{MakePart(1, 5, 50)}},
      {AddPart{MakePart(1, 30, 40)}},
      {AddPart{MakePart(1, 0, 4)}},
      {Remove(MakePart(1, 10, 21))},
      {SetSealed{1, 39}},
      {DropRange{1, {9, 8}}},
      {LoseRows{1, {.positions = {9, 8}}}},
  };
  for (const Edit& edit : wrong) {
    StateBuilder builder(*state);
    const Status applied = builder.Apply(edit, 4);
    ASSERT_FALSE(applied);
    EXPECT_EQ(applied.error().code, Code::kCorrupt);
  }
  StateBuilder builder(*state);
  EXPECT_TRUE(builder.Apply({AddPart{MakePart(1, 21, 29)}}, 4));
}

TEST(ManifestState, DroppedRangesJoin) {
  ManifestSnapshot empty;
  StateBuilder builder(empty);
  ASSERT_TRUE(builder.Apply({AddCollection{1, model::Kind::kLogs, "logs"}}, 1));
  for (Position p = 10; p < 60; p += 10) {
    ASSERT_TRUE(builder.Apply(SealEdit(1, p, p + 5), p));
  }
  const auto drop = [](Position p) {
    return Edit{Remove(MakePart(1, p, p + 5)), DropRange{1, {p, p + 5}}};
  };
  ASSERT_TRUE(builder.Apply(drop(10), 100));
  ASSERT_TRUE(builder.Apply(drop(40), 101));
  ASSERT_TRUE(builder.Apply(drop(20), 102));
  const ManifestPtr state = builder.Finish();
  const std::vector<wal::PositionRange> want = {{10, 25}, {40, 45}};
  EXPECT_EQ(state->Find(1)->dropped, want);
}

TEST(ManifestState, LostRowsAreToldUntilRetentionDropsThem) {
  ManifestSnapshot empty;
  StateBuilder builder(empty);
  ASSERT_TRUE(builder.Apply({AddCollection{1, model::Kind::kLogs, "logs"}, LoseRows{1, kLost}}, 1));
  ASSERT_TRUE(builder.Apply({DropRange{1, {1, 6}}}, 2));
  const ManifestPtr state = builder.Finish();
  ASSERT_EQ(state->Find(1)->lost.size(), 1U) << "a part of the range is not all of it";
  EXPECT_EQ(state->Find(1)->lost[0], kLost);
  EXPECT_EQ(state->Find(1)->LostRowCount(), 12U);
  StateBuilder next(*state);
  ASSERT_TRUE(next.Apply({DropRange{1, {3, 7}}}, 3));
  EXPECT_TRUE(next.Finish()->Find(1)->lost.empty());
}

TEST(ManifestState, WhatFitsIsAppliedAfterALostEdit) {
  ManifestSnapshot empty;
  StateBuilder builder(empty);
  ASSERT_TRUE(builder.Apply({AddCollection{1, model::Kind::kLogs, "logs"}}, 1));
  ASSERT_TRUE(builder.Apply(SealEdit(1, 10, 20), 2));
  ASSERT_TRUE(builder.Apply(SealEdit(1, 21, 30), 3));
  // The lost edit sealed 31 to 40; this one merges all three.
  builder.ApplyWhatFits({Remove(MakePart(1, 10, 20)), Remove(MakePart(1, 21, 30)),
                         Remove(MakePart(1, 31, 40)), AddPart{MakePart(1, 10, 40)}},
                        5);
  // And here the lost edit was a merge of 10 to 40 with 41 to 50.
  builder.ApplyWhatFits({AddPart{MakePart(1, 10, 50)}, SetSealed{1, 50}, SetSealed{7, 3}}, 8);
  const ManifestPtr state = builder.Finish();
  EXPECT_EQ(state->sequence, 8U);
  EXPECT_EQ(state->Find(1)->sealed, 50U);
  ASSERT_EQ(state->Find(1)->parts.size(), 1U);
  EXPECT_EQ(state->Find(1)->parts[0]->max_position(), 50U);
}

TEST_F(ManifestTest, EditsStartAFreshGenerationAndTwoAreKept) {
  for (Position p = 2; p < 2000; p += 2) ASSERT_TRUE(manifest->Apply(SealEdit(1, p, p + 1)));
  std::map<std::uint64_t, int> copies;  // by generation
  for (const std::string& file : disk.Files()) {
    ++copies[GenerationOf(std::filesystem::path(file).filename().native()).value_or(0)];
  }
  ASSERT_EQ(copies.size(), 2U);
  EXPECT_GT(copies.rbegin()->first, 3U);
  for (const auto& [generation, count] : copies) {
    EXPECT_EQ(count, 2);
    EXPECT_EQ(disk.Content(File(generation)), disk.Content(Mirror(generation)));
  }
}

// What one byte does to one of the two files: nothing is lost, and it is told.
TEST_F(ManifestTest, EveryFlippedByteIsMadeGoodFromTheOtherFile) {
  ASSERT_TRUE(manifest->Apply(SealEdit(1, 2, 10)));
  ASSERT_TRUE(manifest->Apply(SealEdit(1, 11, 20)));
  ASSERT_TRUE(manifest->Apply(SealEdit(1, 21, 30)));
  const std::string after = Print(*manifest->Pin());
  const Bytes good = disk.Content(File(1));
  for (const std::string& path : {File(1), Mirror(1)}) {
    for (std::size_t i = 0; i < good.size(); ++i) {
      Bytes bad = good;
      bad[i] ^= std::byte{0x10};
      disk.SetContent(path, bad);
      const ManifestReading reading = Read();
      ASSERT_EQ(Print(*reading.state), after) << path << ", byte " << i;
      EXPECT_FALSE(reading.whole) << path << ", byte " << i;
      EXPECT_FALSE(reading.lost_edits) << path << ", byte " << i;
      EXPECT_EQ(reading.damage.size(), 1U) << path << ", byte " << i;
    }
    disk.SetContent(path, good);
  }
}

TEST_F(ManifestTest, EveryTruncationIsMadeGoodFromTheOtherFile) {
  for (Position p = 2; p < 60; p += 10) ASSERT_TRUE(manifest->Apply(SealEdit(1, p, p + 1)));
  const std::string after = Print(*manifest->Pin());
  const Bytes good = disk.Content(File(1));
  for (const std::string& path : {File(1), Mirror(1)}) {
    for (std::size_t size = 0; size < good.size(); ++size) {
      disk.SetContent(path, Bytes(good.begin(), good.begin() + static_cast<std::ptrdiff_t>(size)));
      const ManifestReading reading = Read();
      ASSERT_EQ(Print(*reading.state), after) << path << ", " << size << " bytes";
      EXPECT_FALSE(reading.whole) << path << ", " << size << " bytes";
    }
    ASSERT_TRUE(disk.Remove(path));
    EXPECT_EQ(Print(*Read().state), after);
    disk.SetContent(path, good);
  }
}

// The file as it was an hour ago.
TEST_F(ManifestTest, AStaleFileIsNoticed) {
  ASSERT_TRUE(manifest->Apply(SealEdit(1, 2, 10)));
  const Bytes stale = disk.Content(File(1));
  ASSERT_TRUE(manifest->Apply(SealEdit(1, 11, 20)));
  ASSERT_TRUE(manifest->Apply(SealEdit(1, 21, 30)));
  const std::string after = Print(*manifest->Pin());
  disk.SetContent(File(1), stale);
  const ManifestReading reading = Read();
  EXPECT_EQ(Print(*reading.state), after);
  ASSERT_EQ(reading.damage.size(), 1U);
  EXPECT_EQ(reading.damage[0].name, GenerationFileName(1));
}

TEST_F(ManifestTest, ATornEditIsCutAndTheNextOneStartsAGeneration) {
  ASSERT_TRUE(manifest->Apply(SealEdit(1, 2, 10)));
  const std::string before = Print(*manifest->Pin());
  Bytes torn = disk.Content(File(1));
  const Bytes edit = EncodeEditRecord(SealEdit(1, 11, 20), 1, manifest->Pin()->sequence + 1);
  torn.insert(torn.end(), edit.begin(), edit.end() - 40);
  disk.SetContent(File(1), torn);
  ASSERT_TRUE(Open());
  EXPECT_GT(manifest->report().torn_bytes, 0U);
  EXPECT_TRUE(manifest->report().doubtful());
  EXPECT_TRUE(manifest->report().damage.empty());
  EXPECT_EQ(Print(*manifest->Pin()), before);
  ASSERT_TRUE(manifest->Apply(SealEdit(1, 11, 30)));
  const std::string after = Print(*manifest->Pin());
  EXPECT_EQ(disk.Content(File(1)), torn) << "a torn file is not written again";
  ASSERT_TRUE(Open());
  EXPECT_EQ(manifest->report().generation, 2U);
  EXPECT_EQ(Print(*manifest->Pin()), after);
}

// Power went between the two files: no damage, and the start makes two of it.
TEST_F(ManifestTest, AnEditThatOneFileHasIsWrittenToBothByTheNextStart) {
  ASSERT_TRUE(manifest->Apply(SealEdit(1, 2, 10)));
  const Bytes before = disk.Content(Mirror(1));
  ASSERT_TRUE(manifest->Apply(SealEdit(1, 11, 20)));
  const std::string after = Print(*manifest->Pin());
  const Bytes whole = disk.Content(Mirror(1));
  for (const std::size_t size : {before.size(), before.size() + 20, whole.size()}) {
    Bytes torn = whole;
    std::fill(torn.begin() + static_cast<std::ptrdiff_t>(before.size()), torn.end(), std::byte{0});
    torn.resize(size);
    disk.SetContent(Mirror(1), torn);
    ASSERT_TRUE(Open());
    EXPECT_TRUE(manifest->report().damage.empty()) << size;
    EXPECT_EQ(Print(*manifest->Pin()), after) << size;
    const auto copy = disk.AfterKill();
    const auto next = *Manifest::Open("d", "n", *copy);
    ASSERT_TRUE(next->Renew());
    const auto renewed = *ReadManifest(ManifestFolder("d", "n"), "n", *copy);
    EXPECT_TRUE(renewed.whole && renewed.generation == 2) << size;
    for (const std::string& path : {File(2), Mirror(2)}) {
      const auto damaged = copy->AfterKill();
      damaged->SetContent(path, Bytes(10, std::byte{0}));
      EXPECT_EQ(Print(*(*Manifest::Open("d", "n", *damaged))->Pin()), after) << path;
    }
  }
}

// The mirror is never ahead of the file that is written first.
TEST_F(ManifestTest, AnEditThatOnlyTheMirrorHasIsDamage) {
  ASSERT_TRUE(manifest->Apply(SealEdit(1, 2, 10)));
  const Bytes before = disk.Content(File(1));
  ASSERT_TRUE(manifest->Apply(SealEdit(1, 11, 20)));
  const std::string after = Print(*manifest->Pin());
  disk.SetContent(File(1), before);
  EXPECT_EQ(Print(*Read().state), after);
  ASSERT_EQ(Read().damage.size(), 1U);
  EXPECT_EQ(Read().damage[0].name, GenerationFileName(1));
}

TEST_F(ManifestTest, ACheckpointThatNoFileHasIsTheEndOfTheGenerationBefore) {
  for (Position p = 2; p < 2000; p += 2) ASSERT_TRUE(manifest->Apply(SealEdit(1, p, p + 1)));
  const std::string before = Print(*manifest->Pin());
  const std::uint64_t newest = Read().generation;
  Bytes bad = disk.Content(File(newest));
  for (std::size_t i = 0; i < 4096; ++i) bad[i] = std::byte{0};
  disk.SetContent(File(newest), bad);
  disk.SetContent(Mirror(newest), bad);
  ASSERT_TRUE(Open());
  EXPECT_EQ(manifest->report().damage.size(), 2U);
  EXPECT_FALSE(manifest->report().lost_edits);
  EXPECT_EQ(Print(*manifest->Pin()), before);
}

TEST_F(ManifestTest, DamagedFilesGoToQuarantineAndAreWrittenAnew) {
  ASSERT_TRUE(manifest->Apply(SealEdit(1, 2, 10)));
  ASSERT_TRUE(manifest->Apply(SealEdit(1, 11, 20)));
  const std::string before = Print(*manifest->Pin());
  Bytes bad = disk.Content(Mirror(1));
  bad[200] ^= std::byte{1};
  disk.SetContent(Mirror(1), bad);
  ASSERT_TRUE(Open());
  EXPECT_EQ(disk.Content(Mirror(1)), bad) << "opening changes nothing";
  ASSERT_TRUE(manifest->Renew());
  EXPECT_EQ(disk.Content("d/quarantine/manifest/n/" + MirrorFileName(1)), bad);
  ASSERT_TRUE(Open());
  EXPECT_TRUE(Read().whole);
  EXPECT_EQ(Read().generation, 2U);
  EXPECT_EQ(Print(*manifest->Pin()), before);
}

// Both files lost the same edit: what it said is gone, what the others said is not.
TEST_F(ManifestTest, AnEditThatNoFileHasIsToldAndTheRestServed) {
  ASSERT_TRUE(manifest->Apply(SealEdit(1, 2, 10)));
  const std::size_t begin = disk.Content(File(1)).size();
  ASSERT_TRUE(manifest->Apply(SealEdit(1, 11, 20)));
  ASSERT_TRUE(manifest->Apply(SealEdit(1, 21, 30)));
  for (const std::string& path : {File(1), Mirror(1)}) {
    Bytes bad = disk.Content(path);
    bad[begin + 50] ^= std::byte{1};
    disk.SetContent(path, bad);
  }
  ASSERT_TRUE(Open());
  EXPECT_TRUE(manifest->report().lost_edits);
  EXPECT_EQ(manifest->report().damage.size(), 2U);
  const CollectionParts& parts = *manifest->Pin()->Find(1);
  ASSERT_EQ(parts.parts.size(), 2U);
  EXPECT_EQ(parts.sealed, 30U);
  EXPECT_EQ(parts.parts[1]->min_position(), 21U);
}

TEST_F(ManifestTest, TheScrubWritesAnewWhatDoesNotReadBack) {
  ASSERT_TRUE(manifest->Apply(SealEdit(1, 2, 10)));
  ASSERT_TRUE(manifest->Apply(SealEdit(1, 11, 20)));
  const std::string before = Print(*manifest->Pin());
  ASSERT_TRUE(manifest->Scrub());
  EXPECT_TRUE(manifest->Scrub()->damage.empty());
  const Bytes good = disk.Content(File(1));
  // The last edit was durable, as this process knows.
  for (const std::size_t at : {std::size_t{9}, good.size() / 2, good.size() - 20}) {
    const std::uint64_t generation = Read().generation;
    Bytes bad = disk.Content(File(generation));
    bad[std::min(at, bad.size() - 20)] ^= std::byte{4};
    disk.SetContent(File(generation), bad);
    const auto report = manifest->Scrub();
    ASSERT_TRUE(report);
    EXPECT_EQ(report->damage.size(), 1U) << at;
    EXPECT_EQ(disk.Content("d/quarantine/manifest/n/" + GenerationFileName(generation)), bad);
    EXPECT_TRUE(Read().whole);
    EXPECT_EQ(Print(*Read().state), before);
  }
}

TEST_F(ManifestTest, AfterAFailedWriteTheFileIsLeftAlone) {
  ASSERT_TRUE(manifest->Apply(SealEdit(1, 2, 10)));
  disk.FailChangeAt(2, EIO, os::SimulatedDisk::Repeat::kOnce);  // the sync
  ASSERT_FALSE(manifest->Apply(SealEdit(1, 11, 20)));
  EXPECT_EQ(manifest->Pin()->Find(1)->sealed, 10U);
  ASSERT_TRUE(manifest->Apply(SealEdit(1, 11, 25)));
  ASSERT_TRUE(Open());
  EXPECT_EQ(manifest->report().generation, 2U);
  EXPECT_EQ(manifest->Pin()->Find(1)->sealed, 25U);
}

TEST_F(ManifestTest, TenThousandPartsStayCheap) {
  Edit edit;
  for (Position p = 1; p <= 10'000; ++p) edit.emplace_back(AddPart{MakePart(9, 2 * p, 2 * p)});
  edit.emplace_back(SetSealed{9, 20'000});
  ASSERT_TRUE(manifest->Apply(edit));
  ASSERT_TRUE(manifest->Apply({SetSealed{9, 20'000}}));  // into a fresh generation
  const std::uint64_t operations = disk.operations();
  ASSERT_TRUE(manifest->Apply(SealEdit(9, 20'001, 20'002)));
  EXPECT_LE(disk.operations() - operations, 6U) << "open, write, sync of two files";
  EXPECT_EQ(manifest->Pin()->Find(9)->parts.size(), 10'001U);
}

// The fuzz target's seeds, and files that later versions must still read. Set STRATA_WRITE_SEEDS to
// write them anew.
TEST(ManifestSeeds, AreReadAsTheyWereWritten) {
  const auto folder = std::filesystem::path(STRATA_SOURCE_DIR) / "tests/corpus/manifest";
  ManifestSnapshot empty;
  const Bytes checkpoint = EncodeCheckpoint(empty, 1);
  const Edit edits[] = {
      {AddCollection{1, model::Kind::kLogs, "logs"},
       AddCollection{2, model::Kind::kSpans, "spans"}},
      SealEdit(1, 2, 10),
      SealEdit(1, 11, 20),
      {Remove(MakePart(1, 2, 10)), Remove(MakePart(1, 11, 20)), AddPart{MakePart(1, 2, 20)}},
      {Remove(MakePart(1, 2, 20)), DropRange{1, {2, 20}}},
      SealEdit(2, 5, 21),
      {Remove(MakePart(2, 5, 21)), LoseRows{2, kLost}},
  };
  Bytes bytes = checkpoint;
  std::uint64_t sequence = 0;
  for (const Edit& edit : edits) {
    const Bytes record = EncodeEditRecord(edit, 1, ++sequence);
    bytes.insert(bytes.end(), record.begin(), record.end());
    const auto path = folder / ("edits-" + std::to_string(sequence));
    if (std::getenv("STRATA_WRITE_SEEDS") != nullptr) {
      std::ofstream(path, std::ios::binary) << AsText(bytes);
    }
    std::ifstream in(path, std::ios::binary);
    const std::string kept{std::istreambuf_iterator<char>(in), {}};
    EXPECT_EQ(kept, AsText(bytes)) << path;
    const auto file = ReadManifestFile(AsBytes(kept), 1);
    ASSERT_TRUE(file);
    EXPECT_EQ(file->edits.size(), sequence);
    EXPECT_FALSE(file->damaged_at);
  }
}

}  // namespace
}  // namespace strata::store
