// The load generator's gRPC: HTTP/2 frames (RFC 9113) by hand, because a gRPC library would use
// more CPU than the server that is measured.
#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>
#include <string>
#include <utility>

#include "app/bench_connection.h"
#include "server/field_decoder.h"

namespace strata::app {
namespace {

enum FrameType : std::uint8_t {
  kData = 0,
  kHeaders = 1,
  kResetStream = 3,
  kSettings = 4,
  kPing = 6,
  kGoAway = 7,
  kWindowUpdate = 8,
};
constexpr std::uint8_t kEndStream = 1;
constexpr std::uint8_t kEndHeaders = 4;
constexpr std::uint8_t kAck = 1;
constexpr std::size_t kFrameHeadBytes = 9;
constexpr std::int64_t kDefaultWindow = 65535;
constexpr std::uint32_t kLargestWindow = 0x7fffffff;

void AppendBig(std::string& out, std::uint64_t value, int bytes) {
  for (int shift = 8 * (bytes - 1); shift >= 0; shift -= 8) {
    out.push_back(static_cast<char>(value >> shift & 0xff));
  }
}

std::uint32_t ReadBig(std::string_view bytes) {
  std::uint32_t value = 0;
  for (const char c : bytes) value = value << 8 | static_cast<std::uint8_t>(c);
  return value;
}

std::string FrameHead(std::size_t bytes, FrameType type, std::uint8_t flags, std::uint32_t stream) {
  std::string head;
  AppendBig(head, bytes, 3);
  head.push_back(static_cast<char>(type));
  head.push_back(static_cast<char>(flags));
  AppendBig(head, stream, 4);
  return head;
}

// A header field as a literal that is never indexed (RFC 7541, 6.2.2).
void AppendField(std::string& block, std::string_view name, std::string_view value) {
  block.push_back(0);
  for (const auto part : {name, value}) {
    constexpr std::size_t kPrefixMax = 127;
    block.push_back(static_cast<char>(std::min(part.size(), kPrefixMax)));
    if (part.size() >= kPrefixMax) block.push_back(static_cast<char>(part.size() - kPrefixMax));
    block += part;
  }
}

std::string HeaderBlock(const BenchTarget& target) {
  std::string block;
  AppendField(block, ":method", "POST");
  AppendField(block, ":scheme", "http");
  AppendField(block, ":path", target.path);
  AppendField(block, ":authority", target.url.host);
  AppendField(block, "content-type", "application/grpc");
  AppendField(block, "te", "trailers");
  if (!target.content_encoding.empty()) {
    AppendField(block, "grpc-encoding", target.content_encoding);
  }
  if (!target.name_space.empty()) AppendField(block, "x-scope-orgid", target.name_space);
  return block;
}

template <class Number>
void ReadNumber(std::string_view text, Number& out) {
  std::from_chars(text.data(), text.data() + text.size(), out);
}

class GrpcConnection final : public BenchConnection {
 public:
  GrpcConnection(int socket, const BenchTarget& target)
      : BenchConnection(socket),
        block_(HeaderBlock(target)),
        compressed_(!target.content_encoding.empty()) {
    std::string hello = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
    constexpr std::uint16_t kHeaderTableSize = 1;
    constexpr std::uint16_t kInitialWindowSize = 4;
    hello += FrameHead(12, kSettings, 0, 0);
    AppendBig(hello, kHeaderTableSize, 2);
    AppendBig(hello, 0, 4);
    AppendBig(hello, kInitialWindowSize, 2);
    AppendBig(hello, kLargestWindow, 4);
    hello += FrameHead(4, kWindowUpdate, 0, 0);
    AppendBig(hello, kLargestWindow - kDefaultWindow, 4);
    out_.Own(std::move(hello));
  }

  Status Send(std::string_view body) override {
    stream_ = stream_ == 0 ? 1 : stream_ + 2;
    stream_window_ = initial_window_;
    answer_ = kUnknown;
    out_.Own(FrameHead(block_.size(), kHeaders, kEndHeaders, stream_));
    out_.Borrow(block_);
    prefix_.assign(1, static_cast<char>(compressed_));
    AppendBig(prefix_, body.size(), 4);
    unsent_ = {std::string_view(prefix_), body};
    return Pump();
  }

