#include "duck/plain_json.h"

#include <array>
#include <charconv>
#include <cmath>

namespace strata::duck {
namespace {

// Rewrites one canonical document. Every method leaves the cursor behind what it took and returns
// false where the text is not of the canonical form.
class Rewriter {
 public:
  Rewriter(std::string_view in, std::string& out) : in_(in), out_(out) {}

  // {"values":[…]} of an ArrayValue or a KeyValueList: the items say which.
  bool Document() {
    if (in_ == "{}") return Take("{}") && Put("[]");
    return List(/*depth=*/0) && at_ == in_.size();
  }

 private:
  static constexpr int kDepthMax = 128;  // limits.nesting allows no more

  bool List(int depth) {
    if (depth > kDepthMax) return false;
    if (!Take(R"({"values":[)")) return false;
    const bool map = Peek(R"({"key":)");
    out_ += map ? '{' : '[';
    for (bool first = true; !Peek("]"); first = false) {
      if (!first && !(Take(",") && Put(","))) return false;
      if (!(map ? Entry(depth) : Value(depth))) return false;
    }
    out_ += map ? '}' : ']';
    return Take("]}");
  }

  bool Entry(int depth) {
    if (!Take(R"({"key":)") || !CopyString() || !Put(":")) return false;
    if (Take("}")) return Put("null");
    return Take(R"(,"value":)") && Value(depth) && Take("}");
  }

