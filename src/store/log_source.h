// What the store needs of the log. Implementations: WalSource, and a small one in tests, in which a
// released position is gone at once.
#pragma once

#include <cstdint>
#include <functional>
#include <utility>
#include <vector>

#include "base/result.h"
#include "model/block.h"
#include "model/collection.h"
#include "wal/log.h"

namespace strata::store {

// Rows that were made of frames of the log once more: all that the collection has up to `through`.
struct RereadRows {
  std::vector<model::BlockSlice> slices;
  wal::Position through = 0;
};
// The collection's rows of the range, from its first position on; of a long range as many as memory
// allows. Rows that damage of the log hit are not among them.
using Reread =
    std::function<Result<RereadRows>(const model::Collection&, const wal::PositionRange&)>;

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
  virtual Result<RereadRows> Reread(const model::Collection& collection,
                                    const wal::PositionRange& range) = 0;
};

class WalSource final : public LogSource {
 public:
  // `reread` decodes, which this module cannot; without it nothing is found again in the log.
  explicit WalSource(wal::Log& log, store::Reread reread = {})
      : log_(log), reread_(std::move(reread)) {}

  wal::Position published() const override { return log_.published(); }
  wal::Position oldest() const override { return log_.oldest(); }
  std::vector<wal::SegmentInfo> Segments() const override { return log_.Segments(); }
  wal::LogStats stats() const override { return log_.stats(); }
  Result<wal::ReadOutcome> Read(wal::Position from, wal::Position to,
                                const wal::FrameVisitor& visit) override {
    return log_.Read(from, to, visit);
  }
  Status Release(wal::Position position) override { return log_.Release(position); }
  Result<RereadRows> Reread(const model::Collection& collection,
                            const wal::PositionRange& range) override {
    if (!reread_) return Error{Code::kNotFound, "frames of the log cannot be decoded here"};
    return reread_(collection, range);
  }

 private:
  wal::Log& log_;
  const store::Reread reread_;
};

}  // namespace strata::store
