// The message of a gRPC call: put together from what its stream brings, freed of its prefix,
// decompressed. No I/O.
#pragma once

#include <array>
#include <cstddef>
#include <optional>
#include <string>

#include "base/buffer.h"
#include "server/handler.h"
#include "server/ledger.h"
#include "wire/decompress.h"

namespace strata::server {

// Why a call is answered without its handler.
struct GrpcRefusal {
  WireStatus status;
  std::string message;
  bool retry = false;
};

// The one message of a unary call, put together from what arrives. Sizes that it announces reserve
// nothing beyond a bound: memory and ledger grow with the bytes that have come.
class GrpcMessage {
 public:
  explicit GrpcMessage(std::size_t bytes_max) : bytes_max_(bytes_max) {}

  // Takes the next bytes of the stream; `hold` grows with them.
  std::optional<GrpcRefusal> Add(ByteSpan bytes, Ledger::Hold& hold);
  // The message as its sender meant it, decompressed by `coding` when it says that it is compressed
  // (nullopt: the call did not name one that is known). Requires: the stream has ended; called
  // once.
  std::optional<GrpcRefusal> Take(std::optional<wire::ContentCoding> coding, Ledger::Hold& hold,
                                  Buffer& message);

  // As they came, prefix included.
  std::size_t bytes() const { return prefix_bytes_ + body_.size(); }

 private:
  static constexpr std::size_t kPrefixBytes = 5;

  std::optional<GrpcRefusal> ReadPrefix();

  const std::size_t bytes_max_;
  std::array<std::byte, kPrefixBytes> prefix_{};
  std::size_t prefix_bytes_ = 0;
  std::size_t length_ = 0;
  bool compressed_ = false;
  Buffer body_;
};

}  // namespace strata::server
