#include "wire/otlp_test_requests.h"

#include <bit>
#include <limits>

namespace strata::wire {

std::string RandomRequests::Text() {
  static constexpr const char* kWords[] = {"",
                                           "a",
                                           "GET",
                                           "twelve bytes",
                                           "thirteen byte",
                                           "a longer text of some forty bytes, or so",
                                           "Grüße, 世界 \xF0\x9F\x8C\x8D",
                                           "\"quoted\"\n\x01\\"};
  std::string text = kWords[Below(std::size(kWords))];
  if (Now(5)) text += std::to_string(Below(100000));
  if (Now(40)) text.append(Below(400), 'x');
  return text;
}

std::string RandomRequests::Id(std::size_t size) {
  if (Now(4)) return Now(2) ? "" : std::string(size, '\0');
  std::string id(size, '\0');
  for (char& byte : id) byte = static_cast<char>(random_());
  return id;
}

double RandomRequests::Number() {
  switch (Below(8)) {
    case 0:
      return 0;
    case 1:
      return -0.0;
    case 2:
      return std::numeric_limits<double>::quiet_NaN();
    case 3:
      return Now(2) ? std::numeric_limits<double>::infinity()
                    : -std::numeric_limits<double>::infinity();
    case 4:
      return static_cast<double>(random_());
    case 5:
      return static_cast<double>(Below(1000)) / 8;
    default: {
      const auto number = std::bit_cast<double>(random_());
      return number == number ? number : 1e300;  // NaNs in values lose their payload
    }
  }
}

Message RandomRequests::Value(int depth) {
  Message value;
  switch (Below(depth < 4 ? 9 : 6)) {
    case 0:
      return value;
    case 1:
      return value.Varint(2, Below(2));
    case 2:
      return value.Varint(3, Now(2) ? random_() : Below(1000));
    case 3:
      return value.Double(4, Number());
    case 4:
      return value.Bytes(7, Id(Below(30)));
    case 5:
    case 6:
      return value.Bytes(1, Text());
    case 7: {
      Message array;
      for (std::uint32_t i = Below(4); i > 0; --i) array.Add(1, Value(depth + 1));
      return value.Add(5, array);
    }
    default: {
      Message map;
      for (std::uint32_t i = Below(4); i > 0; --i) {
        Message pair;
        pair.Bytes(1, Text());
        if (!Now(5)) pair.Add(2, Value(depth + 1));
        map.Add(1, pair);
      }
      return value.Add(6, map);
    }
  }
}

void RandomRequests::AddAttributes(Message& message, std::uint32_t field, std::uint32_t max) {
  static constexpr const char* kKeys[] = {"http.request.method", "http.route", "k", "",
                                          "client.address",      "ключ",       "n"};
  for (std::uint32_t i = Below(max + 1); i > 0; --i) {
    const std::string key = Now(20) ? Text() : kKeys[Below(std::size(kKeys))];
    Message pair;
    if (!key.empty()) pair.Bytes(1, key);
    if (!Now(10)) pair.Add(2, Now(3) ? StringValue(Text()) : Value(0));
    message.Add(field, pair);
  }
}

Message RandomRequests::LogRecord() {
  Message record;
  if (Now(2)) record.Bytes(10, Id(8));
  record.Fixed64(1, Time());
  record.Varint(2, Below(25));
  record.Bytes(3, Text());
  if (!Now(5)) record.Add(5, Value(0));
  AddAttributes(record, 6, 8);
  if (Now(3)) record.Varint(7, Below(5));
  record.Fixed32(8, Below(3));
  record.Bytes(9, Id(16));
  if (Now(2)) record.Fixed64(11, Time());
  if (Now(2)) record.Bytes(12, Text());
  if (Now(5)) record.Varint(77, 3).Bytes(1000, "unknown").Fixed32(50, 1);
  return record;
}

Message RandomRequests::Span() {
  Message span;
  span.Bytes(1, Id(16)).Bytes(2, Id(8)).Bytes(3, Text()).Bytes(4, Id(8)).Bytes(5, Text());
  span.Varint(6, Below(6)).Fixed64(7, Time()).Fixed64(8, Time());
  AddAttributes(span, 9, 6);
  if (Now(2)) span.Varint(10, Below(9)).Varint(12, Below(2)).Varint(14, Below(2));
  for (std::uint32_t i = Below(3); i > 0; --i) {
    Message event;
    event.Fixed64(1, Time()).Bytes(2, Text());
    AddAttributes(event, 3, 4);
    span.Add(11, event.Varint(4, Below(2)));
  }
  for (std::uint32_t i = Below(3); i > 0; --i) {
    Message link;
    link.Bytes(1, Id(16)).Bytes(2, Id(8)).Bytes(3, Text());
    AddAttributes(link, 4, 4);
    span.Add(13, link.Varint(5, Below(2)).Fixed32(6, Below(2)));
  }
  if (Now(2)) span.Add(15, Message().Bytes(2, Text()).Varint(3, Below(3)));
  if (Now(2)) span.Fixed32(16, Below(600));
  return span;
}

Message RandomRequests::Exemplar() {
  Message exemplar;
  AddAttributes(exemplar, 7, 3);
  exemplar.Fixed64(2, Time()).Bytes(4, Id(8)).Bytes(5, Id(16));
  if (Now(3)) exemplar.Double(3, Number());
  if (Now(3)) exemplar.Fixed64(6, random_());
  return exemplar;
}

Message RandomRequests::Buckets() {
  Message buckets;
  buckets.Varint(1, EncodeZigZag32(static_cast<std::int32_t>(Below(100)) - 50));
  std::string packed;
  for (std::uint32_t i = Below(5); i > 0; --i)
    ProtoWriter(packed).RawVarint(random_() >> Below(64));
  if (!packed.empty()) buckets.Bytes(2, packed);
  if (Now(2)) buckets.Varint(2, Below(300));  // not packed
  return buckets;
}

Message RandomRequests::Point(std::uint32_t data_field) {
  Message point;
  point.Fixed64(2, Time()).Fixed64(3, Time());
  const auto exemplars = [&](std::uint32_t field) {
    for (std::uint32_t i = Below(3); i > 0; --i) point.Add(field, Exemplar());
  };
  switch (data_field) {
    case 5:
    case 7:
      if (Now(2)) point.Double(4, Number());
      exemplars(5);
      if (Now(2)) point.Fixed64(6, random_());
      AddAttributes(point, 7, 4);
      return point.Varint(8, Below(2));
    case 9: {
      point.Fixed64(4, Below(3));
      if (Now(2)) point.Double(5, Number());
      std::string words;
      for (std::uint32_t i = Below(4); i > 0; --i) ProtoWriter(words).RawFixed64(random_());
      point.Bytes(6, words).Fixed64(6, 1).Bytes(7, words);
      exemplars(8);
      AddAttributes(point, 9, 4);
      if (Now(2)) point.Double(11, Number()).Double(12, Number());
      return point.Varint(10, Below(2));
    }
    case 10:
      AddAttributes(point, 1, 4);
      point.Fixed64(4, Below(3));
      if (Now(2)) point.Double(5, Number()).Double(12, Number()).Double(13, Number());
      point.Varint(6, EncodeZigZag32(static_cast<std::int32_t>(Below(20)) - 10));
      point.Fixed64(7, Below(3));
      if (Now(2)) point.Add(8, Buckets());
      if (Now(2)) point.Add(9, Buckets());
      point.Varint(10, Below(2));
      exemplars(11);
      return point.Double(14, Number());
    default:
      point.Fixed64(4, Below(3)).Double(5, Number());
      for (std::uint32_t i = Below(4); i > 0; --i) {
        point.Add(6, Message().Double(1, Number()).Double(2, Number()));
      }
      AddAttributes(point, 7, 4);
      return point.Varint(8, Below(2));
  }
}

Message RandomRequests::Metric() {
  static constexpr std::uint32_t kDataFields[] = {5, 7, 9, 10, 11};
  const std::uint32_t data_field = kDataFields[Below(5)];
  Message data;
  const bool has_temporality = data_field != 5 && data_field != 11;
  if (has_temporality && Now(2)) data.Varint(2, Below(3));
  for (std::uint32_t i = Below(4); i > 0; --i) data.Add(1, Point(data_field));
  if (data_field == 7) data.Varint(3, Below(2));
  Message metric;
  metric.Bytes(1, Text()).Add(data_field, data);
  if (Now(2)) metric.Bytes(2, Text()).Bytes(3, Text());
  if (Now(3)) AddAttributes(metric, 12, 3);
  return metric;
}

std::string RandomRequests::Make(model::Kind kind) {
  Message request;
  for (std::uint32_t i = Below(4); i > 0; --i) {
    Message resource;
    if (Now(3)) resource.Bytes(3, Text());
    for (std::uint32_t j = Below(3); j > 0; --j) {
      Message scope;
      for (std::uint32_t k = Below(12); k > 0; --k) {
        scope.Add(2, kind == model::Kind::kLogs    ? LogRecord()
                     : kind == model::Kind::kSpans ? Span()
                                                   : Metric());
      }
      if (!Now(4)) {
        Message head;
        head.Bytes(1, Text()).Bytes(2, Text());
        AddAttributes(head, 3, 3);
        scope.Add(1, head.Varint(4, Below(2)));
      }
      if (Now(3)) scope.Bytes(3, Text());
      resource.Add(2, scope);
    }
    if (!Now(4)) {
      Message head;
      AddAttributes(head, 1, 5);
      resource.Add(1, head.Varint(2, Below(2)));
    }
    request.Add(1, resource);
  }
  return request.str();
}

}  // namespace strata::wire
