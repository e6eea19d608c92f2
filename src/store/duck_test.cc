// The store with real Parquet on the machine's own disk.
#include <cstdlib>
#include <filesystem>
#include <stop_token>
#include <variant>

#include <gtest/gtest.h>

#include "duck/engine.h"
#include "model/row_writer.h"
#include "os/quarantine.h"
#include "os/real_file_system.h"
#include "store/test_rig.h"

namespace strata::store {
namespace {

class TemporaryFolder {
 public:
  TemporaryFolder() {
    std::string pattern = (std::filesystem::temp_directory_path() / "strata-store-XXXXXX").native();
    CHECK(mkdtemp(pattern.data()) != nullptr);
    path_ = pattern;
  }
  ~TemporaryFolder() { std::filesystem::remove_all(path_); }
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

struct DuckTest : testing::Test {
  TemporaryFolder folder;
  ManualClock clock;
  os::FileSystem& files = os::RealFileSystem();
  FakeLog log{1000};
  DuckPartWriter writer{{}, files};
  Config config;
  std::unique_ptr<model::CollectionTable> collections;
  std::unique_ptr<model::Registry> registry;
  std::unique_ptr<hot::Hot> hot;
  std::unique_ptr<Store> store;
  std::unique_ptr<duck::Engine> engine = [this] {
    auto opened = duck::Engine::Open({.concurrency = 1, .threads = 1}, files);
    CHECK(opened.has_value());
    return *std::move(opened);
  }();

