// GET /debug/store: what the process holds where, as JSON, for people who look for a reason.
#pragma once

#include <string>

#include "hot/hot.h"
#include "model/collection.h"
#include "store/store.h"
#include "wal/log.h"

namespace strata::app {

// {"backend", "log": {…, "segments", "cursors"}, "hot", "store", "collections": […]}
std::string DebugStoreJson(const wal::Log& log, const hot::Hot& hot, const store::Store& store,
                           const model::CollectionTable& collections);

}  // namespace strata::app