  bool Value(int depth) {
    if (Take("{}")) return Put("null");
    if (Take(R"({"stringValue":)") || Take(R"({"bytesValue":)")) return CopyString() && Take("}");
    if (Take(R"({"intValue":")")) return CopyUntil('"') && Take("\"}");
    if (Take(R"({"doubleValue":)") || Take(R"({"boolValue":)") || Take(R"({"intValue":)")) {
      return (Peek("\"") ? CopyString() : CopyUntil('}')) && Take("}");
    }
    if (Take(R"({"arrayValue":)")) return Nested(depth, "[]");
    if (Take(R"({"kvlistValue":)")) return Nested(depth, "{}");
    return false;
  }
  bool Nested(int depth, std::string_view empty) {
    if (Take("{}") || Take(R"({"values":[]})")) return Put(empty) && Take("}");
    return List(depth + 1) && Take("}");
  }

  bool CopyString() {
    const std::size_t begin = at_;
    if (!Take("\"")) return false;
    while (at_ < in_.size() && in_[at_] != '"') at_ += in_[at_] == '\\' ? 2 : 1;
    if (at_ >= in_.size()) return false;
    ++at_;
    out_ += in_.substr(begin, at_ - begin);
    return true;
  }
  bool CopyUntil(char end) {
    const std::size_t stop = in_.find(end, at_);
    if (stop == std::string_view::npos) return false;
    out_ += in_.substr(at_, stop - at_);
    at_ = stop;
    return true;
  }
  bool Peek(std::string_view text) const { return in_.substr(at_).starts_with(text); }
  bool Take(std::string_view text) {
    if (!Peek(text)) return false;
    at_ += text.size();
    return true;
  }
  bool Put(std::string_view text) {
    out_ += text;
    return true;
  }

  std::string_view in_;
  std::string& out_;
  std::size_t at_ = 0;
};

// The length of the valid UTF-8 character at `at`; 0 where there is none.
std::size_t CharacterBytes(std::string_view text, std::size_t at) {
  const auto byte = [&](std::size_t i) {
    return at + i < text.size() ? static_cast<unsigned char>(text[at + i]) : 0U;
  };
  const auto continues = [&](std::size_t i) { return (byte(i) & 0xC0U) == 0x80U; };
  const unsigned lead = byte(0);
  if (lead < 0x80) return 1;
  if (lead >= 0xC2 && lead <= 0xDF) return continues(1) ? 2 : 0;
  if (lead >= 0xE0 && lead <= 0xEF) {
    if (!continues(1) || !continues(2)) return 0;
    if (lead == 0xE0 && byte(1) < 0xA0) return 0;
    return lead == 0xED && byte(1) > 0x9F ? 0 : 3;
  }
  if (lead >= 0xF0 && lead <= 0xF4) {
    if (!continues(1) || !continues(2) || !continues(3)) return 0;
    if (lead == 0xF0 && byte(1) < 0x90) return 0;
    return lead == 0xF4 && byte(1) > 0x8F ? 0 : 4;
  }
  return 0;
}

void AppendEscaped(std::string& out, char c) {
  static constexpr char kHex[] = "0123456789abcdef";
  switch (c) {
    case '"':
      out += "\\\"";
      return;
    case '\\':
      out += "\\\\";
      return;
    case '\n':
      out += "\\n";
      return;
    case '\r':
      out += "\\r";
      return;
    case '\t':
      out += "\\t";
      return;
    default:
      out += "\\u00";
      out += kHex[(static_cast<unsigned char>(c) >> 4) & 15];
      out += kHex[static_cast<unsigned char>(c) & 15];
  }
}

}  // namespace

std::string PlainJson(std::string_view canonical) {
  std::string out;
  out.reserve(canonical.size());
  if (!Rewriter(canonical, out).Document()) return std::string(canonical);
  return out;
}

void AppendJsonString(std::string& out, std::string_view text) {
  out += '"';
  std::size_t plain = 0;  // start of what needs no change
  for (std::size_t at = 0; at < text.size();) {
    const auto c = static_cast<unsigned char>(text[at]);
    if (c >= 0x20 && c < 0x80 && c != '"' && c != '\\') {
      ++at;
      continue;
    }
    const std::size_t bytes = CharacterBytes(text, at);
    if (c >= 0x80 && bytes != 0) {
      at += bytes;
      continue;
    }
    out += text.substr(plain, at - plain);
    if (c >= 0x80) {
      out += "\xEF\xBF\xBD";
    } else {
      AppendEscaped(out, text[at]);
    }
    plain = ++at;
  }
  out += text.substr(plain);
  out += '"';
}

std::optional<std::string_view> SqlText(model::AnyType type, std::string_view text,
                                        std::string& scratch) {
  switch (type) {
    case model::AnyType::kEmpty:
      return std::nullopt;
    case model::AnyType::kArray:
      scratch = PlainJson(text);
      return scratch;
    case model::AnyType::kMap:
      scratch = text == "{}" || text == R"({"values":[]})" ? "{}" : PlainJson(text);
      return scratch;
    default:
      return text;
  }
}

std::string_view FormatDouble(double value, char (&buffer)[40]) {
  if (std::isnan(value)) return "NaN";
  if (std::isinf(value)) return value > 0 ? "Infinity" : "-Infinity";
  const auto end = std::to_chars(buffer, buffer + sizeof buffer, value).ptr;
  return {buffer, static_cast<std::size_t>(end - buffer)};
}

std::string_view FormatInt(std::int64_t value, char (&buffer)[40]) {
  const auto end = std::to_chars(buffer, buffer + sizeof buffer, value).ptr;
  return {buffer, static_cast<std::size_t>(end - buffer)};
}

std::optional<std::int64_t> CanonicalInt(std::string_view text) {
  std::int64_t value = 0;
  const auto parsed = std::from_chars(text.data(), text.data() + text.size(), value);
  char buffer[40];
  if (parsed.ec != std::errc() || FormatInt(value, buffer) != text) return std::nullopt;
  return value;
}

std::optional<double> CanonicalDouble(std::string_view text) {
  double value = 0;
  const auto parsed = std::from_chars(text.data(), text.data() + text.size(), value);
  char buffer[40];
  if (parsed.ec != std::errc() || std::isnan(value) || FormatDouble(value, buffer) != text) {
    return std::nullopt;
  }
  return value;
}

}  // namespace strata::duck
