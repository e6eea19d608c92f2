// Types survive: what came in as OTLP is rebuilt from parts byte for byte, in canonical form.
#include <map>
#include <memory>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "duck/part_loader.h"
#include "duck/part_writer.h"
#include "model/test_lane.h"
#include "os/simulated_disk.h"
#include "otel_generator.h"
#include "rich_requests.h"
#include "wire/otlp_decode.h"
#include "wire/otlp_encode.h"
#include "wire/otlp_test_requests.h"

namespace strata::types {
namespace {

using model::Kind;
using wire::KeyValue;
using wire::Message;

std::string Hex(std::string_view bytes) {
  static constexpr char kDigits[] = "0123456789abcdef";
  std::string hex;
  for (const char byte : bytes) {
    hex += kDigits[static_cast<unsigned char>(byte) >> 4];
    hex += kDigits[static_cast<unsigned char>(byte) & 15];
  }
  return hex;
}

// Requests on their way through a part and back.
class Trip {
 public:
  explicit Trip(Kind kind) : kind_(kind), lane_(NewLane(kind)) {
    CHECK(disk_.CreateDirectory("/parts").has_value());
  }

  void Take(const std::string& request) {
    model::RowWriter writer(*lane_);
    const auto outcome = wire::DecodeOtlp(kind_, AsBytes(request), wire::Limits{}, writer);
    ASSERT_TRUE(outcome) << outcome.error().message;
    ASSERT_EQ(outcome->rejected, 0U) << outcome->message;
    ASSERT_EQ(outcome->cut_attributes + outcome->truncated_values, 0U) << outcome->message;
    sent_[++position_] = request;
    lane_->Publish(writer, position_);
    rows_ += outcome->accepted;
  }

  // Writes what came since the last call.
  void Seal(const duck::PartOptions& options) {
    const std::string path = "/parts/" + std::to_string(parts_.size()) + ".parquet";
    const auto slices = lane_->Slices();
    auto info = duck::WritePart(kind_, slices, options, disk_, path);
    ASSERT_TRUE(info) << info.error().message;
    parts_.push_back({.path = path, .info = std::make_shared<duck::PartInfo>(*std::move(info))});
    lane_ = NewLane(kind_);
  }

  void Merge(const duck::PartOptions& options) {
    auto info = duck::MergeParts(kind_, parts_, options, disk_, "/parts/merged.parquet");
    ASSERT_TRUE(info) << info.error().message;
    parts_ = {{.path = "/parts/merged.parquet",
               .info = std::make_shared<duck::PartInfo>(*std::move(info))}};
  }

  void ExpectAllComeBack() {
    std::uint64_t rows = 0;
    std::map<std::uint64_t, std::string> left = sent_;
    for (const duck::PartRef& part : parts_) {
      model::TestLane lane(kind_, /*block_rows=*/500);
      const auto loaded =
          duck::LoadPart(kind_, part, disk_, lane,
                         [&](duck::Position position, const std::vector<model::RowRange>& ranges) {
                           for (const model::RowRange& range : ranges) {
                             range.block->runs().Append(
                                 {.position = position, .begin = range.begin, .end = range.end});
                           }
                           ExpectSame(position, ranges);
                           left.erase(position);
                         });
      ASSERT_TRUE(loaded) << loaded.error().message;
      EXPECT_EQ(*loaded, part.info->rows);
      rows += *loaded;
    }
    EXPECT_EQ(rows, rows_);
    // Positions without rows are in no part.
    for (const auto& [position, request] : left) {
      const auto canonical = wire::CanonicalOtlp(kind_, AsBytes(request));
      ASSERT_TRUE(canonical);
      EXPECT_EQ(Hex(*canonical), "") << position;
    }
  }

 private:
  static std::unique_ptr<model::TestLane> NewLane(Kind kind) {
    return std::make_unique<model::TestLane>(kind, /*block_rows=*/700);
  }
  void ExpectSame(std::uint64_t position, const std::vector<model::RowRange>& ranges) {
    std::vector<model::BlockSlice> slices;
    for (const model::RowRange& range : ranges) {
      const std::uint32_t runs = range.block->runs().size();
      slices.push_back({.block = range.block, .first_run = runs - 1, .last_run = runs});
    }
    const auto canonical = wire::CanonicalOtlp(kind_, AsBytes(sent_.at(position)));
    ASSERT_TRUE(canonical);
    ASSERT_EQ(Hex(wire::EncodePosition(slices, position)), Hex(*canonical))
        << "position " << position;
  }

