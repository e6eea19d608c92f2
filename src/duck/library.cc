#include "duck/library.h"

#include "duck/part_file_system.h"
#include "duckdb/main/config.hpp"
#include "duckdb/main/database.hpp"

namespace strata::duck {

std::unique_ptr<duckdb::Connection> LibraryConnection() {
  // DuckDB's Parquet classes want a context; it holds no data. Never destroyed: a part may be
  // written while the process exits.
  static duckdb::DuckDB& database = *[] {
    duckdb::DBConfig settings;
    settings.SetOptionByName("threads", duckdb::Value::INTEGER(1));
    settings.SetOptionByName("temp_directory", duckdb::Value(""));
    settings.SetOptionByName("autoinstall_known_extensions", duckdb::Value::BOOLEAN(false));
    settings.SetOptionByName("autoload_known_extensions", duckdb::Value::BOOLEAN(false));
    settings.SetOptionByName("enable_external_file_cache", duckdb::Value::BOOLEAN(false));
    auto* library = new duckdb::DuckDB(nullptr, &settings);
    library->GetFileSystem().RegisterSubSystem(duckdb::make_uniq<PartFileSystem>());
    return library;
  }();
  return std::make_unique<duckdb::Connection>(database);
}

}  // namespace strata::duck
