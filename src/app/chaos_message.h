// One OTLP message, written as protobuf and as JSON at once, so that both encodings of a request
// say the same.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>

namespace strata::app {

// `text` in quotes, as strata's answers write it.
std::string QuotedJson(std::string_view text);
std::string HexOf(std::string_view bytes);  // lower case

// Each field has its number in protobuf and its name in JSON. The messages of a repeated field
// follow each other.
class ChaosMessage {
 public:
  ChaosMessage& Text(std::uint32_t field, std::string_view name, std::string_view value);
  ChaosMessage& Id(std::uint32_t field, std::string_view name, std::string_view bytes);
  ChaosMessage& Bool(std::uint32_t field, std::string_view name, bool value);
  ChaosMessage& Enum(std::uint32_t field, std::string_view name, std::uint32_t value);
  ChaosMessage& ZigZag(std::uint32_t field, std::string_view name, std::int32_t value);
  ChaosMessage& Int64(std::uint32_t field, std::string_view name, std::int64_t value);
  ChaosMessage& Fixed32(std::uint32_t field, std::string_view name, std::uint32_t value);
  ChaosMessage& Fixed64(std::uint32_t field, std::string_view name, std::uint64_t value);
  ChaosMessage& Double(std::uint32_t field, std::string_view name, double value);
  ChaosMessage& Add(std::uint32_t field, std::string_view name, const ChaosMessage& message);
  ChaosMessage& Repeat(std::uint32_t field, std::string_view name, const ChaosMessage& message);
  // Packed.
  ChaosMessage& Fixed64s(std::uint32_t field, std::string_view name,
                         std::initializer_list<std::uint64_t> values);
  ChaosMessage& Varints(std::uint32_t field, std::string_view name,
                        std::initializer_list<std::uint64_t> values);
  ChaosMessage& Doubles(std::uint32_t field, std::string_view name,
                        std::initializer_list<double> values);

  const std::string& protobuf() const { return protobuf_; }
  std::string json() const;

 private:
  // A member of the JSON object; `value` is JSON.
  void Member(std::string_view name, std::string_view value);

  std::string protobuf_;
  std::string json_;      // without the braces around it and the end of `repeated_`
  std::string repeated_;  // the field whose array is open
};

}  // namespace strata::app
