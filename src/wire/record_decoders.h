// The decoders of one record of each kind. Internal to wire.
#pragma once

#include <string>

#include "wire/decode_state.h"

namespace strata::wire {

class LogDecoder {
 public:
  explicit LogDecoder(DecodeState& state) : state_(state) {}
  void Decode(std::string_view log_record);

 private:
  DecodeState& state_;
};

class SpanDecoder {
 public:
  explicit SpanDecoder(DecodeState& state) : state_(state) {}
  void Decode(std::string_view span);

 private:
  struct Fields;
  void ReadStatus(std::string_view message, Fields& fields);
  void AddEvent(std::string_view message);
  void AddLink(std::string_view message);
  void Write(const Fields& fields);

  DecodeState& state_;
  std::string events_;  // items of cells, without the count
  std::string links_;
  std::uint32_t event_count_ = 0;
  std::uint32_t link_count_ = 0;
  std::string cell_;
};

// Decodes a Metric message: its data points are the records.
class MetricDecoder {
 public:
  explicit MetricDecoder(DecodeState& state) : state_(state) {}
  void Decode(std::string_view metric);

 private:
  // What all types of points have.
  struct Point {
    std::uint64_t time = 0;
    std::uint64_t start_time = 0;
    std::uint32_t flags = 0;
  };
  struct Buckets;
  void DecodePoints(std::string_view data);
  void NumberPoint(std::string_view message);
  void HistogramPoint(std::string_view message);
  void ExponentialPoint(std::string_view message);
  void SummaryPoint(std::string_view message);
  void ReadBuckets(std::string_view message, Buckets& buckets);
  void WriteBuckets(const Buckets& buckets, std::uint16_t offset_column,
                    std::uint16_t counts_column);
  void AddExemplar(std::string_view message);
  void AddQuantile(std::string_view message);
  void BeginPoint();
  void EndPoint(const Point& point);
  void WriteList(std::uint16_t column, std::string_view words);

  DecodeState& state_;
  // Of the metric.
  std::string_view name_;
  std::string_view description_;
  std::string_view unit_;
  std::string metadata_;  // cell
  model::MetricType type_{};
  std::uint8_t temporality_ = 0;
  bool is_monotonic_ = false;
  // Of the point: items of cells, without the count.
  std::string exemplars_;
  std::uint32_t exemplar_count_ = 0;
  std::string quantiles_;
  std::uint32_t quantile_count_ = 0;
  std::string words_;  // 8 bytes an item
  std::string more_words_;
  std::string cell_;
};

}  // namespace strata::wire
