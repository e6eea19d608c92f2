#include "query/part_faults.h"

namespace strata::query {

ReportPart ReportTo(store::Store& store) {
  return [&store](const std::string& path, PartFault fault) {
    const bool is_damaged = fault == PartFault::kDamaged;
    is_damaged ? store.ReportDamaged(path) : store.ReportUnreadable(path);
  };
}

bool PartFaults::MakeAnotherRunWorthwhile(const duck::SqlError& error) {
  bool worthwhile = false;
  for (const std::string& path : error.damaged_parts) {
    report_(path, PartFault::kDamaged);
    worthwhile |= met_[path] < kReadsMax;
    met_[path] = kReadsMax;
  }
  for (const std::string& path : error.unreadable_parts) {
    const int times = ++met_[path];
    if (times >= kReadsMax) report_(path, PartFault::kUnreadable);
    worthwhile |= times <= kReadsMax;
  }
  return worthwhile;
}

}  // namespace strata::query
