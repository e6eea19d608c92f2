// Reading back the log, with the reader that replay uses.
#pragma once

#include "base/result.h"
#include "store/check.h"
#include "store/log_source.h"

namespace strata::store {

struct LogScrubbed {
  std::uint64_t bytes = 0;
  std::uint64_t damaged_ranges = 0;   // that were not known before
  wal::Position damaged_through = 0;  // they lie at or below, 0: there are none
};

// Reads what is published and not released, payloads included, a few MiB at a time, so that no
// segment is held for long. The log itself keeps and tells what is damaged.
Result<LogScrubbed> ScrubLog(LogSource& log, const Pace& pace);

}  // namespace strata::store
