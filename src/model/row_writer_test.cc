#include "model/row_writer.h"

#include <map>
#include <string>
#include <thread>

#include <gtest/gtest.h>

#include "model/cell.h"
#include "model/test_lane.h"

namespace strata::model {
namespace {

AnyValue Str(std::string_view text) {
  return {.type = AnyType::kString, .text = text};
}
AnyValue Int(std::int64_t number) {
  return {.type = AnyType::kInt, .integer = number};
}

bool IsSet(const Column& column, std::uint32_t row) {
  const Chunk* chunk = column.chunk(row / kChunkRows);
  if (chunk == nullptr) return false;
  const std::uint32_t at = row % kChunkRows;
  if (chunk->encoding == Chunk::Encoding::kCodes) return chunk->values<std::uint16_t>()[at] != 0;
  return chunk->IsValid(at);
}

std::string ValueText(const AttributeColumn& attribute, std::uint32_t row) {
  const Chunk& chunk = *attribute.column->chunk(row / kChunkRows);
  const std::uint32_t at = row % kChunkRows;
  AnyValue value{.type = attribute.type};
  switch (attribute.type) {
    case AnyType::kString:
      value.text = attribute.column->TextAt(chunk, at);
      break;
    case AnyType::kInt:
      value.integer = chunk.values<std::int64_t>()[at];
      break;
    case AnyType::kDouble:
      value.number = chunk.values<double>()[at];
      break;
    default:
      value.integer = chunk.values<std::uint8_t>()[at];
  }
  std::string text;
  AppendText(text, value);
  return text;
}

std::string RestOf(const Block& block, std::uint32_t row) {
  const Column& column = block.fixed(kRest);
  const Chunk* chunk = column.chunk(row / kChunkRows);
  return chunk == nullptr ? "" : std::string(column.TextAt(*chunk, row % kChunkRows));
}

// "type:text" by key, of columns and rest; fails on a key that is there twice.
std::map<std::string, std::string> AttributesOf(const Block& block, std::uint32_t row) {
  std::map<std::string, std::string> all;
  const auto add = [&all](std::string_view key, char type, std::string_view text) {
    EXPECT_TRUE(all.emplace(key, std::string(1, type) + ":" + std::string(text)).second) << key;
  };
  for (std::size_t i = 0; i < block.attributes().size(); ++i) {
    const AttributeColumn& attribute = block.attributes()[i];
    if (!IsSet(*attribute.column, row)) continue;
    add(attribute.key.view(), static_cast<char>(attribute.type), ValueText(attribute, row));
  }
  const std::string rest = RestOf(block, row);
  if (rest.empty()) return all;
  CellReader cell(rest);
  for (std::uint64_t left = cell.Varint(); left > 0; --left) {
    const char type = cell.Byte();
    const std::string_view key = cell.String();
    add(key, type, cell.String());
  }
  EXPECT_TRUE(cell.done());
  return all;
}

using Attributes = std::map<std::string, std::string>;

TEST(RowWriter, KeepsEveryTypeOfAttribute) {
  TestLane lane(Kind::kLogs, 16);
  RowWriter writer(lane);
  writer.BeginRow();
  writer.AddAttribute("s", Str("text"));
  writer.AddAttribute("i", Int(-5));
  writer.AddAttribute("d", {.type = AnyType::kDouble, .number = 0.1});
  writer.AddAttribute("b", {.type = AnyType::kBool, .integer = 1});
  writer.AddAttribute("y", {.type = AnyType::kBytes, .text = "AAE="});
  writer.AddAttribute("a", {.type = AnyType::kArray, .text = R"({"values":[]})"});
  writer.AddAttribute("n", {});
  writer.CommitRow();
  EXPECT_EQ(AttributesOf(*lane.current(), 0), (Attributes{{"s", "s:text"},
                                                          {"i", "i:-5"},
                                                          {"d", "d:0.1"},
                                                          {"b", "b:true"},
                                                          {"y", "y:AAE="},
                                                          {"a", R"(a:{"values":[]})"},
                                                          {"n", "n:"}}));
  // Entries of the rest are by key.
  EXPECT_LT(RestOf(*lane.current(), 0).find("AAE="), std::string::npos);
  EXPECT_LT(RestOf(*lane.current(), 0).find('a'), RestOf(*lane.current(), 0).find("n"));
}

TEST(RowWriter, OfADuplicateKeyTheLastWinsWhateverItsType) {
  const AnyValue values[] = {
      Str("one"), Int(2), {.type = AnyType::kBytes, .text = "Aw=="}, Str("four")};
  const std::string texts[] = {"s:one", "i:2", "y:Aw==", "s:four"};
  TestLane lane(Kind::kLogs, 64);
  RowWriter writer(lane);
  std::uint32_t row = 0;
  for (int first = 0; first < 4; ++first) {
    for (int second = 0; second < 4; ++second) {
      for (int third = 0; third < 4; ++third, ++row) {
        writer.BeginRow();
        writer.AddAttribute("k", values[first]);
        writer.AddAttribute("other", Int(1));
        writer.AddAttribute("k", values[second]);
        writer.AddAttribute("k", values[third]);
        writer.CommitRow();
        EXPECT_EQ(AttributesOf(*lane.current(), row),
                  (Attributes{{"k", texts[third]}, {"other", "i:1"}}));
      }
    }
  }
}

TEST(RowWriter, PredictionNeverMixesKeysOrTypes) {
  TestLane lane(Kind::kLogs, 256);
  RowWriter writer(lane);
  const char* keys[] = {"alpha", "beta", "gamma", "delta", "alphb"};
  for (std::uint32_t row = 0; row < 200; ++row) {
    writer.BeginRow();
    Attributes expected;
    for (std::uint32_t i = 0; i < 1 + row % 5; ++i) {
      const char* key = keys[(i * (1 + row / 20) + row / 3) % 5];
      if ((row + i) % 4 == 0) {
        writer.AddAttribute(key, Int(row));
        expected[key] = "i:" + std::to_string(row);
      } else {
        const std::string text = "value" + std::to_string(row % 7);
        if (!writer.AddPredictedText(key, text)) writer.AddAttribute(key, Str(text));
        expected[key] = "s:" + text;
      }
    }
    writer.CommitRow();
    ASSERT_EQ(AttributesOf(*lane.current(), row), expected) << row;
  }
}

TEST(RowWriter, AnAbandonedRowLeavesNothing) {
  TestLane lane(Kind::kLogs, 16);
  RowWriter writer(lane);
  writer.BeginRow();
  writer.Set(kOrdinal, std::uint32_t{7});
  writer.SetTime(kLogTime, 99);
  writer.SetText(kLogSeverityText, "INFO");
  writer.SetText(kLogBody, "a body that does not fit into twelve bytes");
  writer.SetId(kLogTraceId, "0123456789abcdef");
  writer.AddAttribute("k", Str("v"));
  writer.AddAttribute("n", Int(1));
  writer.AddAttribute("n", Str("twice"));
  writer.AddAttribute("y", {.type = AnyType::kBytes, .text = "AA=="});
  writer.AbandonRow();
  EXPECT_EQ(writer.committed(), 0U);
  EXPECT_TRUE(writer.Rows().empty());

  writer.BeginRow();
  writer.AddAttribute("k2", Int(2));
  writer.CommitRow();
  const Block& block = *lane.current();
  EXPECT_EQ(AttributesOf(block, 0), (Attributes{{"k2", "i:2"}}));
  EXPECT_EQ(block.fixed(kOrdinal).chunk(0)->values<std::uint32_t>()[0], 0U);
  EXPECT_EQ(block.fixed(kLogTime).chunk(0)->values<std::int64_t>()[0], 0);
  EXPECT_FALSE(IsSet(block.fixed(kLogSeverityText), 0));
  EXPECT_TRUE(block.fixed(kLogBody).chunk(0)->values<Text>()[0].empty());
  for (int i = 0; i < 16; ++i) EXPECT_EQ(block.fixed(kLogTraceId).chunk(0)->values<char>()[i], 0);

  const auto rows = writer.Rows();
  ASSERT_EQ(rows.size(), 1U);
  EXPECT_EQ(rows[0].begin, 0U);
  EXPECT_EQ(rows[0].end, 1U);
}

TEST(RowWriter, SaysWhetherAColumnHoldsZeros) {
  TestLane lane(Kind::kLogs, 16);
  RowWriter writer(lane);
  writer.BeginRow();
  writer.SetTime(kLogTime, 5);
  writer.SetId(kLogSpanId, "12345678");
  writer.SetId(kLogTraceId, std::string(16, '\0'));
  writer.CommitRow();
  const Block& block = *lane.current();
  EXPECT_FALSE(block.fixed(kLogTime).has_zero());
  EXPECT_FALSE(block.fixed(kLogSpanId).has_zero());
  EXPECT_TRUE(block.fixed(kLogTraceId).has_zero());
  writer.BeginRow();
  writer.SetTime(kLogTime, 0);
  writer.SetId(kLogSpanId, "");
  writer.CommitRow();
  EXPECT_TRUE(block.fixed(kLogTime).has_zero());
  EXPECT_TRUE(block.fixed(kLogSpanId).has_zero());
}

TEST(RowWriter, ARequestMaySpanBlocks) {
  TestLane lane(Kind::kLogs, 4);
  RowWriter writer(lane);
  for (std::uint32_t i = 0; i < 10; ++i) {
    writer.BeginRow();
    EXPECT_EQ(writer.BlockChanged(), i % 4 == 0);
    writer.Set(kOrdinal, i + 1);
    writer.AddAttribute("k", Int(i));
    writer.CommitRow();
  }
  lane.Publish(writer, 1);
  std::uint32_t seen = 0;
  for (const BlockSlice& slice : lane.Slices()) {
    for (std::uint32_t row = slice.begin_row(); row < slice.end_row(); ++row, ++seen) {
      EXPECT_EQ(slice.block->fixed(kOrdinal).chunk(0)->values<std::uint32_t>()[row], seen + 1);
      EXPECT_EQ(AttributesOf(*slice.block, row), (Attributes{{"k", "i:" + std::to_string(seen)}}));
    }
  }
  EXPECT_EQ(seen, 10U);

  // The next request goes on where this one ended.
  RowWriter next(lane);
  next.BeginRow();
  next.CommitRow();
  ASSERT_EQ(next.Rows().size(), 1U);
  EXPECT_EQ(next.Rows()[0].begin, 2U);
}

TEST(RowWriter, KeysBeyondTheColumnsGoToTheRest) {
  TestLane lane(Kind::kLogs, 16);
  RowWriter writer(lane);
  Attributes expected;
  writer.BeginRow();
  for (std::uint32_t i = 0; i < kAttributeColumnsMax + 20; ++i) {
    const std::string key = "key" + std::to_string(i);
    writer.AddAttribute(key, Int(i));
    expected[key] = "i:" + std::to_string(i);
  }
  writer.AddAttribute("key0", Str("again"));  // no room for a second column of this key
  expected["key0"] = "s:again";
  writer.CommitRow();
  EXPECT_EQ(lane.current()->attributes().size(), kAttributeColumnsMax);
  EXPECT_EQ(AttributesOf(*lane.current(), 0), expected);

  writer.BeginRow();
  writer.AddAttribute("key0", Str("first"));
  writer.AddAttribute("key0", Int(2));  // later, and in a column
  writer.CommitRow();
  EXPECT_EQ(AttributesOf(*lane.current(), 1), (Attributes{{"key0", "i:2"}}));
}

TEST(Column, ADictionaryThatFillsInMidChunkTurnsFlatAndKeepsItsRows) {
  constexpr std::uint32_t kRows = 3 * kChunkRows;
  TestLane lane(Kind::kLogs, kRows);
  RowWriter writer(lane);
  // 900 values in the first chunk, so that the second begins with codes and overflows.
  const auto value = [](std::uint32_t row) {
    return "value number " + std::to_string(row < kChunkRows ? row % 900 : row);
  };
  for (std::uint32_t row = 0; row < kRows; ++row) {
    writer.BeginRow();
    if (row % 10 != 3) writer.AddAttribute("k", Str(value(row)));
    writer.CommitRow();
  }
  const Column& column = *lane.current()->attributes()[0].column;
  EXPECT_EQ(column.chunk(0)->encoding, Chunk::Encoding::kCodes);
  EXPECT_EQ(column.chunk(1)->encoding, Chunk::Encoding::kFlat);
  EXPECT_EQ(column.chunk(2)->encoding, Chunk::Encoding::kFlat);
  for (std::uint32_t row = 0; row < kRows; ++row) {
    ASSERT_EQ(IsSet(column, row), row % 10 != 3) << row;
    if (row % 10 == 3) continue;
    ASSERT_EQ(column.TextAt(*column.chunk(row / kChunkRows), row % kChunkRows), value(row));
  }
  EXPECT_EQ(lane.current()->HintsForNext().raw_keys, std::vector<std::string>{"k"});
  writer.BeginRow();  // rolls
  writer.AddAttribute("k", Str("x"));
  writer.CommitRow();
  EXPECT_EQ(lane.current()->attributes()[0].column->chunk(0)->encoding, Chunk::Encoding::kFlat);
}

TEST(Text, HoldsAndPointsToStringsOfEveryLength) {
  const std::string source = "abcdefghijklmnopqrstuvwxyz";
  for (std::size_t size = 0; size <= source.size(); ++size) {
    const Text text(std::string_view(source).substr(0, size));
    EXPECT_EQ(text.view(), source.substr(0, size));
    EXPECT_EQ(text.data() == source.data(), size > Text::kInlineBytes);
    // Bytes behind a short text are zero: DuckDB compares them.
    std::string raw(reinterpret_cast<const char*>(&text), sizeof text);
    if (size <= Text::kInlineBytes) {
      EXPECT_EQ(raw.substr(4 + size), std::string(Text::kInlineBytes - size, '\0'));
    }
    EXPECT_EQ(raw.substr(4, std::min<std::size_t>(size, 4)),
              source.substr(0, std::min<std::size_t>(size, 4)));
  }
}

TEST(SameBytes, ComparesEveryLength) {
  const std::string source(80, 'x');
  for (std::size_t size = 0; size <= source.size(); ++size) {
    const std::string same = source.substr(0, size);
    EXPECT_TRUE(SameBytes(same, source.substr(0, size)));
    EXPECT_FALSE(SameBytes(same, source.substr(0, size) + "x"));
    for (std::size_t i = 0; i < size; ++i) {
      std::string other = same;
      other[i] = 'y';
      EXPECT_FALSE(SameBytes(same, other)) << size << " " << i;
    }
  }
}

// Readers look only at published rows; each of them must be whole at once. Run under TSan.
TEST(Block, ReadersSeeWholeRowsWhileAWriterGoesOn) {
  constexpr std::uint32_t kRows = 40'000;
  TestLane lane(Kind::kLogs, kBlockRowsMax);
  const std::shared_ptr<Block> block = lane.current();
  const auto label = [](std::uint32_t row) { return "label " + std::to_string(row % 3000); };
  std::thread writing([&] {
    for (std::uint32_t row = 0, position = 1; row < kRows; ++position) {
      RowWriter writer(lane);
      for (std::uint32_t end = row + 1 + position % 50; row < end; ++row) {
        writer.BeginRow();
        writer.Set(kOrdinal, row + 1);
        writer.SetText(kLogBody, label(row));
        writer.AddAttribute("label", Str(label(row)));
        if (row % 2 == 0) writer.AddAttribute("number", Int(row));
        writer.CommitRow();
        writer.BeginRow();
        writer.AddAttribute("label", Str("abandoned"));
        writer.AbandonRow();
      }
      lane.Publish(writer, position);
    }
  });
  const auto read = [&] {
    std::uint32_t checked = 0;
    while (checked < kRows) {
      const std::uint32_t runs = block->runs().size();
      if (runs == 0) continue;
      const std::uint32_t end = block->runs()[runs - 1].end;
      for (; checked < end; ++checked) {
        const Chunk* ordinals = block->fixed(kOrdinal).chunk(checked / kChunkRows);
        const std::uint32_t at = checked % kChunkRows;
        ASSERT_EQ(ordinals->values<std::uint32_t>()[at], checked + 1);
        const Column& bodies = block->fixed(kLogBody);
        ASSERT_EQ(bodies.TextAt(*bodies.chunk(checked / kChunkRows), at), label(checked));
        const Column& labels = *block->attributes()[0].column;
        ASSERT_EQ(labels.TextAt(*labels.chunk(checked / kChunkRows), at), label(checked));
        if (block->attributes().size() > 1) {
          ASSERT_EQ(IsSet(*block->attributes()[1].column, checked), checked % 2 == 0);
        }
      }
    }
  };
  std::thread one(read);
  std::thread two(read);
  writing.join();
  one.join();
  two.join();
}

}  // namespace
}  // namespace strata::model
