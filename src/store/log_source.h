// What the store needs of the log. Implementations: WalSource, and a small one in tests, in which a
// released position is gone at once.
#pragma once

#include <cstdint>
#include <vector>

#include "base/result.h"
#include "wal/log.h"

namespace strata::store {

class LogSource {
 public:
  virtual ~LogSource() = default;

  virtual wal::Position published() const = 0;
  virtual wal::Position oldest() const = 0;
  virtual std::vector<wal::SegmentInfo> Segments() const = 0;
  virtual wal::LogStats stats() const = 0;
  virtual Result<wal::ReadOutcome> Read(wal::Position from, wal::Position to,
                                        const wal::FrameVisitor& visit) = 0;
  virtual Status Release(wal::Position position) = 0;
};

class WalSource final : public LogSource {
 public:
  explicit WalSource(wal::Log& log) : log_(log) {}

  wal::Position published() const override { return log_.published(); }
  wal::Position oldest() const override { return log_.oldest(); }
  std::vector<wal::SegmentInfo> Segments() const override { return log_.Segments(); }
  wal::LogStats stats() const override { return log_.stats(); }
  Result<wal::ReadOutcome> Read(wal::Position from, wal::Position to,
                                const wal::FrameVisitor& visit) override {
    return log_.Read(from, to, visit);
  }
  Status Release(wal::Position position) override { return log_.Release(position); }

 private:
  wal::Log& log_;
};

}  // namespace strata::store
