#include "app/bench_body.h"

#include <algorithm>
#include <cstring>
#include <limits>
#include <utility>

#include "base/check.h"
#include "otel_generator.h"

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

std::uint64_t Load(const std::string& bytes, std::uint32_t at) {
  std::uint64_t value = 0;
  std::memcpy(&value, bytes.data() + at, sizeof value);
  return value;
}

void Store(std::string& bytes, std::uint32_t at, std::uint64_t value) {
  std::memcpy(bytes.data() + at, &value, sizeof value);
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

Result<BodyPool> BodyPool::Make(model::Kind kind, std::size_t records, std::size_t bytes,
                                std::size_t borrowed_max, std::int64_t now_ns) {
  constexpr std::uint64_t kSeed = 7;
  bench::OtelGenerator generator(kSeed);
  BodyPool pool;
  std::size_t made = 0;
  while (made < bytes || pool.slots_.size() < borrowed_max) {
    Slot slot;
    slot.bytes = Generate(generator, kind, records);
    ASSIGN_OR_RETURN(slot.marks, MarkBody(kind, slot.bytes));
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
      const std::uint64_t time = Load(slot.bytes, at);
      if (time == 0) continue;
      first = std::min(first, time);
      last = std::max(last, time);
    }
  }
  if (last == 0) return;
  for (Slot& slot : slots_) Shift(slot, now_ns - first);
  span_ns_ = last - first + 1;
}

void BodyPool::Shift(Slot& slot, std::uint64_t by) {
  for (const std::uint32_t at : slot.marks.times) {
    if (const std::uint64_t time = Load(slot.bytes, at); time != 0)
      Store(slot.bytes, at, time + by);
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
  for (const std::uint32_t at : slot.marks.trace_ids) {
    Store(slot.bytes, at, Load(slot.bytes, at) ^ slot.uses * 0x9E3779B97F4A7C15ULL);
  }
}

std::size_t BodyPool::body_bytes() const {
  std::size_t sum = 0;
  for (const Slot& slot : slots_) sum += slot.bytes.size();
  return sum / slots_.size();
}

}  // namespace strata::app
