// What the senders of `strata chaos` send: requests that follow from a seed, a client and a number,
// and what SQL must say about each record of them, field by field.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "model/kind.h"

namespace strata::app {

struct ChaosRequestId {
  std::uint32_t client = 0;
  std::uint64_t number = 0;  // of the client's requests, from 0 on

  std::string Text() const { return std::to_string(client) + "-" + std::to_string(number); }
};

struct ChaosRequest {
  model::Kind kind{};
  std::string protobuf;
  std::string json;  // the same request
  // A line for each record: the rest of the row that ChaosRowsSql selects.
  std::vector<std::string> rows;
};

// Equal arguments make equal requests. Times begin at `base_ns` since 1970; `seed` chooses the
// rest.
class ChaosRequests {
 public:
  ChaosRequests(std::uint64_t seed, std::int64_t base_ns) : seed_(seed), base_ns_(base_ns) {}

  static model::Kind KindOf(const ChaosRequestId& id);
  ChaosRequest Make(const ChaosRequestId& id) const;

 private:
  const std::uint64_t seed_;
  const std::int64_t base_ns_;
};

// All records of a kind in the order of the log: position, ordinal, the request's id, then every
// other column of the view.
std::string ChaosRowsSql(model::Kind kind);

}  // namespace strata::app
