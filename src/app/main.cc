#include <malloc.h>

#include "app/cli.h"

namespace {

// Bodies of requests are some hundred KiB: they are kept for the next request instead of going back
// to the kernel, which would clear their pages each time.
constexpr int kKeptBytes = 32 << 20;

}  // namespace

int main(int argc, char** argv) {
  mallopt(M_MMAP_THRESHOLD, kKeptBytes);  // NOLINT(concurrency-mt-unsafe): no other thread yet
  mallopt(M_TRIM_THRESHOLD, kKeptBytes);  // NOLINT(concurrency-mt-unsafe)
  return strata::app::RunCommandLine(argc, argv);
}
