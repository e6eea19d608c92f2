// Prepared OTLP requests that can be sent again and again without being the same request: times
// move on and trace ids change, in place, a few bytes a record.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "model/kind.h"

namespace strata::app {

enum class BodyFormat : std::uint8_t { kProtobuf, kJson };

// Where the changing bytes of one request lie.
struct BodyMarks {
  std::vector<std::uint32_t> times;      // nanoseconds: fixed64; JSON: 19 digits
  std::vector<std::uint32_t> trace_ids;  // 16 bytes; JSON: 32 hex digits
};

// Finds them in the protobuf of an Export*ServiceRequest. kInvalidInput: it is none.
Result<BodyMarks> MarkBody(model::Kind kind, std::string_view body);
// Finds them in its JSON, as wire/otlp_to_json.h writes it.
BodyMarks MarkJsonBody(std::string_view json);

// Hands out bodies in turn. Used by one thread.
class BodyPool {
 public:
  // Bodies of `records` records each; together `bytes` large, or so many that `borrowed_max` can be
  // in use at once. Times begin at `now_ns`.
  static Result<BodyPool> Make(model::Kind kind, BodyFormat format, std::size_t records,
                               std::size_t bytes, std::size_t borrowed_max, std::int64_t now_ns);

  // A request that differs from all before. Stays as it is until it is given back.
  // Requires: fewer than `borrowed_max` are borrowed.
  std::size_t Borrow();
  std::string_view body(std::size_t index) const { return slots_[index].bytes; }
  void GiveBack(std::size_t index) { slots_[index].borrowed = false; }

  std::size_t body_bytes() const;  // mean

 private:
  struct Slot {
    std::string bytes;
    BodyMarks marks;
    std::uint64_t uses = 0;
    bool borrowed = false;
  };
  std::uint64_t Load(const Slot& slot, std::uint32_t at) const;
  void Store(Slot& slot, std::uint32_t at, std::uint64_t time) const;
  void Shift(Slot& slot, std::uint64_t by) const;
  void MoveTimes(std::uint64_t now_ns);
  void Renew(Slot& slot) const;

  BodyFormat format_ = BodyFormat::kProtobuf;
  std::vector<Slot> slots_;
  std::size_t next_ = 0;
  std::uint64_t span_ns_ = 1;  // from the first time in the pool to the last
};

}  // namespace strata::app
