#include "server/grpc_message.h"

#include <algorithm>
#include <utility>

#include "base/units.h"

namespace strata::server {

namespace {

constexpr std::size_t kReserved = 1_MiB;  // address space for a message of which little has come

GrpcRefusal Malformed(std::string message) {
  return {.status = {400, GrpcCode::kInvalidArgument}, .message = std::move(message)};
}

GrpcRefusal Overload() {
  return {.status = {503, GrpcCode::kUnavailable},
          .message = "too many bytes of requests are in flight",
          .retry = true};
}

}  // namespace

std::optional<GrpcRefusal> GrpcMessage::Add(ByteSpan bytes, Ledger::Hold& hold) {
  if (prefix_bytes_ < kPrefixBytes) {
    const ByteSpan head = bytes.first(std::min(bytes.size(), kPrefixBytes - prefix_bytes_));
    std::ranges::copy(head, prefix_.begin() + static_cast<std::ptrdiff_t>(prefix_bytes_));
    prefix_bytes_ += head.size();
    bytes = bytes.subspan(head.size());
    if (prefix_bytes_ < kPrefixBytes) return std::nullopt;
    if (auto refusal = ReadPrefix()) return refusal;
  }
  if (bytes.size() > length_ - body_.size()) {
    return Malformed("the call has more than one message, or bytes behind it");
  }
  const std::size_t come = body_.size() + bytes.size();
  if (come > body_.capacity()) {
    body_.Reserve(std::min(length_, std::max(kReserved, 2 * come)));
  }
  if (!hold.GrowTo(come)) return Overload();
  body_.Append(bytes);
  return std::nullopt;
}

std::optional<GrpcRefusal> GrpcMessage::ReadPrefix() {
  const auto flag = std::to_integer<unsigned>(prefix_[0]);
  if (flag > 1) {
    return GrpcRefusal{.status = {400, GrpcCode::kInternal},
                       .message = "the message's first byte is " + std::to_string(flag) +
                                  "; it is 1 for a compressed message, else 0"};
  }
  compressed_ = flag == 1;
  for (const std::byte byte : ByteSpan(prefix_).subspan(1)) {
    length_ = length_ << 8 | std::to_integer<std::size_t>(byte);
  }
  if (length_ <= bytes_max_) return std::nullopt;
  return GrpcRefusal{.status = {413, GrpcCode::kResourceExhausted},
                     .message = "the message has " + std::to_string(length_) +
                                " bytes, more than " + FormatSize(bytes_max_)};
}

std::optional<GrpcRefusal> GrpcMessage::Take(std::optional<wire::ContentCoding> coding,
                                             Ledger::Hold& hold, Buffer& message) {
  if (prefix_bytes_ < kPrefixBytes || body_.size() < length_) {
    return Malformed("the call ended before its message");
  }
  if (!compressed_) {
    message = std::exchange(body_, Buffer());
    return std::nullopt;
  }
  if (!coding) {
    return GrpcRefusal{.status = {415, GrpcCode::kUnimplemented},
                       .message = "messages may be compressed by gzip, deflate or zstd"};
  }
  if (*coding == wire::ContentCoding::kIdentity) {
    return GrpcRefusal{.status = {400, GrpcCode::kInternal},
                       .message = "the message is compressed, and grpc-encoding does not say how"};
  }
  auto decoded = wire::Decompress(*coding, std::exchange(body_, Buffer()), bytes_max_);
  if (!decoded) {
    return GrpcRefusal{.status = WireStatusOf(decoded.error().code),
                       .message = decoded.error().message};
  }
  if (!hold.GrowTo(decoded->size())) return Overload();
  message = *std::move(decoded);
  return std::nullopt;
}

}  // namespace strata::server
