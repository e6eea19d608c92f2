// Property: however a stream's bytes are cut, the message that they make is the same, never more
// than its limit, and the ledger holds what has come. Codings, first byte: its low bits choose one,
// the others the size of the pieces.
#include <algorithm>
#include <cstdint>
#include <optional>
#include <utility>

#include "base/check.h"
#include "server/grpc_message.h"
#include "server/grpc_text.h"

namespace strata::server {
namespace {

constexpr std::size_t kLimit = 100'000;
using Coding = std::optional<wire::ContentCoding>;

struct Outcome {
  int http_status = 200;
  GrpcCode code = GrpcCode::kOk;
  Buffer message;
};

Outcome Read(ByteSpan bytes, std::size_t step, Coding coding) {
  Ledger ledger(4 * kLimit);
  Ledger::Hold hold(ledger);
  GrpcMessage message(kLimit);
  Outcome outcome;
  std::optional<GrpcRefusal> refusal;
  while (!bytes.empty() && !refusal) {
    refusal = message.Add(bytes.first(std::min(step, bytes.size())), hold);
    bytes = bytes.subspan(std::min(step, bytes.size()));
    CHECK(message.bytes() <= kLimit + 5);
  }
  if (!refusal) refusal = message.Take(coding, hold, outcome.message);
  if (refusal) {
    CHECK(!refusal->message.empty() && refusal->status.http >= 400 && !refusal->retry);
    const std::string text = EncodeGrpcMessage(refusal->message);
    CHECK(std::ranges::all_of(text, [](char c) { return c >= ' ' && c <= '~'; }));
    outcome.http_status = refusal->status.http;
    outcome.code = refusal->status.grpc;
    outcome.message = Buffer();
  }
  CHECK(outcome.message.size() <= kLimit);
  return outcome;
}

}  // namespace
}  // namespace strata::server

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace strata;  // NOLINT(google-build-using-namespace)
  if (size == 0) return 0;
  static constexpr server::Coding kCodings[] = {
      std::nullopt, wire::ContentCoding::kIdentity, wire::ContentCoding::kGzip,
      wire::ContentCoding::kDeflate, wire::ContentCoding::kZstd};
  const ByteSpan bytes = std::as_bytes(std::span(data + 1, size - 1));
  const server::Coding coding = kCodings[data[0] % std::size(kCodings)];
  const auto whole = server::Read(bytes, bytes.size() + 1, coding);
  const auto pieces = server::Read(bytes, data[0] / std::size(kCodings) + 1, coding);
  CHECK(whole.http_status == pieces.http_status && whole.code == pieces.code);
  CHECK(std::ranges::equal(ByteSpan(whole.message), ByteSpan(pieces.message)));
  if (const auto timeout = server::ParseGrpcTimeout(AsText(bytes))) {
    CHECK(timeout->count() >= 0 && *timeout <= std::chrono::years(1));
  }
  return 0;
}
