// NumberTexts: which numbers SQL shows as one of some texts. Internal to module duck.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string>
#include <vector>

namespace strata::duck {

// Attributes are texts in SQL, whatever type they came with. So = is true for the one number that
// has exactly this text: '7', not '07'. All NaNs have one text.
class NumberTexts {
 public:
  explicit NumberTexts(const std::vector<std::string>& texts);

  bool Has(std::int64_t value) const { return std::ranges::count(integers_, value) != 0; }
  bool Has(double value) const;
  bool Has(std::uint8_t truth) const { return truth != 0 ? true_ : false_; }  // as in a block

 private:
  std::vector<std::int64_t> integers_;
  std::vector<std::uint64_t> doubles_;  // their bits: 0 and -0 have two texts
  bool nan_ = false;
  bool true_ = false;
  bool false_ = false;
};

}  // namespace strata::duck
