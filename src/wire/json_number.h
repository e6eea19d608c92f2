// Doubles in OTLP/JSON.
#pragma once

#include <string>

namespace strata::wire {

// Appends the shortest JSON that reads back as the same double, sign of zero included; what is not
// finite as the strings that protobuf's JSON form gives it.
void AppendJsonDouble(std::string& out, double value);

}  // namespace strata::wire
