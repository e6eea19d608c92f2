#include <iostream>

#include "app/commands.h"
#include "app/exit_code.h"
#include "app/version.h"
#include "base/fault_point.h"

namespace strata::app {

std::string_view Version() {
  return STRATA_VERSION;
}

int RunVersion(TextOutput output) {
  if (output == TextOutput::kJson) {
    std::cout << R"({"version":")" << Version() << R"(","compiler":")" << __VERSION__ << "\"}\n";
  } else {
    std::cout << "strata " << Version() << '\n';
  }
  return kExitOk;
}

int RunFaultPoints() {
  for (const std::string_view name : FaultPointNames()) std::cout << name << '\n';
  return kExitOk;
}

}  // namespace strata::app
