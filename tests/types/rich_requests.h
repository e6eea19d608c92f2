// Requests by hand that hold whatever storage could lose: every field, every type of value, values
// and keys that are easily confused, messages that are there but empty.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "model/kind.h"
#include "wire/otlp_test_requests.h"

namespace strata::types {

// An AnyValue of every type, and what is easily lost.
const std::vector<wire::Message>& AllValues();

wire::Message RichLog(std::size_t n);

// Several resources and scopes; their heads there, empty or missing; schema urls and counts.
// Different seeds give different requests.
std::string RichRequest(model::Kind kind, std::size_t seed);

}  // namespace strata::types
