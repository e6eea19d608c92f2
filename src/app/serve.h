// The server: wiring of all modules, from configuration to exit.
#pragma once

#include <functional>

#include "app/config.h"
#include "base/result.h"
#include "os/file_system.h"

namespace strata::app {

// What SIGHUP asks for: the configuration loaded again from its sources, or why it is refused.
using ReloadFunction = std::function<Result<Config>()>;

// Serves from `files` until SIGTERM or SIGINT and returns the exit code. `config` is valid
// (Config::Validate).
// Called on the main thread before any other thread exists, so that signals can be blocked first.
int Serve(const Config& config, os::FileSystem& files, const ReloadFunction& reload);

}  // namespace strata::app
