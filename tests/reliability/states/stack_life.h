// StackLife: one process of all of strata below its listeners: pipeline, log, memory, store, dedup
// file, wired as app wires them. Nothing runs by itself.
#pragma once

#include <filesystem>
#include <memory>
#include <random>
#include <set>
#include <string>

#include "hot/hot.h"
#include "ingest/dedup_file.h"
#include "ingest/pipeline.h"
#include "ingest/replay.h"
#include "os/file_system.h"
#include "states/manual_clock.h"
#include "states/part_reader.h"
#include "states/stack_oracle.h"
#include "store/store.h"
#include "wal/log.h"

namespace strata::reliability {

struct StackConfig {
  std::filesystem::path folder = "data";  // on whatever files
  wal::Config log;
  store::Config store;
  hot::Config hot;
  ingest::PipelineConfig pipeline;
  PartFormat parts = PartFormat::kList;
};

// Calls that fail do no harm: later ones fail as well.
class StackLife {
 public:
  StackLife(os::FileSystem& files, const StackConfig& config, StackOracle& oracle,
            std::uint64_t seed);
  ~StackLife();

  Status Open();   // all that is read: manifests, carry file, dedup file, log
  Status Start();  // takes requests from here on
  bool OpenAndStart();
  const Status& boot() const { return boot_; }  // what came of OpenAndStart()

  // Sends a request (again) and does not wait.
  void Send(std::size_t request);
  // A new one, of so many records and bytes of body.
  std::size_t SendNew(const std::string& namespace_name, std::uint32_t records,
                      std::uint32_t body_bytes);
  void Drive(int pieces);
  void Settle();
  void Seal();
  void Merge();  // and retention
  void SaveDedup();
  void Advance(std::chrono::nanoseconds by);
  void Stop();  // in order, with everything sealed

  // Empty, or the promise that does not hold now. `fresh`: nothing happened since Open().
  std::string Check(bool fresh);
  // Before Open(): a file was damaged. What was acked may be missing, but only if that is told;
  // what the lives before were told is in `told`.
  void ExpectDamage(const std::set<Position>& told);
  const std::set<Position>& told() const { return told_; }

  bool started() const { return started_; }
  wal::Log& log() { return *log_; }
  store::Store& store() { return *store_; }
  const StackOracle& oracle() const { return oracle_; }

 private:
  Status Replay();
  std::string CheckReports() const;
  std::string CheckLog();
  std::string CheckNamespace(const model::Collection& collection);
  std::string CheckFiles() const;
  Result<RowsByPosition> Visible(const model::Collection& collection);
  bool MayBeMissing(const Request& request) const;

  os::FileSystem& files_;
  const StackConfig config_;
  StackOracle& oracle_;
  std::mt19937_64 random_;
  ManualClock clock_;
  model::Registry registry_;
  model::CollectionTable collections_;
  hot::Hot hot_;
  ingest::Pipeline pipeline_;
  ingest::ReplayReport replayed_;
  bool expects_damage_ = false;
  std::set<Position> told_;  // as lost
  Status boot_ = Done{};
  bool started_ = false;
  std::unique_ptr<wal::Log> log_;
  std::unique_ptr<store::WalSource> source_;
  std::unique_ptr<store::PartWriter> writer_;
  std::unique_ptr<store::Store> store_;
  std::unique_ptr<ingest::DedupFile> dedup_;
};

}  // namespace strata::reliability
