// The other direction of wire/decompress.h, for strata as a client: what the load generator sends.
#pragma once

#include "base/buffer.h"
#include "base/bytes.h"
#include "wire/decompress.h"

namespace strata::wire {

// `body` in that coding, at the speed that senders choose (gzip: level 1, zstd: level 3). Requires:
// kGzip or kZstd. Any thread.
Buffer Compress(ContentCoding coding, ByteSpan body);

}  // namespace strata::wire
