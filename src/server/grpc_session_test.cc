// The gRPC transport against frames that no gRPC library sends.
#include "server/grpc_session.h"

#include <functional>
#include <map>
#include <string>

#include <gtest/gtest.h>
#include <nghttp2/nghttp2.h>

#include "server/field_decoder.h"
#include "server/grpc_text.h"
#include "server/socket_client_for_test.h"

namespace strata::server {
namespace {

using namespace std::string_literals;

std::string Big(std::size_t value, int bytes) {
  std::string out;
  for (int shift = 8 * (bytes - 1); shift >= 0; shift -= 8) {
    out += static_cast<char>(value >> shift & 0xff);
  }
  return out;
}

std::string Frame(int type, int flags, int stream, std::string_view payload = {}) {
  return Big(payload.size(), 3) + static_cast<char>(type) + static_cast<char>(flags) +
         Big(static_cast<std::size_t>(stream), 4) + std::string(payload);
}

// A field that no table keeps (RFC 7541, 6.2.2); shorter than 127 bytes each.
std::string Field(std::string_view name, std::string_view value) {
  return '\0' + (static_cast<char>(name.size()) + std::string(name)) +
         static_cast<char>(value.size()) + std::string(value);
}

const std::string kHello = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + Frame(NGHTTP2_SETTINGS, 0, 0);
const std::string kHead = Field(":method", "POST") + Field(":scheme", "http") +
                          Field(":path", "/a/B") + Field(":authority", "test") +
                          Field("content-type", "application/grpc");

std::string Head(int stream, const std::string& fields = kHead, int flags = 0) {
  return Frame(NGHTTP2_HEADERS, NGHTTP2_FLAG_END_HEADERS | flags, stream, fields);
}
std::string Message(std::string_view body) {
  return "\0"s + Big(body.size(), 4) + std::string(body);
}
std::string Data(int stream, std::string_view bytes, int flags = NGHTTP2_FLAG_END_STREAM) {
  return Frame(NGHTTP2_DATA, flags, stream, bytes);
}
std::string Reset(int stream) {
  return Frame(NGHTTP2_RST_STREAM, 0, stream, Big(NGHTTP2_CANCEL, 4));
}

// A session and its client, without a socket between them. Handlers' replies wait for the test.
class Wire final : public GrpcHost {
 public:
  explicit Wire(std::uint64_t ledger_bytes = 64_MiB)
      : ledger(ledger_bytes),
        handler([this](Request&& request, Reply reply) {
          bodies.emplace_back(AsText(request.body));
          replies.push_back(std::move(reply));
        }),
        session_(*this, listener_, now) {
    Say(kHello);
  }
  ~Wire() override {
    session_.Close();
    replies.clear();
  }

  void Say(std::string_view bytes) {
    session_.Receive(AsBytes(bytes), now);
    Listen();
  }
  // Gives all replies and hears what comes of them.
  void AnswerAll() {
    for (auto& reply : std::exchange(replies, {})) reply(TextResponse("ok"));
    Listen();
  }
  void Sweep(std::chrono::seconds later) {
    now += later;
    session_.Sweep(now);
    Listen();
  }
  GrpcSession& session() { return session_; }

  std::shared_ptr<GrpcHost> Share() override { return {std::shared_ptr<void>(), this}; }
  std::string_view peer() const override { return "peer"; }
  void PostAnswered(std::shared_ptr<GrpcCall> call) override {
    answered_.push_back(std::move(call));
  }

  Ledger ledger;
  std::vector<std::string> bodies;
  std::vector<Reply> replies;
  std::map<int, std::string> status;  // of each stream
  std::map<int, std::uint32_t> resets;
  std::uint32_t goaway = 0;
  int pings = 0;
  MonotonicTime now{};

 private:
  void Listen() {
    for (const auto& call : std::exchange(answered_, {})) session_.Answer(call);
    Buffer out;
    while (session_.Send(out, 64_KiB)) {
    }
    for (std::string_view bytes = AsText(out); !bytes.empty();) {
      const auto number = [&](std::size_t at, int count) {
        std::uint32_t value = 0;
        for (int i = 0; i < count; ++i) {
          value = value << 8 | static_cast<std::uint8_t>(bytes[at + static_cast<std::size_t>(i)]);
        }
        return value;
      };
      const std::size_t size = number(0, 3);
      Hear(bytes[3], bytes[4], static_cast<int>(number(5, 4)), bytes.substr(9, size));
      bytes.remove_prefix(9 + size);
    }
  }
  void Hear(int type, int flags, int stream, std::string_view payload) {
    const auto word = [&](std::size_t at) {
      std::uint32_t value = 0;
      for (const char c : payload.substr(at, 4)) value = value << 8 | static_cast<std::uint8_t>(c);
      return value;
    };
    if (type == NGHTTP2_RST_STREAM) resets[stream] = word(0);
    if (type == NGHTTP2_GOAWAY) goaway = word(4);
    if (type == NGHTTP2_PING && (flags & NGHTTP2_FLAG_ACK) == 0) ++pings;
    if (type != NGHTTP2_HEADERS) return;
    const auto decoded =
        fields_.Decode(payload, [&](std::string_view name, std::string_view value) {
          if (name == "grpc-status") status[stream] = value;
          if (name == ":status" && value != "200") status[stream] = "http " + std::string(value);
        });
    EXPECT_TRUE(decoded);
  }

