#include "duck/number_texts.h"

#include <bit>
#include <cmath>

#include "duck/plain_json.h"

namespace strata::duck {

NumberTexts::NumberTexts(const std::vector<std::string>& texts) {
  for (const std::string& text : texts) {
    if (const auto integer = CanonicalInt(text)) integers_.push_back(*integer);
    if (const auto number = CanonicalDouble(text)) {
      doubles_.push_back(std::bit_cast<std::uint64_t>(*number));
    }
    nan_ |= text == "NaN";
    true_ |= text == "true";
    false_ |= text == "false";
  }
}

bool NumberTexts::Has(double value) const {
  if (std::isnan(value)) return nan_;
  return std::ranges::count(doubles_, std::bit_cast<std::uint64_t>(value)) != 0;
}

}  // namespace strata::duck
