#include "app/bench_body.h"

#include <algorithm>
#include <charconv>
#include <cstring>
#include <limits>
#include <utility>

#include "base/check.h"
#include "otel_generator.h"
#include "wire/otlp_to_json.h"

namespace strata::app {
namespace {

// What to do with a field of a message: note where it lies, or look inside.
struct FieldRule {
  enum class What : std::uint8_t { kTime, kTraceId, kMessage };
  std::uint32_t number;
  What what;
  const struct MessageRule* inner = nullptr;
};
struct MessageRule {
  std::vector<FieldRule> fields;
};
using What = FieldRule::What;

// Field numbers of opentelemetry-proto.
const MessageRule& RuleOf(model::Kind kind) {
  static const MessageRule log{{{1, What::kTime}, {11, What::kTime}, {9, What::kTraceId}}};
  static const MessageRule span{{{7, What::kTime}, {8, What::kTime}, {1, What::kTraceId}}};
  static const MessageRule point{{{2, What::kTime}, {3, What::kTime}}};
  static const MessageRule points{{{1, What::kMessage, &point}}};
  static const MessageRule metric{{{5, What::kMessage, &points},
                                   {7, What::kMessage, &points},
                                   {9, What::kMessage, &points},
                                   {10, What::kMessage, &points},
                                   {11, What::kMessage, &points}}};
  static const auto request = [](const MessageRule& record) {
    const auto* scope = new MessageRule{{{2, What::kMessage, &record}}};
    const auto* resource = new MessageRule{{{2, What::kMessage, scope}}};
    return MessageRule{{{1, What::kMessage, resource}}};
  };
  static const MessageRule logs = request(log);
  static const MessageRule spans = request(span);
  static const MessageRule metrics = request(metric);
  switch (kind) {
    case model::Kind::kLogs:
      return logs;
    case model::Kind::kSpans:
      return spans;
    case model::Kind::kMetrics:
      return metrics;
  }
  CHECK(false);
}

class Marker {
 public:
  Marker(std::string_view body, BodyMarks& marks) : body_(body), marks_(marks) {}

  // False: not a message.
  bool Walk(const MessageRule& rule, std::size_t begin, std::size_t end) {
    at_ = begin;
    while (at_ < end) {
      const std::uint64_t key = Varint(end);
      std::size_t bytes = 0;
      switch (key & 7) {
        case 0:
          Varint(end);
          break;
        case 1:
          bytes = 8;
          break;
        case 2:
          bytes = Varint(end);
          break;
        case 5:
          bytes = 4;
          break;
        default:
          return false;
      }
      const std::size_t content = at_;
      if (bad_ || bytes > end - content) return false;
      if (!Apply(rule, static_cast<std::uint32_t>(key >> 3), content, bytes)) return false;
      at_ = content + bytes;
    }
    return !bad_;
  }

 private:
  bool Apply(const MessageRule& rule, std::uint32_t number, std::size_t at, std::size_t bytes) {
    const auto found = std::ranges::find(rule.fields, number, &FieldRule::number);
    if (found == rule.fields.end()) return true;
    if (found->what == What::kMessage) return Walk(*found->inner, at, at + bytes);
    constexpr std::size_t kTimeBytes = 8;
    constexpr std::size_t kTraceIdBytes = 16;
    if (found->what == What::kTime && bytes == kTimeBytes) {
      marks_.times.push_back(static_cast<std::uint32_t>(at));
    }
    if (found->what == What::kTraceId && bytes == kTraceIdBytes) {
      marks_.trace_ids.push_back(static_cast<std::uint32_t>(at));
    }
    return true;
  }

  std::uint64_t Varint(std::size_t end) {
    std::uint64_t value = 0;
    for (int shift = 0; shift < 64; shift += 7) {
      if (at_ >= end) break;
      const auto byte = static_cast<std::uint8_t>(body_[at_++]);
      value |= std::uint64_t{byte & 0x7fU} << shift;
      if (byte < 0x80) return value;
    }
    bad_ = true;
    return 0;
  }

