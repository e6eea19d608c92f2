// What the sealer is told from other threads while it works.
#include "store/sealer.h"

#include <functional>

#include <gtest/gtest.h>

#include "store/test_rig.h"

namespace strata::store {
namespace {

// Tells of each part before it writes it.
class ToldWriter final : public PartWriter {
 public:
  explicit ToldWriter(os::FileSystem& files) : inner_(files) {}
  Result<duck::PartInfo> Write(model::Kind kind, std::span<const model::BlockSlice> slices,
                               const std::string& path) override {
    if (on_write) on_write();
    return inner_.Write(kind, slices, path);
  }
  Result<duck::PartInfo> Merge(model::Kind kind, std::span<const duck::PartRef> inputs,
                               const std::string& path, const std::stop_token& stop) override {
    return inner_.Merge(kind, inputs, path, stop);
  }
  Result<duck::PartInfo> Describe(model::Kind kind, const std::string& path) override {
    return inner_.Describe(kind, path);
  }
  std::function<void()> on_write;

 private:
  FakePartWriter inner_;
};

struct SealerTest : testing::Test {
  Config config{.data_dir = "data"};
  Live<Config> live{config};
  os::SimulatedDisk disk;
  ManualClock clock;
  model::CollectionTable collections;
  model::Registry registry;
  Metrics metrics = Metrics::Register(registry);
  ToldWriter writer{disk};
  FakeLog log{/*segment_frames=*/1000};
  hot::Hot hot{{}, clock};
  std::unique_ptr<Manifests> manifests = *Manifests::Open("data", collections, disk);
  std::unique_ptr<Carry> carry = *Carry::Open("data", disk, clock);
  const Workplace at{live, disk, clock, collections, *manifests, writer, metrics};
  Sealer sealer{at, hot, log, *carry};

  // A collection with one request, which nothing but damage seals.
  const model::Collection& Fill(const std::string& name, Position& position) {
    const model::Collection& collection =
        *(*collections.Add("prod", name, model::Kind::kLogs, 1 << 20)).collection;
    log.Publish(log.Append(collection, 0, wal::FrameType::kDefine));
    position = log.Append(collection, 1, wal::FrameType::kRecords);
    PublishRows(hot, collection, 1, position);
    log.Publish(position);
    return collection;
  }
};

TEST_F(SealerTest, DamageThatIsReportedWhileRowsAreSealedIsNotForgotten) {
  Position first = 0;
  Position second = 0;
  const model::Collection& early = Fill("early", first);
  const model::Collection& late = Fill("late", second);
  sealer.ReportDamagedLog(first);
  writer.on_write = [&] { sealer.ReportDamagedLog(second); };
  ASSERT_TRUE(sealer.Pass());
  writer.on_write = {};
  EXPECT_EQ(manifests->Sealed(early.id), first);
  EXPECT_EQ(manifests->Sealed(late.id), 0U);
  ASSERT_TRUE(sealer.Pass());
  EXPECT_EQ(manifests->Sealed(late.id), second);
}

TEST_F(SealerTest, TheHighestDamageThatWasReportedCounts) {
  Position first = 0;
  Position second = 0;
  Fill("early", first);
  const model::Collection& late = Fill("late", second);
  sealer.ReportDamagedLog(second);
  sealer.ReportDamagedLog(first);
  ASSERT_TRUE(sealer.Pass());
  EXPECT_EQ(manifests->Sealed(late.id), second);
}

}  // namespace
}  // namespace strata::store
