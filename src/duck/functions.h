// Scalar functions that differ from DuckDB's: now() and its kin are TIMESTAMP_NS in UTC, arithmetic
// of TIMESTAMP_NS and INTERVAL keeps nanoseconds, functions that tell about the process refuse, and
// those that make much out of little are bounded. Internal to module duck.
#pragma once

#include "duckdb/main/extension/extension_loader.hpp"

namespace strata::duck {

void RegisterFunctions(duckdb::ExtensionLoader& loader);

}  // namespace strata::duck
