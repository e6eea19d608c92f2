// PartFileSystem: the only files that DuckDB reaches; strata://<path> where <path> is a part of the
// running statement's snapshot, read only, every block checked against its checksum. Internal to
// module duck.
#pragma once

#include "duckdb/common/file_system.hpp"

namespace strata::duck {

inline constexpr const char* kPartScheme = "strata://";

class PartFileSystem final : public duckdb::FileSystem {
 public:
  bool CanHandleFile(const duckdb::string& path) override;
  std::string GetName() const override { return "strata"; }
};

}  // namespace strata::duck
