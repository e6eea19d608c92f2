// The header fields of HTTP/2 frames that a client of ours receives (`strata bench`), decompressed.
// One for each connection: a block may refer to those before it.
#pragma once

#include <functional>
#include <memory>
#include <string_view>

#include "base/result.h"

namespace strata::server {

class FieldDecoder {
 public:
  FieldDecoder();
  ~FieldDecoder();

  // Calls `take` with each field of a whole block. kCorrupt: it is none, and the connection cannot
  // be read any further.
  using Take = std::function<void(std::string_view name, std::string_view value)>;
  Status Decode(std::string_view block, const Take& take);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace strata::server
