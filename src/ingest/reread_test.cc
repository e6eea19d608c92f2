#include "ingest/reread.h"

#include <gtest/gtest.h>

#include "ingest/test_request.h"

namespace strata::ingest {
namespace {

constexpr std::uint64_t kTime = 1'700'000'000'000'000'000;

struct RereadTest : testing::Test {
  os::SimulatedDisk disk;
  TestIngest ingest{disk};
  wal::PositionRange all;

  // Requests of ten rows and some kilobytes each.
  void Send(int requests) {
    for (int i = 0; i < requests; ++i) {
      const std::uint64_t time = kTime + static_cast<std::uint64_t>(i);
      const auto sent =
          ingest.Send(LogsRequest(std::vector<std::uint64_t>(10, time), std::string(400, 'x')));
      ASSERT_TRUE(sent.status);
      if (all.empty()) all.first = sent.receipt;
      all.last = sent.receipt;
    }
  }
  // The rows of each piece in which all are read.
  std::vector<std::uint64_t> Pieces(const RereadLimits& limits) {
    std::vector<std::uint64_t> pieces;
    const model::Collection& collection = *ingest.collections().Find("default", "logs");
    for (wal::Position next = all.first; next <= all.last;) {
      const auto again = Reread(ingest.log(), ingest.collections(), collection,
                                {.first = next, .last = all.last}, limits, ingest.clock());
      CHECK(again.has_value() && again->through >= next);
      pieces.push_back(0);
      for (const model::BlockSlice& slice : again->slices) pieces.back() += slice.RowCount();
      next = again->through + 1;
    }
    return pieces;
  }
};

TEST_F(RereadTest, APieceEndsAtTheLimitOfRowsOrOfBytes) {
  Send(4);
  using Rows = std::vector<std::uint64_t>;
  EXPECT_EQ(Pieces({}), (Rows{40}));
  EXPECT_EQ(Pieces({.rows_max = 15}), (Rows{20, 20}));
  EXPECT_EQ(Pieces({.payload_bytes_max = 5'000}), (Rows{20, 20}));
  EXPECT_EQ(Pieces({.payload_bytes_max = 1}), (Rows{10, 10, 10, 10})) << "one request at least";
}

}  // namespace
}  // namespace strata::ingest
