// What a JSON document may not hold and senders put into it: bytes that are not UTF-8, halves of
// surrogate pairs (a JavaScript string that was cut inside a character). A parser refuses the whole
// document for it, the contract refuses the record. Internal to wire.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace strata::wire {

struct MarkedJson {
  std::string json;  // each piece that is no text is replaced by the mark
  std::string mark;  // one character, nowhere else in the document
};

// nullopt: nothing is to be marked, or no mark is free.
std::optional<MarkedJson> MarkBadText(std::string_view json);

}  // namespace strata::wire
