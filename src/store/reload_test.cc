#include <gtest/gtest.h>

#include "store/test_rig.h"

namespace strata::store {
namespace {

std::uint64_t PartCount(Store& store) {
  std::uint64_t parts = 0;
  for (const CollectionFigures& figures : store.Figures().collections) parts += figures.parts;
  return parts;
}

class Reload : public testing::Test {
 protected:
  void SetUp() override {
    config_.seal.rows = 1'000'000;
    config_.merge.enabled = false;
    config_.merge.check_interval = Duration(1);
    world_ = std::make_unique<World>(std::make_unique<os::SimulatedDisk>(), config_);
    ASSERT_TRUE(world_->Boot());
  }
  Store& store() { return world_->store(); }
  void Apply() { store().Configure(config_); }

  Config config_;
  std::unique_ptr<World> world_;
};

TEST_F(Reload, ChangesWhenRowsAreSealed) {
  world_->Ingest(world_->Collection("prod"), 10);
  ASSERT_TRUE(store().SealPass());
  EXPECT_EQ(PartCount(store()), 0U);
  config_.seal.rows = 10;
  Apply();
  ASSERT_TRUE(store().SealPass());
  EXPECT_EQ(PartCount(store()), 1U);
}

// What was found not to be due is looked at again.
TEST_F(Reload, ChangesWhichPartsAreMerged) {
  config_.seal.rows = 10;
  config_.merge.enabled = true;
  config_.merge.inputs_max = 1;
  Apply();
  for (int i = 0; i < 40; ++i) {
    world_->Ingest(world_->Collection("prod"), 10);
    ASSERT_TRUE(store().SealPass());
  }
  const std::uint64_t sealed = PartCount(store());
  while (store().UpkeepPass()) {
  }
  EXPECT_EQ(PartCount(store()), sealed);
  config_.merge.inputs_max = 64;
  Apply();
  world_->clock.Advance(config_.merge.check_interval);
  while (store().UpkeepPass()) {
  }
  EXPECT_LT(PartCount(store()), sealed / 4);
  EXPECT_EQ(world_->Check(), "");
}

TEST_F(Reload, ChangesHowLongPartsAreKept) {
  config_.seal.rows = 10;
  Apply();
  world_->Ingest(world_->Collection("prod"), 10);
  ASSERT_TRUE(store().SealPass());
  world_->clock.Advance(std::chrono::hours(2));
  store().UpkeepPass();
  EXPECT_EQ(PartCount(store()), 1U);
  config_.retention.by_kind[static_cast<std::size_t>(model::Kind::kLogs)] = std::chrono::hours(1);
  Apply();
  world_->clock.Advance(config_.retention.check_interval);
  store().UpkeepPass();
  EXPECT_EQ(PartCount(store()), 0U);
}

}  // namespace
}  // namespace strata::store
