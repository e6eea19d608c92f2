#include "app/serve.h"

#include <memory>
#include <optional>
#include <thread>

#include "app/exit_code.h"
#include "app/instance.h"
#include "app/signals.h"
#include "base/log.h"

namespace strata::app {
namespace {

// A path that is not there is a failure of the start, not the answer "not found".
int Fail(const Error& error) {
  LogError("strata cannot start", {{"reason", error.message}});
  return error.code == Code::kNotFound ? kExitFailure : ExitCodeOf(error.code);
}

void LogReady(const Instance& instance) {
  for (const ListenerAddress& listener : instance.listeners()) {
    LogInfo("listening", {{"listener", listener.name}, {"address", listener.address}});
  }
}

}  // namespace

int Serve(const Config& config, os::FileSystem& files, const ReloadFunction& reload) {
  const Signals signals;
  auto opened = Instance::Open(config, files);
  if (!opened) return Fail(opened.error());
  const std::unique_ptr<Instance> instance = *std::move(opened);
  LogReady(*instance);

  // Beside the wait for signals, so that reading back a long log can be stopped.
  std::optional<Error> failure;
  std::thread recovery([&] {
    auto recovered = instance->Recover();
    if (recovered || instance->recovery_cancelled()) return;
    failure = recovered.error();
    signals.RequestStop();
  });
  while (signals.Wait() == SignalEvent::kReload) {
    auto reloaded = reload();
    if (!reloaded) {
      LogError("configuration refused; the running one stays",
               {{"reason", reloaded.error().message}});
      continue;
    }
    instance->Apply(*reloaded);
    LogInfo("configuration applied");
  }
  LogInfo("stopping");
  instance->CancelRecovery();
  recovery.join();
  instance->Stop();
  if (failure) return Fail(*failure);
  LogInfo("stopped");
  return kExitOk;
}

}  // namespace strata::app
