#include "wal/report.h"

namespace strata::wal {

std::string_view SegmentStateName(SegmentState state) {
  switch (state) {
    case SegmentState::kActive:
      return "active";
    case SegmentState::kClosed:
      return "closed";
    case SegmentState::kNext:
      return "next";
    case SegmentState::kSpare:
      return "spare";
  }
  return "unknown";
}

}  // namespace strata::wal
