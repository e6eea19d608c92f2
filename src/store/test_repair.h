// What the tests of repair stand on: a store whose parts are damaged and reported.
#pragma once

#include <memory>
#include <string>

#include <gtest/gtest.h>

#include "store/test_rig.h"

namespace strata::store {

struct RepairTest : testing::Test {
  Config config;
  hot::Config hot_config;
  Position segment_frames = 1000;  // the log keeps everything
  std::unique_ptr<World> world;

  void Begin() {
    config.seal.rows = 10;
    config.merge.enabled = false;
    world = std::make_unique<World>(std::make_unique<os::SimulatedDisk>(), config, hot_config,
                                    segment_frames);
    ASSERT_TRUE(world->Boot());
  }
  // Parts of 30 rows each.
  void Fill(std::size_t parts = 3) {
    for (std::size_t part = 0; part < parts; ++part) {
      for (int i = 0; i < 3; ++i) world->Ingest(world->Collection("prod"), 10);
      ASSERT_TRUE(world->store().SealPass());
    }
    ASSERT_EQ(Parts().parts.size(), parts);
  }
  const CollectionParts& Parts() {
    pinned_ = world->store().Pin("prod");
    return *pinned_->Find(world->Collection("prod").id);
  }
  std::string PathOf(std::size_t part) { return Parts().parts.at(part)->path; }
  void Damage(const std::string& path) {
    const auto full = world->config.data_dir / path;
    Bytes bytes = world->disk().Content(full);
    bytes[bytes.size() / 2] ^= std::byte{1};
    world->disk().SetContent(full, bytes);
  }
  bool Report(const std::string& path) {
    return world->store().ReportDamaged((world->config.data_dir / path).native());
  }
  bool IsThere(const std::string& path) {
    return world->disk().GetStat(world->config.data_dir / path).has_value();
  }
  Split SplitNow() {
    const auto id = world->Collection("prod").id;
    const ManifestPtr manifest = world->store().Pin("prod");
    return world->store().SplitAt(*manifest, id, world->hot().Floor(id));
  }
  // Takes what the manifest tells as lost out of what was acknowledged; "" when its count of rows
  // is exact.
  std::string WriteOffLost() {
    for (const LostRows& lost : Parts().lost) {
      std::uint64_t rows = 0;
      for (Position p = lost.positions.first; p <= lost.positions.last; ++p) {
        const auto acked = world->acked.find(p);
        if (acked == world->acked.end()) continue;
        rows += acked->second.rows;
        world->acked.erase(acked);
      }
      if (rows != lost.rows) {
        return std::to_string(lost.rows) + " rows told as lost instead of " + std::to_string(rows);
      }
    }
    return {};
  }

 private:
  ManifestPtr pinned_;
};

}  // namespace strata::store
