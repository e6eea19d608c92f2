#include "states/log_oracle.h"

#include <algorithm>
#include <random>

namespace strata::reliability {
namespace {

constexpr std::uint64_t kPoolBytes = 64 << 10;

// Payloads are pieces of this: cheap to make, and no two ids have the same bytes.
const Bytes& Pool() {
  static const Bytes pool = [] {
    Bytes bytes(2 * kPoolBytes);
    std::mt19937_64 random(20);
    for (std::byte& b : bytes) b = static_cast<std::byte>(random());
    return bytes;
  }();
  return pool;
}

std::string At(Position position) {
  return "position " + std::to_string(position);
}

}  // namespace

std::shared_ptr<const Bytes> LogOracle::NewPayload(std::uint64_t bytes) {
  const std::uint64_t id = payloads_.size() + 1;
  CHECK(bytes >= sizeof id && bytes <= kPoolBytes);
  const auto from = Pool().begin() + static_cast<std::ptrdiff_t>(id * 7919 % kPoolBytes);
  auto payload = std::make_shared<Bytes>(from, from + static_cast<std::ptrdiff_t>(bytes));
  StoreLe(std::span(*payload), id);
  payloads_.push_back(std::move(payload));
  ++version_;
  return payloads_.back();
}

std::uint64_t LogOracle::IdOf(ByteSpan payload) {
  return payload.size() < 8 ? 0 : LoadLe<std::uint64_t>(payload);
}

void LogOracle::Acked(Position position, std::uint64_t id) {
  ++version_;
  if (position <= highest_acked_) violation_ = At(position) + " was given twice";
  highest_acked_ = position;
  acked_.push_back({.position = position, .id = id});
}

void LogOracle::PowerWent() {
  if (!lossy_) return;
  ++version_;
  std::erase_if(acked_, [this](const FrameSeen& frame) { return frame.position > synced_; });
}

void LogOracle::Served(const std::vector<FrameSeen>& frames) {
  ++version_;
  std::vector<FrameSeen> all;
  std::ranges::set_union(acked_, frames, std::back_inserter(all), {}, &FrameSeen::position,
                         &FrameSeen::position);
  acked_ = std::move(all);
  if (!acked_.empty()) highest_acked_ = std::max(highest_acked_, acked_.back().position);
}

std::string LogOracle::Check(wal::Log& log, std::vector<FrameSeen>& frames) const {
  if (!violation_.empty()) return violation_;
  std::string wrong = CheckReplay(log, frames);
  if (wrong.empty()) wrong = CheckOrder(frames);
  if (wrong.empty()) wrong = CheckAcked(frames);
  if (wrong.empty()) wrong = CheckReport(log, frames);
  if (wrong.empty()) wrong = CheckCursors(log);
  return wrong.empty() ? wrong : wrong + Describe(log, frames);
}

// What helps to understand a violation.
std::string LogOracle::Describe(wal::Log& log, const std::vector<FrameSeen>& frames) const {
  std::string text = "\n    acked up to " + std::to_string(HighestAcked()) + ", may be released " +
                     std::to_string(released_) + ", synced " + std::to_string(synced_) + ", " +
                     std::to_string(frames.size()) + " frames served, log at " +
                     std::to_string(log.published());
  for (const wal::SegmentInfo& segment : log.Segments()) {
    text += "\n    " + segment.name + ": " + std::string(SegmentStateName(segment.state)) + ", " +
            std::to_string(segment.first) + " to " + std::to_string(segment.last) + ", " +
            std::to_string(segment.used_bytes) + " bytes used";
  }
  for (const wal::Damage& damage : log.recovery().damage) {
    text += "\n    damage in segment " + std::to_string(damage.segment) + " at " +
            std::to_string(damage.offset) + ", " + std::to_string(damage.lost.first) + " to " +
            std::to_string(damage.lost.last) + ": " + damage.reason;
  }
  return text;
}

std::string LogOracle::CheckReplay(wal::Log& log, std::vector<FrameSeen>& frames) const {
  frames.clear();
  std::string wrong;
  const auto read = log.Replay(0, [&](const wal::FrameView& frame) -> Status {
    const std::uint64_t id = IdOf(frame.payload);
    frames.push_back({.position = frame.position, .id = id});
    const bool known = id != 0 && id <= payloads_.size();
    if (!known || AsText(*payloads_[id - 1]) != AsText(frame.payload)) {
      wrong = At(frame.position) + " holds other bytes than were sent";
    }
    return Done{};
  });
  if (!read) return "replay fails: " + read.error().message;
  if (!read->lost.empty()) return At(read->lost[0].first) + " is reported as lost";
  if (!wrong.empty()) return wrong;
  std::size_t i = 0;
  const auto headers =
      log.ReplayHeaders(0, [&](Position position, const wal::FrameInfo&) -> Status {
        if (i >= frames.size() || frames[i].position != position)
          wrong = "other headers than frames";
        ++i;
        return Done{};
      });
  if (!headers) return "replay of headers fails: " + headers.error().message;
  return i == frames.size() ? wrong : "fewer headers than frames";
}

std::string LogOracle::CheckOrder(const std::vector<FrameSeen>& frames) const {
  for (std::size_t i = 1; i < frames.size(); ++i) {
    if (!lossy_ && frames[i].position != frames[i - 1].position + 1) {
      return "a gap before " + At(frames[i].position);
    }
    if (frames[i].id <= frames[i - 1].id) {
      return At(frames[i].position) + " holds a frame that was sent before the one in front of it";
    }
  }
  return "";
}

std::string LogOracle::CheckAcked(const std::vector<FrameSeen>& frames) const {
  auto frame = frames.begin();
  for (const FrameSeen& acked : acked_) {
    while (frame != frames.end() && frame->position < acked.position) ++frame;
    if (frame != frames.end() && frame->position == acked.position) {
      if (frame->id != acked.id) return "another frame at the acked " + At(acked.position);
    } else if (acked.position > released_ && (!lossy_ || acked.position <= synced_)) {
      return "acked " + At(acked.position) + " is gone";
    }
  }
  return "";
}

std::string LogOracle::CheckReport(wal::Log& log, const std::vector<FrameSeen>& frames) const {
  const wal::RecoveryReport report = log.recovery();
  if (!report.damage.empty()) return "reported as damaged: " + report.damage[0].reason;
  if (!report.foreign.empty()) return "reported as foreign: " + report.foreign[0].reason;
  if (report.cursors_lost) return "cursors are reported as lost";
  if (report.frames != frames.size()) return "the report counts other frames than are served";
  if (report.first != (frames.empty() ? 0 : frames.front().position)) {
    return "the report's first position is wrong";
  }
  if (!frames.empty() && report.last != frames.back().position) {
    return "the report's last position is wrong";
  }
  if (!lossy_ && report.torn_frames > payloads_.size() - acked_.size())
    return "acked frames count as torn";
  if (log.published() < HighestAcked()) return "positions go back";
  return "";
}

std::string LogOracle::CheckCursors(wal::Log& log) const {
  for (const auto& [consumer, cursor] : cursors_) {
    const Position at = log.CursorOf(consumer);
    if (at == 0 && cursor.may_be_gone) continue;
    if (at < cursor.done || at > cursor.tried) {
      return "cursor of " + consumer + " is at " + std::to_string(at) + ", was moved to " +
             std::to_string(cursor.done);
    }
  }
  return "";
}

}  // namespace strata::reliability
