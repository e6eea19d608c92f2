// DecodeReport: what the sender is told about one request: which records were rejected and why,
// what was cut.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "model/kind.h"

namespace strata::wire {

class DecodeReport {
 public:
  explicit DecodeReport(model::Kind kind) : kind_(kind) {}

  void AddAccepted() { ++accepted_; }
  // `record` counts from 0 and is the row's ordinal.
  void AddRejected(std::uint64_t record, std::string_view reason);
  void AddTruncatedValue() { ++truncated_values_; }
  void AddCutAttribute() { ++cut_attributes_; }

  std::uint64_t records() const { return accepted_ + rejected_; }
  std::uint64_t accepted() const { return accepted_; }
  std::uint64_t rejected() const { return rejected_; }
  std::uint64_t truncated_values() const { return truncated_values_; }
  std::uint64_t cut_attributes() const { return cut_attributes_; }

  // Empty when there is nothing to say; at most 1 KiB.
  std::string Message(std::uint32_t value_bytes_max, std::uint32_t attributes_max) const;

 private:
  const model::Kind kind_;
  std::uint64_t accepted_ = 0;
  std::uint64_t rejected_ = 0;
  std::uint64_t truncated_values_ = 0;
  std::uint64_t cut_attributes_ = 0;
  std::uint64_t reasons_ = 0;
  std::string reason_list_;
};

}  // namespace strata::wire
