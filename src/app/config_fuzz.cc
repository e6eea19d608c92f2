// Property: a file of settings is refused with a message that names it, or read; a value that a
// setting took is printed so that it is read back as the same.
#include <cstdint>
#include <string>
#include <string_view>

#include "app/config_file.h"
#include "app/settings.h"
#include "base/check.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace strata;  // NOLINT(google-build-using-namespace)
  const std::string_view yaml(reinterpret_cast<const char*>(data), size);
  const app::Environment environment{{"NAME", "value"}, {"EMPTY", ""}};
  const auto assignments = app::ReadSettings(yaml, "strata.yaml", environment);
  if (!assignments) {
    CHECK(assignments.error().code == Code::kInvalidInput);
    CHECK(assignments.error().message.starts_with("strata.yaml"));
    return 0;
  }
  app::Config config = app::DefaultConfig(/*root=*/false);
  for (const app::Assignment& assignment : *assignments) {
    const app::Setting* setting = app::FindSetting(assignment.name);
    CHECK(setting != nullptr && assignment.line > 0);
    if (const Status set = setting->set(config, assignment.text); !set) {
      CHECK(!set.error().message.empty());
      continue;
    }
    const std::string printed = setting->get(config);
    CHECK(setting->set(config, printed).has_value());
    CHECK(setting->get(config) == printed);
  }
  (void)config.Validate().has_value();
  return 0;
}
