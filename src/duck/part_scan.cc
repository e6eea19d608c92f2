#include "duck/part_scan.h"

namespace strata::duck {

class OpenPart {};
struct PartScan::Reading {};
PartQueue::PartQueue(duckdb::ClientContext& context, const ScanPlan& plan)
    : context_(context), plan_(plan) {}
PartQueue::~PartQueue() = default;
void PartQueue::Add(const std::string& collection, const PartRef& part) {
  waiting_.push_back({&collection, &part});
}
bool PartQueue::Take(PartUnit&) {
  return false;
}
PartScan::PartScan(duckdb::ClientContext& context, const ScanPlan& plan)
    : context_(context), plan_(plan) {}
PartScan::~PartScan() = default;
void PartScan::Start(PartUnit) {}
bool PartScan::Next(duckdb::DataChunk&) {
  return false;
}

}  // namespace strata::duck
