// An open file of the simulated disk. Private to os/simulated_*.cc.
#pragma once

#include <memory>
#include <string>

#include "os/file_system.h"
#include "os/simulated_disk.h"

namespace strata::os {

std::unique_ptr<File> OpenSimulatedFile(std::shared_ptr<SimulatedDisk::State> state,
                                        std::shared_ptr<SimulatedDisk::Node> node, std::string key,
                                        const OpenOptions& options);

}  // namespace strata::os
