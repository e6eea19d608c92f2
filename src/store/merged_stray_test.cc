// A merged part whose edit the manifest has lost, when its inputs' files are gone: it is the only
// copy of their rows, and takes their place if it has exactly these.
#include <gtest/gtest.h>

#include "os/quarantine.h"
#include "store/test_repair.h"

namespace strata::store {
namespace {

struct MergedStrayTest : RepairTest {
  std::vector<std::string> inputs;  // paths: who holds a part keeps its file
  std::map<std::string, Bytes> input_files;
  PartPtr merged;

  void Merge() {
    hot_config.memory_bytes = 1;  // whatever is sealed is evicted
    segment_frames = 1;           // the log keeps nothing
    Begin();
    Fill(4);
    inputs.clear();
    for (const PartPtr& input : Parts().parts) inputs.push_back(input->path);
    for (const std::string& input : inputs) input_files[input] = Content(input);
    Config merging = world->config;
    merging.merge.enabled = true;
    merging.merge.target_rows = 1000;
    merging.merge.check_interval = Duration(1);
    world->store().Configure(merging);
    for (int i = 0; i < 3; ++i) {
      world->clock.Advance(std::chrono::seconds(1));
      world->store().UpkeepPass();
    }
    ASSERT_EQ(Parts().parts.size(), 1U);
    merged = Parts().parts[0];
    world->store().UpkeepPass();
    for (const std::string& input : inputs) ASSERT_FALSE(IsThere(input));
  }
  Bytes Content(const std::string& path) {
    return world->disk().Content(world->config.data_dir / path);
  }
  void Put(const std::string& path, const Bytes& bytes) {
    world->disk().SetContent(world->config.data_dir / path, bytes);
  }
  void LoseItsEdit() {
    world->LoseEntry(merged->path);
    world->Crash(std::nullopt);
  }
  void ExpectItsPlaceTaken() {
    EXPECT_TRUE(Parts().lost.empty());
    ASSERT_EQ(Parts().parts.size(), 1U);
    EXPECT_EQ(Parts().parts[0]->path, merged->path);
    EXPECT_EQ(world->Check(), "");
  }
  // Of the merged part's file and filter, which were away.
  void ExpectItsPlaceTakenByAStartWith(const Bytes& content, const Bytes& filter) {
    Put(merged->path, content);
    Put(FilterPath(merged->path), filter);
    ASSERT_TRUE(world->Boot());
    world->store().UpkeepPass();
    ExpectItsPlaceTaken();
  }
};

TEST_F(MergedStrayTest, ItTakesThePlaceOfInputsThatAreGone) {
  Merge();
  const std::int64_t arrival_ns = merged->last_arrival_ns;
  LoseItsEdit();
  ASSERT_TRUE(world->Boot());
  EXPECT_EQ(world->store().report().adopted.adopted, 1U);
  world->store().UpkeepPass();
  ExpectItsPlaceTaken();
  EXPECT_EQ(Parts().parts[0]->last_arrival_ns, arrival_ns) << "its inputs tell it";
  world->Crash(1);
  ASSERT_TRUE(world->Boot());
  ExpectItsPlaceTaken();
}

TEST_F(MergedStrayTest, WhatIsLeftOfItsInputsGoes) {
  Merge();
  LoseItsEdit();
  Put(inputs[1], input_files[inputs[1]]);
  ASSERT_TRUE(world->Boot());
  world->store().UpkeepPass();
  ExpectItsPlaceTaken();
}

TEST_F(MergedStrayTest, WithItsInputsThereItIsNotNeeded) {
  Merge();
  LoseItsEdit();
  for (const auto& [path, bytes] : input_files) Put(path, bytes);
  ASSERT_TRUE(world->Boot());
  world->store().UpkeepPass();
  EXPECT_EQ(Parts().parts.size(), 4U);
  EXPECT_TRUE(IsThere(os::QuarantinePath(merged->path)));
  EXPECT_EQ(world->Check(), "");
}

TEST_F(MergedStrayTest, WithOtherRowsItIsNotListed) {
  Merge();
  Bytes fewer = Content(merged->path);
  ASSERT_EQ(fewer[8], std::byte{10});
  fewer[8] = std::byte{9};  // rows of its first position
  LoseItsEdit();
  Put(merged->path, fewer);
  Put(inputs[3], input_files[inputs[3]]);  // or the disk looks as if not mounted
  ASSERT_TRUE(world->Boot());
  world->store().UpkeepPass();
  EXPECT_EQ(Parts().parts.size(), 1U);
  EXPECT_EQ(Parts().lost.size(), 3U);
  EXPECT_EQ(WriteOffLost(), "");
  EXPECT_TRUE(IsThere(os::QuarantinePath(merged->path)));
  EXPECT_EQ(world->Check(), "");
}

// An operator puts back what a start has moved to quarantine; the manifest is whole by now.
TEST_F(MergedStrayTest, ItTakesThePlaceOfWhatIsToldAsLost) {
  Merge();
  const Bytes content = Content(merged->path);
  const Bytes filter = Content(FilterPath(merged->path));
  LoseItsEdit();
  ASSERT_TRUE(world->disk().Remove(world->config.data_dir / merged->path));
  Put(inputs[3], input_files[inputs[3]]);
  Put(FilterPath(inputs[3]), filter);
  ASSERT_TRUE(world->Boot());
  world->store().UpkeepPass();
  ASSERT_EQ(Parts().lost.size(), 3U);
  world->Crash(std::nullopt);
  ExpectItsPlaceTakenByAStartWith(content, filter);
}

// No edit is known to be lost: both files of the manifest are of before the merge.
TEST_F(MergedStrayTest, ItIsNoOrphanWhileItsInputsAreMissing) {
  Merge();
  const Bytes content = Content(merged->path);
  const Bytes filter = Content(FilterPath(merged->path));
  // A manifest that never knew of the merge.
  Begin();
  Fill(4);
  for (const PartPtr& input : Parts().parts) {
    ASSERT_TRUE(world->disk().Remove(world->config.data_dir / input->path));
  }
  world->Crash(std::nullopt);
  ExpectItsPlaceTakenByAStartWith(content, filter);
}

TEST_F(MergedStrayTest, PowerLossAtEveryOperation) {
  bool crashed = true;
  for (std::uint64_t at = 1; crashed; ++at) {
    for (std::uint64_t seed = 1; seed <= 3; ++seed) {
      Merge();
      LoseItsEdit();
      Put(inputs[1], input_files[inputs[1]]);
      world->disk().CrashAt(at);
      static_cast<void>(world->Boot().has_value());
      crashed = world->disk().crashed();
      world->Crash(seed);
      ASSERT_TRUE(world->Boot()) << at;
      world->store().UpkeepPass();
      ExpectItsPlaceTaken();
      ASSERT_FALSE(HasFailure()) << "operation " << at << ", seed " << seed;
    }
  }
}

}  // namespace
}  // namespace strata::store
