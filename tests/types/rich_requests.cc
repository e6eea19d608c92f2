#include "rich_requests.h"

#include <bit>
#include <limits>

namespace strata::types {
namespace {

using model::Kind;
using wire::KeyValue;
using wire::Message;
using wire::StringValue;

Message IntValue(std::int64_t value) {
  return Message().Varint(3, static_cast<std::uint64_t>(value));
}
Message DoubleValue(double value) {
  return Message().Double(4, value);
}
Message BoolValue(bool value) {
  return Message().Varint(2, value ? 1 : 0);
}

constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

}  // namespace

const std::vector<Message>& AllValues() {
  static const std::vector<Message> values = [] {
    const Message list = Message().Add(5, Message()
                                              .Add(1, IntValue(INT64_MIN))
                                              .Add(1, StringValue(""))
                                              .Add(1, Message())
                                              .Add(1, DoubleValue(-0.0))
                                              .Add(1, Message().Add(5, Message())));
    return std::vector<Message>{
        StringValue(""),
        StringValue("Grüße \"quoted\"\n\x01"),
        StringValue(std::string("nul\0inside", 10)),
        StringValue("true"),
        StringValue("42"),
        IntValue(0),
        IntValue(42),
        IntValue(INT64_MIN),
        IntValue(INT64_MAX),
        DoubleValue(42),
        DoubleValue(0),
        DoubleValue(-0.0),
        DoubleValue(0.1),
        DoubleValue(kNaN),
        DoubleValue(kInfinity),
        DoubleValue(-kInfinity),
        DoubleValue(std::numeric_limits<double>::denorm_min()),
        BoolValue(true),
        BoolValue(false),
        Message(),
        Message().Bytes(7, ""),
        Message().Bytes(7, std::string("\0\xff\x80", 3)),
        Message().Add(5, Message()),
        Message().Add(6, Message()),
        list,
        Message().Add(6, Message()
                             .Add(1, KeyValue("nested", list))
                             .Add(1, KeyValue("", BoolValue(false)))
                             .Add(1, KeyValue("same", IntValue(1)))
                             .Add(1, KeyValue("same", StringValue("1")))),
    };
  }();
  return values;
}

namespace {

// Keys that are easily confused; some twice with another type, the last counts.
void AddAttributes(Message& to, std::uint32_t field, std::size_t first) {
  const auto& values = AllValues();
  static constexpr const char* kKeys[] = {"key",  "Key", "KEY", "key.x", "key#i", "key#s2", "",
                                          "ключ", "k\"", "key", "k",     "k",     "a.key"};
  for (std::size_t i = 0; i < std::size(kKeys); ++i) {
    to.Add(field, KeyValue(kKeys[i], values[(first + i * 5) % values.size()]));
  }
  to.Add(field, Message().Bytes(1, "no value"));
}

const std::string kTraceId("trace\0id\xff 123456", 16);
const std::string kSpanId("\0span-id", 8);
constexpr std::uint64_t kTime = 1'763'600'000'123'456'789;

}  // namespace

Message RichLog(std::size_t n) {
  Message log;
  log.Fixed64(1, n % 3 == 0 ? 0 : kTime + n).Fixed64(11, n % 2 == 0 ? 0 : kTime);
  log.Varint(2, n % 25).Bytes(3, n % 4 == 0 ? "" : "WARN");
  if (n % 7 != 0) log.Add(5, AllValues()[n % AllValues().size()]);
  AddAttributes(log, 6, n);
  log.Varint(7, n % 3).Fixed32(8, n % 2 == 0 ? 0xFFFFFFFF : 0);
  log.Bytes(9, n % 3 == 0 ? "" : kTraceId).Bytes(10, n % 5 == 0 ? "" : kSpanId);
  return log.Bytes(12, n % 6 == 0 ? "event" : "");
}

namespace {

Message RichSpan(std::size_t n) {
  Message span;
  span.Bytes(1, kTraceId).Bytes(2, kSpanId).Bytes(3, n % 2 == 0 ? "" : "a=1,b=2");
  span.Bytes(4, n % 3 == 0 ? "" : kSpanId).Bytes(5, n % 5 == 0 ? "" : "GET /").Varint(6, n % 7);
  span.Fixed64(7, n % 4 == 0 ? 0 : kTime - n).Fixed64(8, n % 4 == 1 ? 0 : kTime);
  AddAttributes(span, 9, n);
  span.Varint(10, n % 3).Varint(12, n % 4).Varint(14, n % 5);
  for (std::size_t i = 0; i < n % 4; ++i) {
    Message event;
    event.Fixed64(1, i == 0 ? 0 : kTime + i).Bytes(2, i == 1 ? "" : "exception").Varint(4, i);
    AddAttributes(event, 3, n + i);
    span.Add(11, event);
    Message link;
    link.Bytes(1, i == 0 ? "" : kTraceId).Bytes(2, i == 1 ? "" : kSpanId);
    link.Bytes(3, i == 2 ? "" : "x=y").Varint(5, i).Fixed32(6, static_cast<std::uint32_t>(i));
    AddAttributes(link, 4, n + i + 1);
    span.Add(13, link);
  }
  if (n % 3 == 1) span.Add(15, Message());
  if (n % 3 == 2) span.Add(15, Message().Bytes(2, "failed").Varint(3, 2));
  return span.Fixed32(16, n % 2 == 0 ? 0x301 : 0);
}

Message RichExemplar(std::size_t n) {
  Message exemplar;
  exemplar.Fixed64(2, n % 2 == 0 ? 0 : kTime);
  if (n % 3 == 0) exemplar.Double(3, n % 2 == 0 ? -0.0 : kNaN);
  if (n % 3 == 1) exemplar.Fixed64(6, static_cast<std::uint64_t>(-5));
  exemplar.Bytes(4, n % 4 == 0 ? "" : kSpanId).Bytes(5, n % 5 == 0 ? "" : kTraceId);
  AddAttributes(exemplar, 7, n);
  return exemplar;
}

std::string Packed(std::initializer_list<std::uint64_t> words) {
  std::string packed;
  for (const std::uint64_t word : words) wire::ProtoWriter(packed).RawFixed64(word);
  return packed;
}

Message Buckets(std::int32_t offset, bool counts) {
  Message buckets;
  buckets.Varint(1, wire::EncodeZigZag32(offset));
  std::string packed;
  for (const std::uint64_t count : {0ULL, 3ULL, 1ULL << 63}) {
    wire::ProtoWriter(packed).RawVarint(count);
  }
  return counts ? buckets.Bytes(2, packed) : buckets;
}

// A metric of each type in turn, with two points.
Message RichMetric(std::size_t n) {
  static constexpr std::uint32_t kTypes[] = {5, 7, 9, 10, 11};
  const std::uint32_t type = kTypes[n % 5];
  const double numbers[] = {0.0, -0.0, kNaN, kInfinity, -kInfinity, 0.1};
  Message data;
  for (std::size_t i = n; i < n + 2; ++i) {
    const double number = numbers[i % std::size(numbers)];
    Message point;
    point.Fixed64(2, i % 3 == 0 ? 0 : kTime).Fixed64(3, i % 4 == 0 ? 0 : kTime + i);
    AddAttributes(point, type == 10 ? 1 : type == 9 ? 9 : 7, i);
    if (type == 5 || type == 7) {
      if (i % 3 == 0) point.Double(4, number);
      if (i % 3 == 1) point.Fixed64(6, i % 2 == 0 ? 0 : static_cast<std::uint64_t>(INT64_MIN));
      point.Add(5, RichExemplar(i)).Add(5, RichExemplar(i + 1)).Varint(8, i % 2);
    } else if (type == 9) {
      point.Fixed64(4, UINT64_MAX).Varint(10, i % 2);
      if (i % 2 == 0) point.Double(5, number).Double(11, number).Double(12, 0);
      if (i % 3 != 0) {
        point.Bytes(6, Packed({0, UINT64_MAX, 7}));
        point.Bytes(7, Packed({std::bit_cast<std::uint64_t>(-0.0), 1}));
      }
      point.Add(8, RichExemplar(i));
    } else if (type == 10) {
      point.Fixed64(4, i).Varint(6, wire::EncodeZigZag32(-3)).Fixed64(7, i % 3);
      if (i % 2 == 0) point.Double(5, 0).Double(12, number).Double(13, number);
      if (i % 3 != 0) point.Add(8, Buckets(-7, true));
      if (i % 3 != 1) point.Add(9, i % 3 == 0 ? Message() : Buckets(0, false));
      point.Varint(10, i % 2).Add(11, RichExemplar(i)).Double(14, number);
    } else {
      point.Fixed64(4, i).Double(5, number).Varint(8, i % 2);
      for (std::size_t q = 0; q < i % 4; ++q) {
        point.Add(6, Message().Double(1, 0.5).Double(2, numbers[q]));
      }
    }
    data.Add(1, point);
  }
  if (type != 5 && type != 11) data.Varint(2, n % 3);
  if (type == 7) data.Varint(3, n % 2);
  Message metric;
  metric.Bytes(1, n % 4 == 0 ? "" : "requests").Bytes(2, n % 2 == 0 ? "" : "What it is.");
  metric.Bytes(3, n % 3 == 0 ? "" : "ms").Add(type, data);
  if (n % 2 == 0) AddAttributes(metric, 12, n);
  return metric;
}

Message RichRecord(Kind kind, std::size_t n) {
  return kind == Kind::kLogs ? RichLog(n) : kind == Kind::kSpans ? RichSpan(n) : RichMetric(n);
}

}  // namespace

std::string RichRequest(Kind kind, std::size_t seed) {
  Message request;
  for (std::size_t r = 0; r < 4; ++r) {
    Message resource;
    if (r != 0) {
      Message head;
      if (r != 1) {
        head.Add(1, KeyValue("service.name", r == 2 ? StringValue("shop") : IntValue(7)));
        AddAttributes(head, 1, seed + r);
        head.Varint(2, r - 2);
      }
      resource.Add(1, head);
    }
    for (std::size_t s = 0; s < 3; ++s) {
      Message scope;
      if (s != 0) {
        Message head;
        if (s == 2) {
          head.Bytes(1, "library").Bytes(2, r == 2 ? "" : "1.2").Varint(4, r);
          AddAttributes(head, 3, seed + r + s);
        }
        scope.Add(1, head);
      }
      for (std::size_t i = 0; i < 6; ++i) scope.Add(2, RichRecord(kind, seed + r * 7 + s * 3 + i));
      if ((r + s) % 2 == 0) scope.Bytes(3, "https://example.test/scope");
      resource.Add(2, scope);
    }
    if (r % 2 == 1) resource.Bytes(3, "https://example.test/resource");
    request.Add(1, resource);
  }
  return request.str();
}

}  // namespace strata::types