  model::Registry registry_;
  LambdaHandler handler;
  Live<HttpOptions> options_{HttpOptions()};
  Listener listener_{.live_options = options_,
                     .ledger = ledger,
                     .handler = handler,
                     .metrics = ListenerMetrics::Register(registry_, "test")};
  FieldDecoder fields_;
  std::vector<std::shared_ptr<GrpcCall>> answered_;
  GrpcSession session_;
};

TEST(GrpcSession, ACallInPiecesOfAnySizeIsTheSame) {
  const std::string call =
      Head(1) + Data(1, Message("hello").substr(0, 3), 0) + Data(1, Message("hello").substr(3));
  for (std::size_t piece = 1; piece <= call.size(); ++piece) {
    Wire wire;
    for (std::size_t at = 0; at < call.size(); at += piece) wire.Say(call.substr(at, piece));
    ASSERT_EQ(wire.bodies, std::vector{"hello"s});
    wire.AnswerAll();
    EXPECT_EQ(wire.status[1], "0");
  }
}

TEST(GrpcSession, RefusesWhatIsNoCall) {
  const struct {
    const char* name;
    std::string bytes;
    std::string status;
  } cases[] = {
      {"no message", Head(1, kHead, NGHTTP2_FLAG_END_STREAM), "3"},
      {"half a prefix", Head(1) + Data(1, "\0\0"s), "3"},
      {"half a message", Head(1) + Data(1, Message("hello").substr(0, 7)), "3"},
      {"two messages", Head(1) + Data(1, Message("a") + Message("b")), "3"},
      {"a flag that is none", Head(1) + Data(1, "\2\0\0\0\0"s), "13"},
      {"compressed, nobody knows how", Head(1) + Data(1, "\1\0\0\0\1x"s), "13"},
      {"an encoding that is none",
       Head(1, kHead + Field("grpc-encoding", "br")) + Data(1, "\1\0\0\0\1x"s), "12"},
      {"a length over the limit", Head(1) + Data(1, "\0\xff\xff\xff\xff"s, 0), "8"},
      {"a deadline that is none", Head(1, kHead + Field("grpc-timeout", "soon")), "3"},
      {"a deadline that has passed",
       Head(1, kHead + Field("grpc-timeout", "0n")) + Data(1, Message("x")), "4"},
      {"two namespaces", Head(1, kHead + Field("x-scope-orgid", "a") + Field("x-scope-orgid", "b")),
       "3"},
      {"GET", Head(1, "\x82"s + kHead.substr(Field(":method", "POST").size())), "http 405"},
      {"text",
       Head(1, kHead.substr(0, kHead.size() - Field("content-type", "application/grpc").size()) +
                   Field("content-type", "text/plain")),
       "http 415"},
  };
  for (const auto& [name, bytes, status] : cases) {
    SCOPED_TRACE(name);
    Wire wire;
    wire.Say(bytes);
    EXPECT_EQ(wire.status[1], status);
    EXPECT_TRUE(wire.bodies.empty());
    wire.Say(Head(3) + Data(3, Message("next")));
    wire.AnswerAll();
    EXPECT_EQ(wire.status[3], "0");
    EXPECT_EQ(wire.ledger.used_bytes(), 0U);
  }
}

TEST(GrpcSession, MetadataIsBounded) {
  Wire wire;
  std::string fields = kHead;
  for (int i = 0; i < 700; ++i) fields += Field("x-" + std::to_string(i), std::string(90, 'y'));
  wire.Say(Frame(NGHTTP2_SETTINGS, NGHTTP2_FLAG_ACK, 0) + Head(1, fields));
  EXPECT_EQ(wire.status[1], "8");
}

TEST(GrpcSession, HeadersWithoutEndAreNotKept) {
  Wire wire;
  wire.Say(Frame(NGHTTP2_HEADERS, 0, 1, kHead));
  for (int i = 0; i < 20 && !wire.session().ended(); ++i) {
    wire.Say(Frame(NGHTTP2_CONTINUATION, 0, 1, Field("x", "y")));
  }
  EXPECT_TRUE(wire.session().ended());
}

TEST(GrpcSession, RapidResetsSpendTheBudget) {
  Wire wire;
  int stream = 1;
  for (; stream < 20'000 && wire.goaway == 0; stream += 2) {
    wire.Say(Head(stream) + Reset(stream));
  }
  EXPECT_EQ(wire.goaway, static_cast<std::uint32_t>(NGHTTP2_ENHANCE_YOUR_CALM));
  EXPECT_TRUE(wire.session().ended());
  EXPECT_LT(stream, 4000);
}

// What the client has reset the handler still has: it counts, or there would be no limit.
TEST(GrpcSession, CallsThatWereResetCountUntilTheyAreAnswered) {
  Wire wire;
  for (int stream = 1; stream < 600; stream += 2) {
    wire.Say(Head(stream) + Data(stream, Message("x")) + Reset(stream));
  }
  EXPECT_EQ(wire.bodies.size(), 256U);
  EXPECT_EQ(wire.resets[599], static_cast<std::uint32_t>(NGHTTP2_REFUSED_STREAM));
  EXPECT_TRUE(wire.replies.front().Cancelled().stop_requested());
  wire.AnswerAll();
  EXPECT_EQ(wire.ledger.used_bytes(), 0U);
  wire.Say(Head(601) + Data(601, Message("next")));
  wire.AnswerAll();
  EXPECT_EQ(wire.status[601], "0");
}

TEST(GrpcSession, EmptyFramesSpendTheBudgetAndAnswersPay) {
  Wire wire;
  wire.Say(Head(1));
  for (int i = 0; i < 1100; ++i) wire.Say(Data(1, "", 0));
  EXPECT_EQ(wire.goaway, static_cast<std::uint32_t>(NGHTTP2_ENHANCE_YOUR_CALM));
  Wire busy;
  for (int stream = 1; stream < 4000; stream += 2) {
    busy.Say(Head(stream) + Data(stream, "", 0) + Data(stream, Message("x")) +
             Frame(NGHTTP2_PING, 0, 0, "12345678") + Frame(NGHTTP2_WINDOW_UPDATE, 0, 0, Big(1, 4)));
    busy.AnswerAll();
  }
  EXPECT_EQ(busy.goaway, 0U);
  EXPECT_EQ(busy.status[3999], "0");
}

TEST(GrpcSession, TheLedgerCountsWhatHasCome) {
  Wire wire(100'000);
  for (int stream = 1; stream < 40; stream += 2) {  // twenty that only announce
    wire.Say(Head(stream) + Data(stream, "\0"s + Big(90'000, 4) + "x", 0));
  }
  EXPECT_LT(wire.ledger.used_bytes(), 100U);
  wire.Say(Head(41) + Data(41, Message(std::string(16'000, 'x'))));
  wire.AnswerAll();
  EXPECT_EQ(wire.status[41], "0");
  const std::string large = Message(std::string(70'000, 'x'));  // of 75,000 for one namespace
  std::string frames = Head(43);
  for (std::size_t at = 0; at < large.size(); at += 16'384) {
    frames += Data(43, large.substr(at, 16'384), 0);
  }
  wire.Say(frames);
  wire.Say(Head(45) + Data(45, Message(std::string(12'000, 'x'))));
  EXPECT_EQ(wire.status[45], "14");
}

TEST(GrpcSession, SilenceAndSlownessAreEnded) {
  Wire slow;
  slow.Say(Head(1) + Data(1, Message("hello").substr(0, 7), 0));
  slow.Sweep(std::chrono::seconds(9));
  EXPECT_EQ(slow.status.count(1), 0U);
  slow.Sweep(std::chrono::seconds(2));
  EXPECT_EQ(slow.status[1], "4");
  EXPECT_EQ(slow.resets[1], static_cast<std::uint32_t>(NGHTTP2_NO_ERROR));

  Wire silent;
  silent.Sweep(std::chrono::seconds(61));
  EXPECT_EQ(silent.pings, 1);
  EXPECT_FALSE(silent.session().ended());
  silent.Sweep(std::chrono::seconds(21));
  EXPECT_TRUE(silent.session().ended());
}

TEST(GrpcSession, ADeadlineEndsACallThatIsWorkedOn) {
  Wire wire;
  wire.Say(Head(1, kHead + Field("grpc-timeout", "5S")) + Data(1, Message("x")));
  ASSERT_EQ(wire.replies.size(), 1U);
  const std::stop_token cancelled = wire.replies.front().Cancelled();
  wire.Sweep(std::chrono::seconds(6));
  EXPECT_EQ(wire.status[1], "4");
  EXPECT_TRUE(cancelled.stop_requested());
  wire.AnswerAll();  // too late, and no harm
  EXPECT_EQ(wire.ledger.used_bytes(), 0U);
}

TEST(GrpcText, TimeoutsAndMessages) {
  using std::chrono::microseconds;
  EXPECT_EQ(ParseGrpcTimeout("10S"), microseconds(10'000'000));
  EXPECT_EQ(ParseGrpcTimeout("1n"), microseconds(1));
  EXPECT_EQ(ParseGrpcTimeout("99999999H"), std::chrono::years(1));
  for (const char* bad : {"", "S", "10", "-1S", "123456789S", "1 S", "1s"}) {
    EXPECT_EQ(ParseGrpcTimeout(bad), std::nullopt) << bad;
  }
  EXPECT_EQ(EncodeGrpcMessage("a b\n100 % \xc3\xa4"), "a b%0A100 %25 %C3%A4");
}

}  // namespace
}  // namespace strata::server
