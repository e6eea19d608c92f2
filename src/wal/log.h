// The log: the one place where data becomes durable. Everything after it is one of its consumers.
//
// Life: Open() → Vouch() → Replay() as often as wanted → Start() → Submit(), Read(), Checkpoint(),
// Release() from any thread → Stop(). One process per directory.
//
// Way of a frame: Submit() queues it. The committer's thread takes the queue, asks the hooks in
// queue order (Admit), assigns positions, writes one group, and after the durable write returned
// success calls Publish in position order, moves published(), and calls Settle. There is no timer:
// the next group forms while one is under way.
//
// Failure: a failed write or sync publishes nothing, settles every waiter with kUnavailable, and
// the file is never written again. The log is then unhealthy and refuses frames. It comes back by
// itself (tried at once, then when Submit() is called, at most once a second) only if all that was
// published reads back: the segment is closed behind its last published frame on a fresh
// descriptor, and a fresh segment is opened. Frames that failed are gone for good.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "os/file_system.h"
#include "wal/config.h"
#include "wal/frame.h"
#include "wal/report.h"

namespace strata::wal {

// One frame on its way. Owned by the caller; neither it nor the payload may change or go away from
// Submit() until Settle(), or until Admit() returned false.
struct Append {
  FrameInfo info;
  ByteSpan payload;
  Position position = 0;               // set by the committer after Admit
  std::uint32_t payload_checksum = 0;  // set by Submit
};

// Called on the committer's thread only, never under a lock of the log. Must not block.
class CommitHooks {
 public:
  virtual ~CommitHooks() = default;
  // In queue order, before a position is assigned. False: the frame is not written, and the log
  // never touches `append` again (a duplicate, or the twin of one in flight).
  virtual bool Admit(Append& append) = 0;
  // In position order, after the durable write and before published() moves.
  virtual void Publish(Append& append) = 0;
  // Once for each Append whose Submit() succeeded and that Admit did not refuse: after published()
  // reached its position, or after failure (kUnavailable; kExhausted when the log is full) -- then
  // Publish was not called, and Admit perhaps not either. The log never touches `append`
  // afterwards.
  virtual void Settle(Append& append, const Status& status) = 0;
};

using FrameVisitor = std::function<Status(const FrameView&)>;
using HeaderVisitor = std::function<Status(Position, const FrameInfo&)>;

// Consecutive frames with the bytes they borrow from; may be moved to another thread.
struct FrameBatch {
  std::shared_ptr<const void> storage;
  std::vector<FrameView> frames;
  std::uint64_t payload_bytes = 0;
};
using BatchVisitor = std::function<Status(FrameBatch&&)>;

class Log {
 public:
  // Locks the directory (made when missing) and finds out what it holds. Writes nothing but the
  // folder and its LOCK. `files`, `clock` and `hooks` must outlive the log.
  static Result<std::unique_ptr<Log>> Open(const Config& config, os::FileSystem& files,
                                           const Clock& clock, CommitHooks& hooks);
  ~Log();  // as Stop()
  Log(const Log&) = delete;
  Log& operator=(const Log&) = delete;

  RecoveryReport recovery() const;

  // Before Replay(): whoever keeps an account of its own knows that everything up to `position` was
  // given away. No position up to it is given away again; frames that the log should have and has
  // not are damage.
  void Vouch(Position position);

  // Hands over the frames after `after`, in order, up to the last recovered one. A visitor's error
  // ends the walk and is returned. Payload views are valid during the call only.
  Result<ReadOutcome> Replay(Position after, const FrameVisitor& visit);
  // The same in batches of about `batch_bytes`, for a caller that decodes in parallel.
  Result<ReadOutcome> ReplayBatches(Position after, std::uint64_t batch_bytes,
                                    const BatchVisitor& visit);
  // Headers only: closed segments answer from their footers, no payload is read.
  Result<ReadOutcome> ReplayHeaders(Position after, const HeaderVisitor& visit);

  // Closes what a crash left open, moves foreign files away, opens a fresh segment, starts the
  // threads. Requires: called once. With `threads` false nothing runs by itself: the caller's
  // thread does the work in the two calls below, in an order that a simulation chooses.
  Status Start(bool threads = true);
  // The committer's work that waits, and one piece of the segment stock's. False: there was none.
  bool CommitOnce();
  bool StockOnce();

  // kUnavailable: unhealthy, stopping or not started. kExhausted: queue_bytes_max or max_bytes
  // is reached ("log full": until Release()), or the disk is full. kTooLarge: over frame_bytes_max.
  // After an error the hooks are not called for `append`.
  Status Submit(Append& append);

  // Highest position whose frame and all before it are durable and published.
  Position published() const noexcept;

  // Frames from..to, both included, of those published. Also while the log runs. Positions below
  // the oldest segment are kNotFound: their segment was released.
  Result<ReadOutcome> Read(Position from, Position to, const FrameVisitor& visit);
  Result<ReadOutcome> ReadBatches(Position from, Position to, std::uint64_t batch_bytes,
                                  const BatchVisitor& visit);

  // Makes `consumer` done with everything up to `position`, durably when it returns success.
  // kInvalidInput: position beyond published(), or behind the consumer's cursor.
  Status Checkpoint(std::string_view consumer, Position position);
  Status ForgetConsumer(std::string_view consumer);
  Position CursorOf(std::string_view consumer) const;  // 0 when unknown
  std::uint64_t Lag(std::string_view consumer) const;  // positions between cursor and published()
  std::vector<std::pair<std::string, Position>> Cursors() const;

  // Reads the file of cursors back. A damaged one goes to quarantine and is written again from
  // memory, so that nothing is lost. True: it was damaged.
  Result<bool> ScrubCursors();

  // Segments whose frames are all at or below `position` may be used again; never beyond the cursor
  // of a pinning consumer, never a segment that is being read.
  Status Release(Position position);

  std::vector<SegmentInfo> Segments() const;
  Position oldest() const;  // lowest position that can be read, 0 when there is none
  LogStats stats() const;
  // False from a failed write until the log came back, before Start(), after Stop().
  bool healthy() const noexcept;
  // Why it is not healthy; empty when it is.
  std::string ailment() const;

  // Settles everything that was submitted, closes the segment, ends the threads. Submit() is
  // refused from here on; reading goes on.
  void Stop();

 private:
  class Core;
  explicit Log(std::unique_ptr<Core> core);
  std::unique_ptr<Core> core_;
};

}  // namespace strata::wal
