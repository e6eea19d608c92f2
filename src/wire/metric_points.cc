// Points of histograms and summaries.
#include "model/cell.h"
#include "wire/record_decoders.h"

namespace strata::wire {

namespace {

// Beyond it a point is rejected: packed zeros of one byte each become eight.
constexpr std::size_t kBucketsMax = 65536;

void AppendWord(std::string& words, std::uint64_t word) {
  model::CellWriter(words).Fixed64(word);
}

// The value of a packed field of fixed64 or double.
void AppendPackedWords(std::string& words, std::string_view packed, ProtoCursor& message) {
  if (packed.size() % 8 != 0) return message.Fail();
  words += packed;
}

}  // namespace

struct MetricDecoder::Buckets {
  bool present = false;
  std::int32_t offset = 0;
  std::string* words = nullptr;
};

void MetricDecoder::HistogramPoint(std::string_view bytes) {
  ProtoCursor message(bytes, state_.malformed);
  Point point;
  model::RowWriter& writer = state_.writer;
  std::uint64_t count = 0;
  while (const std::uint32_t tag = message.NextTag()) {
    switch (tag) {
      case Tag(2, kFixed64):
        point.start_time = message.Fixed64();
        break;
      case Tag(3, kFixed64):
        point.time = message.Fixed64();
        break;
      case Tag(4, kFixed64):
        count = message.Fixed64();
        break;
      case Tag(5, kFixed64):
        writer.Set(model::kMetricSum, message.Double());
        break;
      case Tag(6, kBytes):
        AppendPackedWords(words_, message.Bytes(), message);
        break;
      case Tag(6, kFixed64):
        AppendWord(words_, message.Fixed64());
        break;
      case Tag(7, kBytes):
        AppendPackedWords(more_words_, message.Bytes(), message);
        break;
      case Tag(7, kFixed64):
        AppendWord(more_words_, message.Fixed64());
        break;
      case Tag(8, kBytes):
        AddExemplar(message.Bytes());
        break;
      case Tag(9, kBytes):
        state_.AddAttribute(message.Bytes());
        break;
      case Tag(10, kVarint):
        point.flags = static_cast<std::uint32_t>(message.Varint());
        break;
      case Tag(11, kFixed64):
        writer.Set(model::kMetricMin, message.Double());
        break;
      case Tag(12, kFixed64):
        writer.Set(model::kMetricMax, message.Double());
        break;
      default:
        message.Skip(tag, Fields(2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12));
    }
  }
  writer.Set(model::kMetricCount, count);
  WriteList(model::kMetricBucketCounts, words_);
  WriteList(model::kMetricExplicitBounds, more_words_);
  EndPoint(point);
}

void MetricDecoder::ReadBuckets(std::string_view bytes, Buckets& buckets) {
  ProtoCursor message(bytes, state_.malformed);
  buckets.present = true;
  while (const std::uint32_t tag = message.NextTag()) {
    switch (tag) {
      case Tag(1, kVarint):
        buckets.offset = DecodeZigZag32(message.Varint());
        break;
      case Tag(2, kVarint):
        AppendWord(*buckets.words, message.Varint());
        break;
      case Tag(2, kBytes):
        for (ProtoCursor packed(message.Bytes(), state_.malformed); !packed.AtEnd();) {
          AppendWord(*buckets.words, packed.Varint());
          if (buckets.words->size() > kBucketsMax * 8) break;
        }
        break;
      default:
        message.Skip(tag, Fields(1, 2));
    }
  }
}

void MetricDecoder::WriteBuckets(const Buckets& buckets, std::uint16_t offset_column,
                                 std::uint16_t counts_column) {
  if (!buckets.present) return;
  state_.writer.Set(offset_column, buckets.offset);
  WriteList(counts_column, *buckets.words);
}

void MetricDecoder::ExponentialPoint(std::string_view bytes) {
  ProtoCursor message(bytes, state_.malformed);
  Point point;
  model::RowWriter& writer = state_.writer;
  Buckets positive{.words = &words_};
  Buckets negative{.words = &more_words_};
  std::uint64_t count = 0;
  std::uint64_t zero_count = 0;
  std::int32_t scale = 0;
  double zero_threshold = 0;
  while (const std::uint32_t tag = message.NextTag()) {
    switch (tag) {
      case Tag(1, kBytes):
        state_.AddAttribute(message.Bytes());
        break;
      case Tag(2, kFixed64):
        point.start_time = message.Fixed64();
        break;
      case Tag(3, kFixed64):
        point.time = message.Fixed64();
        break;
      case Tag(4, kFixed64):
        count = message.Fixed64();
        break;
      case Tag(5, kFixed64):
        writer.Set(model::kMetricSum, message.Double());
        break;
      case Tag(6, kVarint):
        scale = DecodeZigZag32(message.Varint());
        break;
      case Tag(7, kFixed64):
        zero_count = message.Fixed64();
        break;
      case Tag(8, kBytes):
        ReadBuckets(message.Bytes(), positive);
        break;
      case Tag(9, kBytes):
        ReadBuckets(message.Bytes(), negative);
        break;
      case Tag(10, kVarint):
        point.flags = static_cast<std::uint32_t>(message.Varint());
        break;
      case Tag(11, kBytes):
        AddExemplar(message.Bytes());
        break;
      case Tag(12, kFixed64):
        writer.Set(model::kMetricMin, message.Double());
        break;
      case Tag(13, kFixed64):
        writer.Set(model::kMetricMax, message.Double());
        break;
      case Tag(14, kFixed64):
        zero_threshold = message.Double();
        break;
      default:
        message.Skip(tag, Fields(1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14));
    }
  }
  writer.Set(model::kMetricCount, count);
  writer.Set(model::kMetricScale, scale);
  writer.Set(model::kMetricZeroCount, zero_count);
  writer.Set(model::kMetricZeroThreshold, zero_threshold);
  WriteBuckets(positive, model::kMetricPositiveOffset, model::kMetricPositiveCounts);
  WriteBuckets(negative, model::kMetricNegativeOffset, model::kMetricNegativeCounts);
  EndPoint(point);
}

void MetricDecoder::SummaryPoint(std::string_view bytes) {
  ProtoCursor message(bytes, state_.malformed);
  Point point;
  std::uint64_t count = 0;
  double sum = 0;
  while (const std::uint32_t tag = message.NextTag()) {
    switch (tag) {
      case Tag(2, kFixed64):
        point.start_time = message.Fixed64();
        break;
      case Tag(3, kFixed64):
        point.time = message.Fixed64();
        break;
      case Tag(4, kFixed64):
        count = message.Fixed64();
        break;
      case Tag(5, kFixed64):
        sum = message.Double();
        break;
      case Tag(6, kBytes):
        AddQuantile(message.Bytes());
        break;
      case Tag(7, kBytes):
        state_.AddAttribute(message.Bytes());
        break;
      case Tag(8, kVarint):
        point.flags = static_cast<std::uint32_t>(message.Varint());
        break;
      default:
        message.Skip(tag, Fields(2, 3, 4, 5, 6, 7, 8));
    }
  }
  state_.writer.Set(model::kMetricCount, count);
  state_.writer.Set(model::kMetricSum, sum);
  state_.writer.SetText(model::kMetricQuantiles, model::CellOf(quantile_count_, quantiles_, cell_));
  EndPoint(point);
}

void MetricDecoder::AddQuantile(std::string_view bytes) {
  ProtoCursor message(bytes, state_.malformed);
  double quantile = 0;
  double value = 0;
  while (const std::uint32_t tag = message.NextTag()) {
    switch (tag) {
      case Tag(1, kFixed64):
        quantile = message.Double();
        break;
      case Tag(2, kFixed64):
        value = message.Double();
        break;
      default:
        message.Skip(tag, Fields(1, 2));
    }
  }
  ++quantile_count_;
  model::CellWriter item(quantiles_);
  item.Double(quantile);
  item.Double(value);
}

void MetricDecoder::WriteList(std::uint16_t column, std::string_view words) {
  if (words.size() > kBucketsMax * 8) {
    state_.values.SetProblem("more than " + std::to_string(kBucketsMax) + " buckets");
    return;
  }
  state_.writer.SetText(column,
                        model::CellOf(static_cast<std::uint32_t>(words.size() / 8), words, cell_));
}

}  // namespace strata::wire
