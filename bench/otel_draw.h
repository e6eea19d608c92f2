// What the records of otel_generator.h say: the random numbers behind them and their messages.
#pragma once

#include <array>
#include <cstdint>
#include <string>

namespace strata::bench {

extern const std::array<const char*, 20> kOtelServices;
extern const std::array<const char*, 12> kOtelRoutes;

// xorshift64*. The sequence is part of the definition of the rows.
class Random {
 public:
  explicit Random(std::uint64_t seed);
  std::uint64_t Next();
  std::uint64_t Below(std::uint64_t bound) { return (Next() >> 33) % bound; }
  double Unit();  // [0, 1)

 private:
  std::uint64_t state_;
};

// What one record draws before its message is written; the order of the draws defines the rows.
struct Draw {
  std::uint8_t severity;
  unsigned message;
  double latency_ms;
  unsigned status;
  const char* route;
  unsigned a;
  unsigned c;
  unsigned d;
};

Draw DrawRecord(Random& random);
// The log message of the record.
std::string Message(const Draw& draw, Random& random);

[[gnu::format(printf, 1, 2)]] std::string Format(const char* format, ...);

}  // namespace strata::bench
