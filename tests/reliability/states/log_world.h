// LogWorld: a log on a simulated disk over many lives, with clients that remember. Nothing runs by
// itself: the order of the log's work is drawn from the seed, so that a run can be repeated.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "states/disk_world.h"
#include "states/log_oracle.h"
#include "states/manual_clock.h"
#include "wal/log.h"

namespace strata::reliability {

// One process. Calls that fail do no harm: later ones fail as well.
class LogLife final : public wal::CommitHooks {
 public:
  LogLife(os::FileSystem& files, const wal::Config& config, LogOracle& oracle, std::uint64_t seed);
  ~LogLife() override;

  Status Open();   // finds out what is there
  Status Start();  // and begins to write
  bool OpenAndStart();
  const Status& boot() const { return boot_; }  // what came of OpenAndStart()

  // Sends a frame of so many bytes and does not wait.
  void Send(std::uint64_t bytes, const wal::FrameInfo& info = {});
  // Lets the log work: `pieces` of it, the committer's or the stock's as the seed says.
  void Drive(int pieces);
  // Until there is nothing left to do.
  void Settle();
  void SendAndSettle(std::uint64_t bytes);
  // True when all that was sent so far was acked.
  bool all_acked() const { return sent_ == acked_; }
  const Status& last_status() const { return last_status_; }

  bool Checkpoint(const std::string& consumer, Position position);
  bool Forget(const std::string& consumer);
  bool Release(Position position);
  void Stop() { log_->Stop(); }

  wal::Log& log() { return *log_; }
  bool started() const { return started_; }
  ManualClock& clock() { return clock_; }

  bool Admit(wal::Append&) override { return true; }
  void Publish(wal::Append&) override {}
  void Settle(wal::Append& append, const Status& status) override;

 private:
  struct Sent final : wal::Append {
    std::shared_ptr<const Bytes> bytes;
  };

  os::FileSystem& files_;
  const wal::Config config_;
  LogOracle& oracle_;
  std::mt19937_64 random_;
  ManualClock clock_;
  std::deque<Sent> frames_;
  Status boot_ = Done{};
  bool started_ = false;
  std::uint64_t sent_ = 0;
  std::uint64_t acked_ = 0;
  Status last_status_ = Done{};
  std::unique_ptr<wal::Log> log_;  // last: calls the hooks until it is gone
};

class LogWorld final : public DiskWorld {
 public:
  LogWorld(const wal::Config& config, os::SimulatedDisk::Options options, std::uint64_t seed,
           Explorer* explorer);
  ~LogWorld() override;

  // A new process on the disk. Watched from its first call on.
  LogLife& Boot();
  // Ends the process: in order; with a kill, which loses nothing that was written; with the power.
  void Stop();
  void Kill();
  void LosePower();

  LogLife& life() { return *life_; }
  wal::Log& log() { return life_->log(); }
  LogOracle& oracle() { return oracle_; }
  // A number from 0 to below `n`.
  std::uint64_t Random(std::uint64_t n) { return random_() % n; }
  wal::Config& config() { return config_; }

  std::string Judge(std::unique_ptr<os::SimulatedDisk> after, std::uint64_t seed) const override;
  std::uint64_t Knowledge() const override { return oracle_.version(); }

 private:
  void MoveTo(os::SimulatedDisk& disk) override;
  std::string CheckWhatIsTold(const Fault& fault) const override;
  std::string ComeBack() override;

  wal::Config config_;
  std::mt19937_64 random_;
  LogOracle oracle_;
  std::unique_ptr<LogLife> life_;
};

}  // namespace strata::reliability
