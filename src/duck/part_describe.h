// What a part's own bytes tell of it, for a manifest that lost the entry. There is no checksum to
// compare with then: every row is read, and what decodes is believed.
//
// Threads: any; a call uses the calling thread only. Does not depend on a running Engine.
#pragma once

#include <string>

#include "base/result.h"
#include "duck/snapshot.h"
#include "model/kind.h"
#include "os/file_system.h"

namespace strata::duck {

// The entry of the part at `path`, and of the filter beside it if that is whole. Errors: kCorrupt
// when it does not decode or is none of this kind and version; kUnavailable and those of module os
// when it cannot be read.
Result<PartInfo> DescribePart(model::Kind kind, const std::string& path, os::FileSystem& files);

}  // namespace strata::duck