  Result<Answer> OnReady() override {
    RETURN_IF_ERROR(Read());
    std::size_t at = 0;
    while (in_.size() - at >= kFrameHeadBytes) {
      const std::string_view head = std::string_view(in_).substr(at, kFrameHeadBytes);
      const std::size_t bytes = ReadBig(head.substr(0, 3));
      if (in_.size() - at - kFrameHeadBytes < bytes) break;
      RETURN_IF_ERROR(OnFrame(head, std::string_view(in_).substr(at + kFrameHeadBytes, bytes)));
      at += kFrameHeadBytes + bytes;
    }
    in_.erase(0, at);
    RETURN_IF_ERROR(Pump());
    return std::exchange(answer_, kUnknown);
  }

 private:
  // Hands the socket what flow control and frame size allow.
  Status Pump() {
    for (std::string_view& piece : unsent_) {
      while (!piece.empty()) {
        const std::int64_t room = std::min({stream_window_, connection_window_, frame_bytes_max_});
        const auto bytes =
            std::min(piece.size(), static_cast<std::size_t>(std::max<std::int64_t>(room, 0)));
        if (bytes == 0) return Flush();
        const bool last = &piece == &unsent_.back() && bytes == piece.size();
        out_.Own(FrameHead(bytes, kData, last ? kEndStream : 0, stream_));
        out_.Borrow(piece.substr(0, bytes));
        piece.remove_prefix(bytes);
        stream_window_ -= static_cast<std::int64_t>(bytes);
        connection_window_ -= static_cast<std::int64_t>(bytes);
      }
    }
    return Flush();
  }

  Status Flush() {
    auto sent = out_.Flush(socket_);
    if (!sent) return std::move(sent).error();
    return Done{};
  }

  Status OnFrame(std::string_view head, std::string_view payload) {
    const auto type = static_cast<std::uint8_t>(head[3]);
    const auto flags = static_cast<std::uint8_t>(head[4]);
    const std::uint32_t stream = ReadBig(head.substr(5)) & kLargestWindow;
    if (type == kSettings && (flags & kAck) == 0) {
      OnSettings(payload);
    } else if (type == kPing && (flags & kAck) == 0) {
      out_.Own(FrameHead(payload.size(), kPing, kAck, 0) + std::string(payload));
    } else if (type == kWindowUpdate) {
      if (stream == 0) connection_window_ += ReadBig(payload);
      if (stream == stream_) stream_window_ += ReadBig(payload);
    } else if (type == kGoAway) {
      return Error{Code::kUnavailable, "the server ended the connection (GOAWAY)"};
    } else if (stream == stream_ && stream != 0) {
      return OnStreamFrame(type, flags, payload);
    }
    return Done{};
  }

  void OnSettings(std::string_view payload) {
    for (; payload.size() >= 6; payload.remove_prefix(6)) {
      const std::uint32_t key = ReadBig(payload.substr(0, 2));
      const std::uint32_t value = ReadBig(payload.substr(2, 4));
      if (key == 4) {
        stream_window_ += static_cast<std::int64_t>(value) - initial_window_;
        initial_window_ = value;
      } else if (key == 5) {
        frame_bytes_max_ = value;
      }
    }
    out_.Own(FrameHead(0, kSettings, kAck, 0));
  }

  Status OnStreamFrame(std::uint8_t type, std::uint8_t flags, std::string_view payload) {
    if (type == kResetStream && !answer_.complete) {
      answer_.complete = true;
    } else if (type == kHeaders) {
      RETURN_IF_ERROR(
          fields_.Decode(payload, [this](std::string_view name, std::string_view value) {
            if (name == "grpc-status") ReadNumber(value, answer_.status);
            if (name == "strata-receipt") ReadNumber(value, answer_.receipt);
            if (name == "strata-duplicate") answer_.duplicate = value == "true";
          }));
      answer_.complete = (flags & kEndStream) != 0;
      answer_.success = answer_.complete && answer_.status == 0;
    }
    if (answer_.complete) unsent_ = {};
    return Done{};
  }

  static constexpr Answer kUnknown{.status = -1};

  const std::string block_;
  const bool compressed_;
  std::string prefix_;  // of the message in flight
  std::array<std::string_view, 2> unsent_;
  std::uint32_t stream_ = 0;
  std::int64_t initial_window_ = kDefaultWindow;
  std::int64_t stream_window_ = kDefaultWindow;
  std::int64_t connection_window_ = kDefaultWindow;
  std::int64_t frame_bytes_max_ = 16384;
  server::FieldDecoder fields_;
  Answer answer_ = kUnknown;
};

}  // namespace

Result<std::unique_ptr<BenchConnection>> ConnectGrpc(const BenchTarget& target) {
  ASSIGN_OR_RETURN(const int socket, ConnectSocket(target.url));
  return std::unique_ptr<BenchConnection>(std::make_unique<GrpcConnection>(socket, target));
}

}  // namespace strata::app
