#include "states/stack_oracle.h"

#include "ingest/test_request.h"

namespace strata::reliability {
namespace {

constexpr std::uint64_t kEventTime = 1'780'000'000'000'000'000;

}  // namespace

std::size_t StackOracle::NewRequest(const std::string& namespace_name, std::uint32_t records,
                                    std::uint32_t body_bytes, bool with_key) {
  const std::size_t index = requests_.size();
  std::string body = "request " + std::to_string(index) + " ";
  body.resize(std::max<std::size_t>(body.size(), body_bytes), 'x');
  // Every record has a time of its own: the payload identifies the request.
  std::vector<std::uint64_t> times(records);
  for (std::uint32_t i = 0; i < records; ++i) times[i] = kEventTime + index * 1'000'000 + i;
  requests_.push_back({.namespace_name = namespace_name,
                       .payload = ingest::LogsRequest(times, body),
                       .key = with_key ? "key " + std::to_string(index) : "",
                       .records = records});
  by_payload_.emplace(requests_.back().payload, index);
  ++version_;
  return index;
}

std::optional<std::size_t> StackOracle::Find(std::string_view payload) const {
  const auto found = by_payload_.find(std::string(payload));
  if (found == by_payload_.end()) return std::nullopt;
  return found->second;
}

void StackOracle::Answered(std::size_t index, const ingest::IngestOutcome& outcome,
                           std::int64_t now_ns) {
  if (!outcome.status) return;
  ++version_;
  Request& request = requests_[index];
  if (request.receipt == 0) {
    request.receipt = outcome.receipt;
    request.acked_ns = now_ns;
  } else if (!outcome.duplicate || outcome.receipt != request.receipt) {
    violation_ = "request " + std::to_string(index) + " was stored at position " +
                 std::to_string(request.receipt) + " and again at " +
                 std::to_string(outcome.receipt);
  }
}

void StackOracle::MayDropUntil(std::int64_t ns) {
  ++version_;
  for (Request& request : requests_) {
    if (request.receipt != 0 && request.acked_ns <= ns) request.may_be_dropped = true;
  }
}

}  // namespace strata::reliability
