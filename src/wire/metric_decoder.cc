#include <bit>

#include "model/cell.h"
#include "wire/record_decoders.h"

namespace strata::wire {

void MetricDecoder::Decode(std::string_view bytes) {
  ProtoCursor metric(bytes, state_.malformed);
  ValueDecoder& values = state_.values;
  values.ClearProblem();
  name_ = {};
  description_ = {};
  unit_ = {};
  metadata_.clear();
  type_ = {};
  std::string_view data;
  std::uint32_t cut = 0;
  state_.attributes.Clear();
  while (const std::uint32_t tag = metric.NextTag()) {
    switch (tag) {
      case Tag(1, kBytes):
        name_ = metric.Bytes();
        break;
      case Tag(2, kBytes):
        description_ = metric.Bytes();
        break;
      case Tag(3, kBytes):
        unit_ = metric.Bytes();
        break;
      case Tag(5, kBytes):
        type_ = model::MetricType::kGauge;
        data = metric.Bytes();
        break;
      case Tag(7, kBytes):
        type_ = model::MetricType::kSum;
        data = metric.Bytes();
        break;
      case Tag(9, kBytes):
        type_ = model::MetricType::kHistogram;
        data = metric.Bytes();
        break;
      case Tag(10, kBytes):
        type_ = model::MetricType::kExponentialHistogram;
        data = metric.Bytes();
        break;
      case Tag(11, kBytes):
        type_ = model::MetricType::kSummary;
        data = metric.Bytes();
        break;
      case Tag(12, kBytes):
        values.AddAttribute(metric.Bytes(), state_.attributes, cut);
        break;
      default:
        metric.Skip(tag, Fields(1, 2, 3, 5, 7, 9, 10, 11, 12));
    }
  }
  if (type_ == model::MetricType{}) return;
  name_ = values.CheckText("metric name", name_);
  description_ = values.CheckText("metric description", description_);
  unit_ = values.CheckText("metric unit", unit_);
  if (state_.attributes.added() != 0) state_.attributes.AppendCell(metadata_);
  DecodePoints(data);
}

void MetricDecoder::DecodePoints(std::string_view bytes) {
  const bool has_temporality =
      type_ != model::MetricType::kGauge && type_ != model::MetricType::kSummary;
  const bool is_sum = type_ == model::MetricType::kSum;
  temporality_ = 0;
  is_monotonic_ = false;
  for (ProtoCursor head(bytes, state_.malformed); const std::uint32_t tag = head.NextTag();) {
    if (tag == Tag(2, kVarint) && has_temporality) {
      temporality_ = state_.values.CheckByte("aggregation_temporality", head.Varint());
    } else if (tag == Tag(3, kVarint) && is_sum) {
      is_monotonic_ = head.Varint() != 0;
    } else if (tag == Tag(1, kBytes)) {
      head.Bytes();
    } else {
      head.Skip(tag, Fields(1) | (has_temporality ? Fields(2) : 0) | (is_sum ? Fields(3) : 0));
    }
  }
  state_.SetMetricProblem(state_.values.problem());
  for (ProtoCursor data(bytes, state_.malformed); const std::uint32_t tag = data.NextTag();) {
    if (tag != Tag(1, kBytes)) {
      data.Skip(tag, 0);
      continue;
    }
    const std::string_view point = data.Bytes();
    if (!state_.BeginRecord()) continue;
    BeginPoint();
    switch (type_) {
      case model::MetricType::kGauge:
      case model::MetricType::kSum:
        NumberPoint(point);
        break;
      case model::MetricType::kHistogram:
        HistogramPoint(point);
        break;
      case model::MetricType::kExponentialHistogram:
        ExponentialPoint(point);
        break;
      case model::MetricType::kSummary:
        SummaryPoint(point);
        break;
    }
  }
  state_.SetMetricProblem("");
}

void MetricDecoder::BeginPoint() {
  exemplars_.clear();
  exemplar_count_ = 0;
  quantiles_.clear();
  quantile_count_ = 0;
  words_.clear();
  more_words_.clear();
}

void MetricDecoder::NumberPoint(std::string_view bytes) {
  ProtoCursor message(bytes, state_.malformed);
  Point point;
  RawValue value;
  while (const std::uint32_t tag = message.NextTag()) {
    switch (tag) {
      case Tag(2, kFixed64):
        point.start_time = message.Fixed64();
        break;
      case Tag(3, kFixed64):
        point.time = message.Fixed64();
        break;
      case Tag(4, kFixed64):
        value = {.type = model::AnyType::kDouble, .number = message.Double()};
        break;
      case Tag(5, kBytes):
        AddExemplar(message.Bytes());
        break;
      case Tag(6, kFixed64):
        value = {.type = model::AnyType::kInt,
                 .integer = static_cast<std::int64_t>(message.Fixed64())};
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
  model::RowWriter& writer = state_.writer;
  if (value.type == model::AnyType::kDouble) {
    writer.Set(model::kMetricValue, value.number);
  } else if (value.type == model::AnyType::kInt) {
    writer.Set(model::kMetricValue, static_cast<double>(value.integer));
    writer.Set(model::kMetricValueInt, value.integer);
  }
  EndPoint(point);
}

void MetricDecoder::AddExemplar(std::string_view bytes) {
  ProtoCursor message(bytes, state_.malformed);
  std::uint64_t time = 0;
  std::uint64_t value = 0;
  auto type = model::AnyType::kEmpty;
  std::string_view trace_id;
  std::string_view span_id;
  std::uint32_t cut = 0;
  AttributeList& attributes = state_.attributes;
  attributes.Clear();
  while (const std::uint32_t tag = message.NextTag()) {
    switch (tag) {
      case Tag(2, kFixed64):
        time = message.Fixed64();
        break;
      case Tag(3, kFixed64):
        type = model::AnyType::kDouble;
        value = message.Fixed64();
        break;
      case Tag(4, kBytes):
        span_id = message.Bytes();
        break;
      case Tag(5, kBytes):
        trace_id = message.Bytes();
        break;
      case Tag(6, kFixed64):
        type = model::AnyType::kInt;
        value = message.Fixed64();
        break;
      case Tag(7, kBytes):
        state_.values.AddAttribute(message.Bytes(), attributes, cut);
        break;
      default:
        message.Skip(tag, Fields(2, 3, 4, 5, 6, 7));
    }
  }
  state_.values.CheckTime("time_unix_nano of an exemplar", time);
  state_.values.CheckId("trace_id of an exemplar", trace_id, 16);
  state_.values.CheckId("span_id of an exemplar", span_id, 8);
  ++exemplar_count_;
  model::CellWriter item(exemplars_);
  item.Fixed64(time);
  item.Byte(static_cast<char>(type));
  item.Fixed64(value);
  item.String(trace_id);
  item.String(span_id);
  attributes.AppendCell(exemplars_);
}

void MetricDecoder::EndPoint(const Point& point) {
  ValueDecoder& values = state_.values;
  values.CheckTime("time_unix_nano", point.time);
  values.CheckTime("start_time_unix_nano", point.start_time);
  if (!values.has_problem()) [[likely]] {
    model::RowWriter& writer = state_.writer;
    writer.SetTime(model::kMetricTime, static_cast<std::int64_t>(point.time));
    writer.SetTime(model::kMetricStartTime, static_cast<std::int64_t>(point.start_time));
    state_.SetTextUnlessEmpty(model::kMetricName, name_);
    state_.SetTextUnlessEmpty(model::kMetricDescription, description_);
    state_.SetTextUnlessEmpty(model::kMetricUnit, unit_);
    writer.Set(model::kMetricType, static_cast<std::uint8_t>(type_));
    if (type_ != model::MetricType::kGauge && type_ != model::MetricType::kSummary) {
      writer.Set(model::kMetricTemporality, temporality_);
    }
    if (type_ == model::MetricType::kSum) {
      writer.Set(model::kMetricIsMonotonic, std::uint8_t{is_monotonic_});
    }
    state_.SetUnlessZero(model::kMetricFlags, point.flags);
    if (exemplar_count_ != 0) {
      writer.SetText(model::kMetricExemplars, model::CellOf(exemplar_count_, exemplars_, cell_));
    }
    state_.SetTextUnlessEmpty(model::kMetricMetadata, metadata_);
  }
  state_.EndRecord(0, point.time != 0);
}

}  // namespace strata::wire
