// `<data-dir>/listeners.json`: the addresses in use, for whoever let the system choose a port.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "base/result.h"
#include "os/file_system.h"

namespace strata::app {

struct ListenerAddress {
  std::string name;     // as the setting below `listen`: otlp_grpc
  std::string address;  // host:port
};

// {"pid":…,"otlp_grpc":"127.0.0.1:4317",…}; replaced whole.
Status WriteListenersFile(const std::filesystem::path& data_dir,
                          const std::vector<ListenerAddress>& listeners, os::FileSystem& files);

}  // namespace strata::app