  const Kind kind_;
  os::SimulatedDisk disk_;
  std::unique_ptr<model::TestLane> lane_;
  std::map<std::uint64_t, std::string> sent_;
  std::uint64_t position_ = 0;
  std::uint64_t rows_ = 0;
  std::vector<duck::PartRef> parts_;
};

std::string GeneratedRequest(bench::OtelGenerator& generator, Kind kind) {
  return kind == Kind::kLogs    ? generator.Logs(3, 40)
         : kind == Kind::kSpans ? generator.Spans(3, 40)
                                : generator.Metrics(3, 40);
}

class TypesSurvive : public testing::TestWithParam<Kind> {};

TEST_P(TypesSurvive, HandWrittenRequests) {
  Trip trip(GetParam());
  for (std::size_t part = 0; part < 3; ++part) {
    for (std::size_t i = 0; i < 9; ++i) trip.Take(RichRequest(GetParam(), part * 9 + i));
    trip.Seal({.row_group_rows = part == 0 ? 100U : 4096U});
  }
  trip.ExpectAllComeBack();
  trip.Merge({.row_group_rows = 500});
  trip.ExpectAllComeBack();
}

TEST_P(TypesSurvive, RandomRequests) {
  for (std::uint32_t seed = 1; seed <= 3; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    wire::RandomRequests requests(seed);
    Trip trip(GetParam());
    for (int part = 0; part < 3; ++part) {
      for (int i = 0; i < 60; ++i) trip.Take(requests.Make(GetParam()));
      trip.Seal({});
    }
    trip.ExpectAllComeBack();
    trip.Merge({});
    trip.ExpectAllComeBack();
  }
}

// Columns for few attributes only: the others go to the rest, with their types.
TEST_P(TypesSurvive, MoreKeysThanColumns) {
  Trip trip(GetParam());
  wire::RandomRequests requests(77);
  for (const std::uint32_t columns_max : {4U, 30U, 512U}) {
    for (std::size_t i = 0; i < 5; ++i) trip.Take(RichRequest(GetParam(), i));
    for (int i = 0; i < 30; ++i) trip.Take(requests.Make(GetParam()));
    trip.Seal({.attribute_columns_max = columns_max});
  }
  trip.ExpectAllComeBack();
  trip.Merge({});
  trip.ExpectAllComeBack();
}

// More keys than a block has columns for.
TEST(TypesSurviveOfLogs, HundredsOfKeys) {
  Trip trip(Kind::kLogs);
  for (int r = 0; r < 8; ++r) {
    Message log;
    for (int i = 0; i < 120; ++i) {
      const auto& values = AllValues();
      log.Add(6, KeyValue("key." + std::to_string(r * 90 + i),
                          values[static_cast<std::size_t>(r + i) % values.size()]));
    }
    trip.Take(wire::RequestOf({log, RichLog(3)}));
  }
  trip.Seal({});
  trip.ExpectAllComeBack();
}

TEST_P(TypesSurvive, GeneratedRequests) {
  Trip trip(GetParam());
  bench::OtelGenerator generator(11);
  for (int part = 0; part < 2; ++part) {
    for (int i = 0; i < 30; ++i) trip.Take(GeneratedRequest(generator, GetParam()));
    trip.Seal({});
  }
  trip.ExpectAllComeBack();
  trip.Merge({});
  trip.ExpectAllComeBack();
}

INSTANTIATE_TEST_SUITE_P(Kinds, TypesSurvive, testing::ValuesIn(model::kKinds),
                         [](const auto& tested) { return std::string(KindName(tested.param)); });

TEST(LoadPart, RefusesAnotherKindAndDamage) {
  os::SimulatedDisk disk;
  ASSERT_TRUE(disk.CreateDirectory("/parts"));
  model::TestLane lane(Kind::kLogs, 100);
  model::RowWriter writer(lane);
  const std::string request = wire::RequestOf({RichLog(1)});
  ASSERT_TRUE(wire::DecodeOtlp(Kind::kLogs, AsBytes(request), wire::Limits{}, writer));
  lane.Publish(writer, 1);
  const auto slices = lane.Slices();
  auto info = duck::WritePart(Kind::kLogs, slices, {}, disk, "/parts/a");
  ASSERT_TRUE(info) << info.error().message;
  const duck::PartRef part{.path = "/parts/a",
                           .info = std::make_shared<duck::PartInfo>(*std::move(info))};
  const auto load = [&](Kind kind) {
    model::TestLane into(kind, 100);
    return duck::LoadPart(kind, part, disk, into,
                          [](duck::Position, const std::vector<model::RowRange>&) {});
  };
  EXPECT_TRUE(load(Kind::kLogs));
  EXPECT_EQ(load(Kind::kSpans).error().code, Code::kCorrupt);
  Bytes bytes = disk.Content("/parts/a");
  bytes[bytes.size() / 2] ^= std::byte{1};
  disk.SetContent("/parts/a", bytes);
  EXPECT_EQ(load(Kind::kLogs).error().code, Code::kCorrupt);
}

}  // namespace
}  // namespace strata::types
