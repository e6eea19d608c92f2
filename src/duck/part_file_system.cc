#include "duck/part_file_system.h"

namespace strata::duck {
bool PartFileSystem::CanHandleFile(const duckdb::string& path) {
  return path.rfind(kPartScheme, 0) == 0;
}
}  // namespace strata::duck
