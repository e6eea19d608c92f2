#include "ingest/dedup_file.h"

#include <atomic>
#include <thread>

#include <gtest/gtest.h>

#include "ingest/test_request.h"
#include "os/forwarding_file_system.h"

namespace strata::ingest {
namespace {

// A disk that is full for the first files that are made.
class FullAtFirst final : public os::ForwardingFileSystem {
 public:
  FullAtFirst(os::FileSystem& files, int failures)
      : ForwardingFileSystem(files), failures_(failures) {}

  Result<std::unique_ptr<os::File>> Open(const Path& path,
                                         const os::OpenOptions& options) override {
    if (options.create && failures_.fetch_sub(1) > 0) {
      return Error{Code::kExhausted, path.native() + ": No space left on device"};
    }
    return inner().Open(path, options);
  }

 private:
  std::atomic<int> failures_;
};

// The log may be full because of it, so that no further request wakes anybody.
TEST(DedupFile, ASaveThatFailedIsTriedAgainWithoutAnotherRequest) {
  os::SimulatedDisk disk;
  TestIngest ingest(disk);
  const std::uint64_t receipt = ingest.Send(LogsRequest({1}, "hello")).receipt;
  FullAtFirst files(disk, 2);
  DedupFile file("/data", ingest.pipeline(), ingest.log(), files);
  file.Start(/*segment_bytes=*/1);
  const MonotonicTime deadline = SystemClock().Monotonic() + std::chrono::seconds(30);
  while (ingest.log().CursorOf(kDedupConsumer) < receipt) {
    ASSERT_LT(SystemClock().Monotonic(), deadline) << "it was given up";
    std::this_thread::yield();
  }
}

}  // namespace
}  // namespace strata::ingest
