#include "wire/decode_report.h"

namespace strata::wire {
namespace {

// The first reasons tell what is wrong with a sender; a reason is at most some hundred bytes long.
constexpr std::uint64_t kReasonsMax = 5;

std::string_view RecordsName(model::Kind kind) {
  switch (kind) {
    case model::Kind::kLogs:
      return "log records";
    case model::Kind::kSpans:
      return "spans";
    case model::Kind::kMetrics:
      return "data points";
  }
  return "records";
}

void AppendSentence(std::string& message, const std::string& sentence) {
  if (!message.empty()) message += ". ";
  message += sentence;
}

}  // namespace

void DecodeReport::AddRejected(std::uint64_t record, std::string_view reason) {
  ++rejected_;
  if (reasons_ >= kReasonsMax) return;
  ++reasons_;
  if (!reason_list_.empty()) reason_list_ += "; ";
  reason_list_ += std::string(reason) + " at record " + std::to_string(record);
}

std::string DecodeReport::Message(std::uint32_t value_bytes_max,
                                  std::uint32_t attributes_max) const {
  std::string message;
  if (rejected_ != 0) {
    message = std::to_string(rejected_) + " of " + std::to_string(records()) + " " +
              std::string(RecordsName(kind_)) + " were rejected: " + reason_list_;
    if (rejected_ > reasons_) message += "; …";
  }
  if (truncated_values_ != 0) {
    AppendSentence(message, std::to_string(truncated_values_) + " values were truncated to " +
                                std::to_string(value_bytes_max) + " bytes");
  }
  if (cut_attributes_ != 0) {
    AppendSentence(message, std::to_string(cut_attributes_) + " attributes beyond " +
                                std::to_string(attributes_max) + " of one list were cut");
  }
  return message;
}

}  // namespace strata::wire
