// Replay: after a start, what the log (and the carry file) holds and no part does becomes rows
// again.
//
// Frames are decoded in parallel, each worker into lanes of its own, with the limits that were in
// force when the request came, so that every record that was acknowledged, and no other, is visible
// again.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <latch>
#include <memory>
#include <vector>

#include "base/result.h"
#include "hot/hot.h"
#include "ingest/pipeline.h"
#include "model/collection.h"
#include "wal/log.h"

namespace strata::ingest {

struct ReplayReport {
  std::uint64_t frames = 0;   // decoded
  std::uint64_t skipped = 0;  // in parts already
  std::uint64_t records = 0;
  std::uint64_t payload_bytes = 0;
  // Frames whose collection nobody defines, or that decode to other counts than were acknowledged.
  // Their bytes stay in the log's quarantine or segment; each is logged.
  std::uint64_t faulty = 0;
  std::vector<wal::PositionRange> lost;  // damaged in the log, see RecoveryReport
};

class Replayer {
 public:
  // `workers` decode at once; no more than the lanes of a collection. When `go_on` says no, Add()
  // and AddCopy() end with kUnavailable: a stop does not wait for a long log.
  Replayer(hot::Hot& hot, model::CollectionTable& collections, std::uint32_t workers,
           std::function<bool()> go_on = {});
  ~Replayer();

  // Requires: positions ascend over all calls. Blocks while the workers have enough to do. Define
  // frames take effect at once; kCorrupt when they contradict each other.
  Status Add(wal::FrameBatch&& batch);

  // One frame whose payload is borrowed for the call only.
  Status AddCopy(const wal::FrameView& frame);

  // Waits for the workers. Call once, at the end.
  Result<ReplayReport> Finish();

 private:
  class Worker;
  Status HandOver(wal::FrameBatch&& batch);
  Status FlushCopies();

  hot::Hot& hot_;
  model::CollectionTable& collections_;
  const std::function<bool()> go_on_;
  std::latch all_decoded_;
  std::vector<std::unique_ptr<Worker>> workers_;
  std::size_t next_ = 0;
  wal::FrameBatch copies_;
  std::shared_ptr<std::deque<Bytes>> copied_bytes_;
};

}  // namespace strata::ingest