  void SetUp() override {
    config.data_dir = folder.path() / "data";
    config.seal.rows = 1000;
    config.merge.check_interval = Duration(1);
    Boot();
  }
  void Boot() {
    store.reset();
    collections = std::make_unique<model::CollectionTable>();
    registry = std::make_unique<model::Registry>();
    hot = std::make_unique<hot::Hot>(hot::Config{.memory_bytes = 1}, clock);
    auto opened = Store::Open(config, files, clock, *collections, writer, *registry);
    ASSERT_TRUE(opened) << opened.error().message;
    store = *std::move(opened);
    store->RestoreHot(*hot);
    store->Start(*hot, log, /*threads=*/false);
  }
  const model::Collection& Logs() {
    return *collections->Add("prod", "logs", model::Kind::kLogs, 10)->collection;
  }
  void Ingest(int rows) {
    const Position position =
        log.Append(Logs(), static_cast<std::uint32_t>(rows), wal::FrameType::kRecords);
    hot::LaneLease lease = hot->Lease(Logs());
    model::RowWriter row(lease.source());
    for (int i = 0; i < rows; ++i) {
      row.BeginRow();
      row.Set<std::uint32_t>(model::kOrdinal, static_cast<std::uint32_t>(i));
      row.SetTime(model::kLogTime, clock.WallNanos() + i);
      row.SetText(model::kLogBody, "request " + std::to_string(position));
      row.AddAttribute("http.route", {.type = model::AnyType::kString, .text = "/cart"});
      row.AddAttribute("n", {.type = model::AnyType::kInt, .integer = i});
      row.CommitRow();
    }
    lease.Take(row).Publish(position);
    log.Publish(position);
  }
  std::string Ask(const std::string& sql) {
    auto snapshot = std::make_shared<duck::Snapshot>();
    const Position floor = hot->Floor(Logs().id);
    const ManifestPtr manifest = store->Pin("prod");
    Split split = store->SplitAt(*manifest, Logs().id, floor);
    snapshot->position = log.published();
    duck::CollectionSlice slice{.collection = "logs", .hot = {}, .parts = std::move(split.parts)};
    slice.hot = hot->Slices(Logs().id, split.through, snapshot->position);
    snapshot->kinds[model::Kind::kLogs].push_back(std::move(slice));
    auto answer = engine->Run({.sql = sql, .format = duck::Format::kCsv}, snapshot);
    if (const auto* error = std::get_if<duck::SqlError>(&answer)) return error->message;
    return std::get<duck::Answer>(answer).body;
  }
};

TEST_F(DuckTest, RowsAreTheSameInMemoryInPartsMergedAndAfterARestart) {
  const std::string sql =
      "SELECT count(*) AS rows, count(DISTINCT position) AS requests, sum(ordinal) AS ordinals, "
      "sum(CAST(attributes['n'] AS BIGINT)) AS n, min(time) AS first, max(time) AS last FROM logs";
  for (int i = 0; i < 10; ++i) {
    Ingest(500);
    clock.Advance(std::chrono::minutes(1));
  }
  const std::string in_memory = Ask(sql);
  EXPECT_EQ(in_memory.find("5000,10,"), in_memory.find('\n') + 1) << in_memory;
  ASSERT_TRUE(store->SealPass());
  EXPECT_EQ(hot->bytes(), 0U);
  EXPECT_EQ(Ask(sql), in_memory);
  for (int i = 0; i < 3; ++i) {
    Ingest(1000);
    ASSERT_TRUE(store->SealPass());
  }
  const std::string in_parts = Ask(sql);
  ASSERT_EQ(store->Figures().collections.at(0).parts, 4U);
  Boot();
  EXPECT_EQ(Ask(sql), in_parts);
  config.merge.target_rows = 40'000;
  Boot();
  Ingest(5000);
  ASSERT_TRUE(store->SealPass());
  const std::string before = Ask(sql);
  while (store->UpkeepPass()) clock.Advance(std::chrono::seconds(1));
  EXPECT_EQ(Ask(sql), before);
  Boot();
  EXPECT_EQ(Ask(sql), before);
}

TEST_F(DuckTest, SmallPartsBecomeOneAndTheirFilesGo) {
  config.seal.rows = 100;
  Boot();
  for (int i = 0; i < 8; ++i) {
    Ingest(200);
    ASSERT_TRUE(store->SealPass());
  }
  ASSERT_EQ(store->Figures().collections.at(0).parts, 8U);
  const std::string before = Ask("SELECT position, count(*) FROM logs GROUP BY ALL ORDER BY ALL");
  while (store->UpkeepPass()) clock.Advance(std::chrono::seconds(1));
  clock.Advance(std::chrono::seconds(1));
  store->UpkeepPass();
  const auto figures = store->Figures();
  EXPECT_LE(figures.collections.at(0).parts, 2U);
  EXPECT_EQ(figures.collections.at(0).rows, 1600U);
  EXPECT_EQ(Ask("SELECT position, count(*) FROM logs GROUP BY ALL ORDER BY ALL"), before);
  std::uint64_t parquet_files = 0;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(config.data_dir)) {
    parquet_files += entry.path().extension() == ".parquet" ? 1 : 0;
  }
  EXPECT_EQ(parquet_files, figures.collections.at(0).parts);
}

// Whatever call of the disk it is at: a merge of real parts ends there.
TEST_F(DuckTest, AMergeEndsWhereItIsStopped) {
  config.seal.rows = 100;
  Boot();
  for (int i = 0; i < 8; ++i) {
    Ingest(200);
    ASSERT_TRUE(store->SealPass());
  }
  const std::string before = Ask("SELECT position, count(*) FROM logs GROUP BY ALL ORDER BY ALL");
  std::stop_source stop;
  stop.request_stop();
  store->UpkeepPass(stop.get_token());
  EXPECT_EQ(store->Figures().collections.at(0).parts, 8U);
  EXPECT_EQ(Ask("SELECT position, count(*) FROM logs GROUP BY ALL ORDER BY ALL"), before);
  clock.Advance(std::chrono::minutes(10));
  store->UpkeepPass();
  EXPECT_LT(store->Figures().collections.at(0).parts, 8U);
}

TEST_F(DuckTest, ADamagedInputIsWrittenAgainAndThenMerged) {
  config.seal.rows = 100;
  Boot();
  for (int i = 0; i < 4; ++i) {
    Ingest(200);
    ASSERT_TRUE(store->SealPass());
  }
  const PartPtr part = store->Pin("prod")->Find(Logs().id)->parts[1];
  auto file = files.Open(config.data_dir / part->path, {.access = os::Access::kReadWrite});
  ASSERT_TRUE(file);
  ASSERT_TRUE((*file)->WriteAt(part->info->bytes / 2, AsBytes("damage")));
  for (int i = 0; i < 4; ++i) {
    clock.Advance(std::chrono::minutes(10));
    store->UpkeepPass();
  }
  const auto figures = store->Figures().collections.at(0);
  EXPECT_EQ(figures.parts, 1U);
  EXPECT_EQ(figures.rows, 800U);
  EXPECT_TRUE(figures.lost.empty());
  EXPECT_TRUE(std::filesystem::exists(config.data_dir / os::QuarantinePath(part->path)));
  EXPECT_EQ(Ask("SELECT count(*) AS rows FROM logs"), "rows\r\n800\r\n");
}

}  // namespace
}  // namespace strata::store
