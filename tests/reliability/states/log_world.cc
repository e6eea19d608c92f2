#include "states/log_world.h"

#include <utility>

namespace strata::reliability {

LogLife::LogLife(os::FileSystem& files, const wal::Config& config, LogOracle& oracle,
                 std::uint64_t seed)
    : files_(files), config_(config), oracle_(oracle), random_(seed) {}

LogLife::~LogLife() = default;

Status LogLife::Open() {
  ASSIGN_OR_RETURN(log_, wal::Log::Open(config_, files_, clock_, *this));
  return Done{};
}

Status LogLife::Start() {
  RETURN_IF_ERROR(log_->Start(/*threads=*/false));
  started_ = true;
  return Done{};
}

bool LogLife::OpenAndStart() {
  boot_ = Open();
  if (boot_) boot_ = Start();
  return boot_.has_value();
}

void LogLife::Send(std::uint64_t bytes, const wal::FrameInfo& info) {
  ++sent_;
  Sent& frame = frames_.emplace_back();
  frame.bytes = oracle_.NewPayload(bytes);
  frame.payload = *frame.bytes;
  frame.info = info;
  last_status_ = log_->Submit(frame);
}

void LogLife::Settle(wal::Append& append, const Status& status) {
  last_status_ = status;
  if (!status) return;
  ++acked_;
  oracle_.Acked(append.position, LogOracle::IdOf(append.payload));
}

void LogLife::Drive(int pieces) {
  for (int i = 0; i < pieces; ++i) {
    const bool committer_first = random_() % 2 == 0;
    if (!(committer_first ? log_->CommitOnce() : log_->StockOnce())) {
      static_cast<void>(committer_first ? log_->StockOnce() : log_->CommitOnce());
    }
  }
}

void LogLife::Settle() {
  bool worked = true;
  while (worked) {
    const bool stock_first = random_() % 2 == 0;
    const bool first = stock_first ? log_->StockOnce() : log_->CommitOnce();
    const bool second = stock_first ? log_->CommitOnce() : log_->StockOnce();
    worked = first || second;
  }
}

void LogLife::SendAndSettle(std::uint64_t bytes) {
  Send(bytes);
  Settle();
}

bool LogLife::Checkpoint(const std::string& consumer, Position position) {
  LogOracle::Cursor& cursor = oracle_.CursorOf(consumer);
  cursor.tried = std::max(cursor.tried, position);
  cursor.may_be_gone = cursor.may_be_gone || cursor.done == 0;
  if (!log_->Checkpoint(consumer, position)) return false;
  cursor = {.done = position, .tried = position};
  return true;
}

bool LogLife::Forget(const std::string& consumer) {
  LogOracle::Cursor& cursor = oracle_.CursorOf(consumer);
  cursor.may_be_gone = true;
  if (!log_->ForgetConsumer(consumer)) return false;
  cursor = {};
  return true;
}

bool LogLife::Release(Position position) {
  oracle_.MayRelease(position);
  return log_->Release(position).has_value();
}

LogWorld::LogWorld(const wal::Config& config, os::SimulatedDisk::Options options,
                   std::uint64_t seed, Explorer* explorer)
    : DiskWorld(explorer), config_(config), random_(seed) {
  options.seed = seed;
  Replace(std::make_unique<os::SimulatedDisk>(options));
}

LogWorld::~LogWorld() = default;

void LogWorld::MoveTo(os::SimulatedDisk&) {
  life_.reset();
}

LogLife& LogWorld::Boot() {
  life_.reset();
  life_ = std::make_unique<LogLife>(disk(), config_, oracle_, random_());
  return *life_;
}

void LogWorld::Stop() {
  life_->Stop();
  life_.reset();
}

void LogWorld::Kill() {
  Replace(disk().AfterKill());
}

void LogWorld::LosePower() {
  Replace(disk().AfterPowerLoss(random_()));
  oracle_.PowerWent();
}

// A start that failed, and a log that is not well, say why.
std::string LogWorld::CheckWhatIsTold(const Fault& fault) const {
  if (life_ == nullptr) return "";
  if (!life_->boot()) return fault.Untold(life_->boot().error().message);
  const std::string ailment = life_->started() ? life_->log().ailment() : "";
  return ailment.empty() ? "" : fault.Untold(ailment);
}

// The process that met the fault takes frames again once it is lifted. With SyncMode::kInterval it
// may have to be started anew: frames that were published and not synced are in doubt.
std::string LogWorld::ComeBack() {
  if (life_ == nullptr || !life_->started()) return "";
  if (config_.sync == wal::SyncMode::kInterval) return "";
  disk().SetCapacity(1ULL << 40);
  for (int attempt = 0; attempt < 6; ++attempt) {
    life_->clock().Advance(std::chrono::seconds(2));
    life_->Release(log().published());  // a full log takes frames when it may let go of some
    life_->SendAndSettle(100);
    if (life_->last_status()) return "";
  }
  return "takes no frames after the fault was lifted: " + life_->last_status().error().message;
}

namespace {

// What the next life does with its frames before it ends.
void LiveOn(LogLife& life, std::mt19937_64& random) {
  const std::uint64_t frames = random() % 4;
  for (std::uint64_t i = 0; i < frames; ++i) {
    life.Send(16 + random() % 3000);
    life.Drive(static_cast<int>(random() % 3));
  }
}

std::string CheckOn(os::SimulatedDisk& disk, const wal::Config& config, LogOracle& oracle,
                    std::vector<FrameSeen>& frames) {
  LogLife life(disk, config, oracle, 1);
  if (auto opened = life.Open(); !opened) return "does not open: " + opened.error().message;
  return oracle.Check(life.log(), frames);
}

}  // namespace

// The promises at once; then a life on what was left, which ends in one way or another; then the
// promises again, and that what was served once is served for ever.
std::string LogWorld::Judge(std::unique_ptr<os::SimulatedDisk> after, std::uint64_t seed) const {
  std::mt19937_64 random(seed);
  LogOracle oracle = oracle_;
  wal::Config config = config_;
  config.max_bytes += 8 * config.segment_bytes;  // room for what comes, even if the log was full
  after->SetCapacity(1ULL << 40);
  std::vector<FrameSeen> frames;
  const std::uint64_t ending = random() % 3;
  std::unique_ptr<os::SimulatedDisk> next;
  {
    LogLife life(*after, config, oracle, random());
    if (auto opened = life.Open(); !opened) return "does not open: " + opened.error().message;
    if (std::string wrong = oracle.Check(life.log(), frames); !wrong.empty()) return wrong;
    oracle.Served(frames);
    if (auto started = life.Start(); !started) return "does not start: " + started.error().message;
    LiveOn(life, random);
    if (ending == 0) {
      life.Settle();
      if (!life.all_acked()) return "takes no frames: " + life.last_status().error().message;
      life.Stop();
    }
    next = ending == 2 ? after->AfterPowerLoss(random()) : after->AfterKill();
    Unplug(*after);
  }
  if (std::string wrong = CheckOn(*next, config, oracle, frames); !wrong.empty()) {
    return "the second time: " + wrong;
  }
  if (ending != 0) return "";
  std::vector<FrameSeen> again;
  if (std::string wrong = CheckOn(*next, config, oracle, again); !wrong.empty()) {
    return "the third time: " + wrong;
  }
  return again == frames ? "" : "a second recovery changed something";
}

}  // namespace strata::reliability
