// The figures of a run, in the order in which they are read.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace strata::app {

class BenchReport {
 public:
  void Add(std::string name, double value, std::string unit, int decimals = 0);
  void AddText(std::string name, std::string value);

  std::string AsTable() const;  // a line a figure
  std::string AsJson() const;   // one flat object: {"records_per_second": 1200000, …}

 private:
  struct Figure {
    std::string name;
    double value = 0;
    std::string unit = {};
    int decimals = 0;
    std::string text = {};  // not empty: the figure is this text
  };
  std::vector<Figure> figures_;
};

}  // namespace strata::app
