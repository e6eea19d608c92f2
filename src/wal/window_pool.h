// Buffers that segments are read into, lent and used again: the kernel clears every page of a fresh
// one first, which costs as much as checking what is read into it.
//
// A handle: copies lend from the same buffers. Any thread may take a window and any may drop it. As
// many buffers are kept as were lent at once, until the last handle and the last window are gone.
#pragma once

#include <cstddef>
#include <memory>

#include "os/aligned_buffer.h"

namespace strata::wal {

class WindowPool {
 public:
  WindowPool();
  // At least `bytes` long; what it held is unspecified. Comes back when the last pointer is
  // dropped.
  std::shared_ptr<os::AlignedBuffer> Take(std::size_t bytes) const;

 private:
  struct Idle;
  std::shared_ptr<Idle> idle_;
};

}  // namespace strata::wal
