// PartFaults: what becomes of a statement that met parts which do not read back. One object each.
//
// A damaged part is reported at once; whoever owns the parts leaves it out of the next snapshot,
// which says so. A part that cannot be read is tried once more before: that may have been an
// accident. Each step is a reason to run the statement again; when there is none, the error stands.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>

#include "duck/engine.h"
#include "store/store.h"

namespace strata::query {

enum class PartFault : std::uint8_t { kDamaged, kUnreadable };
// Tells whoever owns the parts of the one at this path.
using ReportPart = std::function<void(const std::string& path, PartFault fault)>;
ReportPart ReportTo(store::Store& store);  // which outlives it

class PartFaults {
 public:
  // `report` outlives it.
  explicit PartFaults(const ReportPart& report) : report_(report) {}

  // True: run it again, on a fresh snapshot. Another statement may have reported the part first.
  bool MakeAnotherRunWorthwhile(const duck::SqlError& error);

 private:
  static constexpr int kReadsMax = 2;

  const ReportPart& report_;
  std::map<std::string, int> met_;  // how often, by path
};

}  // namespace strata::query
