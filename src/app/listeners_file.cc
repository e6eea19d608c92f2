#include "app/listeners_file.h"

#include <unistd.h>

namespace strata::app {

// Names and addresses are ours and hold nothing that JSON escapes.
Status WriteListenersFile(const std::filesystem::path& data_dir,
                          const std::vector<ListenerAddress>& listeners, os::FileSystem& files) {
  std::string json = "{\"pid\":" + std::to_string(::getpid());
  for (const ListenerAddress& listener : listeners) {
    json += ",\"" + listener.name + "\":\"" + listener.address + "\"";
  }
  json += "}\n";
  return files.ReplaceAll(data_dir / "listeners.json", AsBytes(json));
}

}  // namespace strata::app
