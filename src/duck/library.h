// A DuckDB instance for what is no statement: writing and merging
// parts. Internal to module duck.
#pragma once

#include <memory>

#include "duckdb/main/connection.hpp"

namespace strata::duck {

// A connection to the process' one instance without limits of its own; opened at first use (10 ms).
// Any thread. Throws what DuckDB throws.
std::unique_ptr<duckdb::Connection> LibraryConnection();

}  // namespace strata::duck