  std::string_view body_;
  BodyMarks& marks_;
  std::size_t at_ = 0;
  bool bad_ = false;
};

std::string Generate(bench::OtelGenerator& generator, model::Kind kind, std::size_t records) {
  switch (kind) {
    case model::Kind::kLogs:
      return generator.Logs(1, records);
    case model::Kind::kSpans:
      return generator.Spans(1, records);
    case model::Kind::kMetrics:
      return generator.Metrics(1, records);
  }
  CHECK(false);
}

// Numbers in JSON keep their width.
constexpr std::size_t kTimeDigits = 19;
constexpr std::size_t kHalfIdDigits = 16;

void WriteDigits(std::string& bytes, std::uint32_t at, std::size_t digits, std::uint64_t value,
                 unsigned base) {
  for (std::size_t i = digits; i > 0; --i) {
    bytes[at + i - 1] = "0123456789abcdef"[value % base];
    value /= base;
  }
}

std::uint64_t ReadDigits(const std::string& bytes, std::uint32_t at, std::size_t digits, int base) {
  std::uint64_t value = 0;
  std::from_chars(bytes.data() + at, bytes.data() + at + digits, value, base);
  return value;
}

// Where values of `digits` digits begin that stand behind the key. A quote inside of text has a
// backslash before it, so that none is found there.
void FindJsonValues(std::string_view json, std::string_view key, std::size_t digits,
                    std::vector<std::uint32_t>& places) {
  for (std::size_t at = 0; (at = json.find(key, at)) != std::string_view::npos;) {
    at += key.size();
    if (json.substr(at, digits + 1).find('"') == digits) {
      places.push_back(static_cast<std::uint32_t>(at));
    }
  }
}

}  // namespace

Result<BodyMarks> MarkBody(model::Kind kind, std::string_view body) {
  BodyMarks marks;
  if (body.size() > std::numeric_limits<std::uint32_t>::max() ||
      !Marker(body, marks).Walk(RuleOf(kind), 0, body.size())) {
    return Error{Code::kInvalidInput, "not an OTLP request"};
  }
  return marks;
}

BodyMarks MarkJsonBody(std::string_view json) {
  BodyMarks marks;
  for (const std::string_view key : {"\"timeUnixNano\":\"", "\"startTimeUnixNano\":\"",
                                     "\"endTimeUnixNano\":\"", "\"observedTimeUnixNano\":\""}) {
    FindJsonValues(json, key, kTimeDigits, marks.times);
  }
  FindJsonValues(json, "\"traceId\":\"", 2 * kHalfIdDigits, marks.trace_ids);
  return marks;
}

Result<BodyPool> BodyPool::Make(model::Kind kind, BodyFormat format, std::size_t records,
                                std::size_t bytes, std::size_t borrowed_max, std::int64_t now_ns) {
  constexpr std::uint64_t kSeed = 7;
  bench::OtelGenerator generator(kSeed);
  BodyPool pool;
  pool.format_ = format;
  std::size_t made = 0;
  while (made < bytes || pool.slots_.size() < borrowed_max) {
    Slot slot;
    slot.bytes = Generate(generator, kind, records);
    if (format == BodyFormat::kJson) {
      ASSIGN_OR_RETURN(slot.bytes, wire::OtlpProtobufToJson(kind, AsBytes(slot.bytes)));
      slot.marks = MarkJsonBody(slot.bytes);
    } else {
      ASSIGN_OR_RETURN(slot.marks, MarkBody(kind, slot.bytes));
    }
    made += slot.bytes.size();
    pool.slots_.push_back(std::move(slot));
  }
  pool.MoveTimes(static_cast<std::uint64_t>(now_ns));
  return pool;
}

// Zero times mean "unset" and stay so.
void BodyPool::MoveTimes(std::uint64_t now_ns) {
  std::uint64_t first = std::numeric_limits<std::uint64_t>::max();
  std::uint64_t last = 0;
  for (const Slot& slot : slots_) {
    for (const std::uint32_t at : slot.marks.times) {
      const std::uint64_t time = Load(slot, at);
      if (time == 0) continue;
      first = std::min(first, time);
      last = std::max(last, time);
    }
  }
  if (last == 0) return;
  for (Slot& slot : slots_) Shift(slot, now_ns - first);
  span_ns_ = last - first + 1;
}

std::uint64_t BodyPool::Load(const Slot& slot, std::uint32_t at) const {
  if (format_ == BodyFormat::kJson) return ReadDigits(slot.bytes, at, kTimeDigits, 10);
  return LoadLe<std::uint64_t>(AsBytes(slot.bytes).subspan(at));
}

void BodyPool::Store(Slot& slot, std::uint32_t at, std::uint64_t time) const {
  if (format_ == BodyFormat::kJson) return WriteDigits(slot.bytes, at, kTimeDigits, time, 10);
  std::memcpy(slot.bytes.data() + at, &time, sizeof time);
}

void BodyPool::Shift(Slot& slot, std::uint64_t by) const {
  for (const std::uint32_t at : slot.marks.times) {
    if (const std::uint64_t time = Load(slot, at); time != 0) Store(slot, at, time + by);
  }
}

std::size_t BodyPool::Borrow() {
  // Answers come back in any order, so the next slot may still be in use.
  for (std::size_t tried = 0; tried < slots_.size(); ++tried) {
    const std::size_t index = next_;
    next_ = (next_ + 1) % slots_.size();
    Slot& slot = slots_[index];
    if (slot.borrowed) continue;
    if (slot.uses > 0) Renew(slot);
    ++slot.uses;
    slot.borrowed = true;
    return index;
  }
  CHECK(false);
}

void BodyPool::Renew(Slot& slot) const {
  Shift(slot, span_ns_);
  const std::uint64_t other = slot.uses * 0x9E3779B97F4A7C15ULL;
  for (const std::uint32_t at : slot.marks.trace_ids) {
    if (format_ == BodyFormat::kJson) {
      const std::uint64_t half = ReadDigits(slot.bytes, at, kHalfIdDigits, 16);
      WriteDigits(slot.bytes, at, kHalfIdDigits, half ^ other, 16);
    } else {
      Store(slot, at, Load(slot, at) ^ other);
    }
  }
}

std::size_t BodyPool::body_bytes() const {
  std::size_t sum = 0;
  for (const Slot& slot : slots_) sum += slot.bytes.size();
  return sum / slots_.size();
}

}  // namespace strata::app
