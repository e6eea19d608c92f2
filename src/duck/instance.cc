#include "duck/instance.h"

#include <chrono>
#include <string>

#include "duck/fence.h"
#include "duck/functions.h"
#include "duck/part_file_system.h"
#include "duck/rewrite.h"
#include "duck/scan.h"
#include "duck/statement_state.h"
#include "duckdb/common/file_system.hpp"
#include "duckdb/main/config.hpp"
#include "duckdb/main/extension/extension_loader.hpp"
#include "duckdb/optimizer/optimizer_extension.hpp"

namespace strata::duck {
namespace {

// Runs for every plan before DuckDB's own optimizers.
void BeforeOptimizing(duckdb::OptimizerExtensionInput& input,
                      duckdb::unique_ptr<duckdb::LogicalOperator>& plan) {
  StatementState& statement = StatementState::Of(input.context);
  if (statement.snapshot == nullptr) return;  // set-up
  CheckPlan(*plan);
  statement.checked.store(true);
  RewriteAttributes(*plan);
}

void Execute(duckdb::Connection& connection, const std::string& sql) {
  const auto result = connection.Query(sql);
  if (result->HasError()) result->ThrowError();
}

}  // namespace

Result<std::unique_ptr<Instance>> Instance::Open(const InstanceConfig& config) {
  auto instance = std::unique_ptr<Instance>(new Instance(config.memory_bytes));
  try {
    instance->SetUp(config);
  } catch (const std::exception& e) {
    return Error{Code::kUnavailable, std::string("open DuckDB: ") + e.what()};
  }
  return instance;
}

void Instance::SetUp(const InstanceConfig& config) {
  duckdb::DBConfig settings;
  settings.SetOptionByName("threads", duckdb::Value::INTEGER(static_cast<int>(config.threads)));
  settings.SetOptionByName("memory_limit", std::to_string(config.memory_bytes) + "B");
  // No spilling: a statement that needs more memory than it may have ends with an error.
  settings.SetOptionByName("temp_directory", duckdb::Value(""));
  settings.SetOptionByName("autoinstall_known_extensions", duckdb::Value::BOOLEAN(false));
  settings.SetOptionByName("autoload_known_extensions", duckdb::Value::BOOLEAN(false));
  // Parts are read through the page cache and checked; a second cache would eat the statement's
  // memory.
  settings.SetOptionByName("enable_external_file_cache", duckdb::Value::BOOLEAN(false));
  database_ = std::make_unique<duckdb::DuckDB>(nullptr, &settings);
  auto& live = duckdb::DBConfig::GetConfig(*database_->instance);
  live.replacement_scans.clear();
  // Extensions of the optimizer that are in the DBConfig at opening are dropped silently.
  duckdb::OptimizerExtension extension;
  extension.pre_optimize_function = BeforeOptimizing;
  live.optimizer_extensions.push_back(extension);
  database_->GetFileSystem().RegisterSubSystem(duckdb::make_uniq<PartFileSystem>());

  duckdb::ExtensionLoader loader(*database_->instance, "strata");
  duckdb::Connection connection(*database_);
  for (const model::Kind kind : model::kKinds) {
    loader.RegisterFunction(ScanFunction(kind, config.filters_pushed));
  }
  RegisterFunctions(loader);
  for (const model::Kind kind : model::kKinds) {
    Execute(connection, "CREATE VIEW " + std::string(model::KindName(kind)) + " AS SELECT * FROM " +
                            ScanFunctionName(kind) + "()");
  }
  Execute(connection, "SET GLOBAL TimeZone='UTC'");
  Execute(connection, "SET GLOBAL preserve_insertion_order=false");
  Execute(connection, std::string("SET GLOBAL allowed_directories=['") + kPartScheme + "']");
  Execute(connection, "SET GLOBAL enable_external_access=false");
  Execute(connection, "SET GLOBAL lock_configuration=true");
}

}  // namespace strata::duck
