// Functions that make much out of little (repeat('x', 4e9), range(1e10)) allocate past DuckDB's
// memory limit. Here they are bounded: what one call of up to 2,048 rows may make. Internal to
// module duck.
#pragma once

#include "duckdb/main/extension/extension_loader.hpp"

namespace strata::duck {

inline constexpr double kBytesOfOneCallMax = 128.0 * 1024 * 1024;

// Replaces them in the catalog by versions that throw duckdb::OutOfMemoryException.
void BoundFunctions(duckdb::ExtensionLoader& loader);

}  // namespace strata::duck
