// Metrics of the stages that know no registry: the log, memory, and the process itself. They are
// read at each scrape.
#pragma once

#include "app/disk_watch.h"
#include "hot/hot.h"
#include "model/metrics.h"
#include "os/space_reserve.h"
#include "wal/log.h"

namespace strata::app {

// All outlive the last scrape.
void RegisterLogMetrics(model::Registry& registry, const wal::Log& log);
void RegisterHotMetrics(model::Registry& registry, const hot::Hot& hot);
void RegisterProcessMetrics(model::Registry& registry);
void RegisterDiskMetrics(model::Registry& registry, const DiskWatch& watch,
                         const os::SpaceReserve& reserve);

}  // namespace strata::app
