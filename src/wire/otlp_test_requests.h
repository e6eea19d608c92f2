// OTLP requests for tests: fields written by hand, and whole random requests.
#pragma once

#include <cstdint>
#include <random>
#include <string>
#include <string_view>

#include "model/kind.h"
#include "wire/proto_writer.h"

namespace strata::wire {

// Builds one message: Message().Bytes(1, "k").Varint(2, 7).str().
class Message {
 public:
  Message& Varint(std::uint32_t field, std::uint64_t value) {
    ProtoWriter(bytes_).Varint(field, value);
    return *this;
  }
  Message& Fixed64(std::uint32_t field, std::uint64_t value) {
    ProtoWriter(bytes_).Fixed64(field, value);
    return *this;
  }
  Message& Fixed32(std::uint32_t field, std::uint32_t value) {
    ProtoWriter(bytes_).Fixed32(field, value);
    return *this;
  }
  Message& Double(std::uint32_t field, double value) {
    ProtoWriter(bytes_).Double(field, value);
    return *this;
  }
  Message& Bytes(std::uint32_t field, std::string_view bytes) {
    ProtoWriter(bytes_).Bytes(field, bytes);
    return *this;
  }
  Message& Add(std::uint32_t field, const Message& message) { return Bytes(field, message.bytes_); }
  Message& Raw(std::string_view bytes) {
    bytes_ += bytes;
    return *this;
  }
  const std::string& str() const { return bytes_; }

 private:
  std::string bytes_;
};

inline Message StringValue(std::string_view text) {
  return Message().Bytes(1, text);
}
inline Message KeyValue(std::string_view key, const Message& value) {
  return Message().Bytes(1, key).Add(2, value);
}

// A request with one resource and one scope around the records (for metrics: around Metric
// messages).
inline std::string RequestOf(std::initializer_list<Message> records) {
  Message scope;
  scope.Add(1, Message().Bytes(1, "scope"));
  for (const Message& record : records) scope.Add(2, record);
  Message resource;
  resource.Add(1, Message().Add(1, KeyValue("service.name", StringValue("shop"))));
  resource.Add(2, scope);
  return Message().Add(1, resource).str();
}

// Requests that use every field now and then, in any order of fields, with all types of values.
class RandomRequests {
 public:
  explicit RandomRequests(std::uint32_t seed) : random_(seed) {}
  std::string Make(model::Kind kind);

 private:
  std::uint32_t Below(std::uint32_t bound) { return static_cast<std::uint32_t>(random_() % bound); }
  bool Now(std::uint32_t one_in) { return Below(one_in) == 0; }
  std::string Text();
  std::string Id(std::size_t size);
  std::uint64_t Time() { return Now(4) ? 0 : random_() >> 2; }
  double Number();
  Message Value(int depth);
  void AddAttributes(Message& message, std::uint32_t field, std::uint32_t max);
  Message LogRecord();
  Message Span();
  Message Metric();
  Message Point(std::uint32_t data_field);
  Message Exemplar();
  Message Buckets();

  std::mt19937_64 random_;
};

}  // namespace strata::wire
