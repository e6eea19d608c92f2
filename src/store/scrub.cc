#include "store/scrub.h"

#include <algorithm>
#include <utility>

#include "base/log.h"
#include "store/carry.h"

namespace strata::store {
namespace {

constexpr const char* kStateName = "scrub.state";
constexpr std::uint64_t kStateBytesMax = 64_KiB;
constexpr Duration kIdle = std::chrono::minutes(1);
constexpr Duration kGiveWay = std::chrono::milliseconds(200);
constexpr Duration kSaveInterval = std::chrono::minutes(1);

MonotonicTime After(MonotonicTime time, Duration duration) {
  return time + std::chrono::duration_cast<MonotonicTime::duration>(duration);
}

}  // namespace

Scrub::Scrub(const Workplace& at, Repair& repair, Hooks hooks)
    : at_(at),
      config_(at.config().scrub),
      repair_(repair),
      hooks_(std::move(hooks)),
      last_tick_(at.clock.Monotonic()),
      next_read_(last_tick_),
      next_save_(After(last_tick_, kSaveInterval)),
      next_total_(last_tick_) {
  Load();
  const MutexLock lock(mutex_);
  figures_ = {.is_on = config_.interval > Duration::zero(), .progress = progress_};
}

Scrub::~Scrub() {
  Stop();
}

void Scrub::Add(ScrubSource source) {
  sources_.push_back(std::move(source));
  std::ranges::sort(sources_, {}, &ScrubSource::name);
}

void Scrub::Start() {
  if (config_.interval <= Duration::zero()) return;
  thread_ = std::jthread([this](const std::stop_token& stop) { Run(stop); });
}

void Scrub::Stop() {
  if (!thread_.joinable()) return;
  thread_.request_stop();
  thread_.join();
  Save();
}

void Scrub::Run(const std::stop_token& stop) {
  stop_ = stop;
  while (!stop.stop_requested()) {
    const Duration wait = Step();
    if (wait > Duration::zero()) Wait(wait);
  }
}

bool Scrub::Wait(Duration duration) {
  if (hooks_.wait) {
    ended_ = !hooks_.wait(duration);
  } else {
    const MutexLock lock(wait_mutex_);
    wake_.wait_for(wait_mutex_, stop_, duration, [] { return false; });
    ended_ = stop_.stop_requested();
  }
  return !ended_;
}

// A state that does not read back costs a round from the beginning.
void Scrub::Load() {
  progress_.began_ns = at_.clock.WallNanos();
  const auto bytes = at_.files.ReadAll(at_.config().data_dir / kStateName, kStateBytesMax);
  if (!bytes) {
    if (bytes.error().code != Code::kNotFound) LogWarn("the scrub begins anew", bytes.error());
    return;
  }
  auto progress = DecodeScrubProgress(*bytes);
  if (progress) {
    progress_ = *std::move(progress);
  } else {
    LogWarn("the scrub begins anew: its state is damaged", progress.error());
  }
}

void Scrub::Save() {
  next_save_ = After(at_.clock.Monotonic(), kSaveInterval);
  const Status saved =
      at_.files.ReplaceAll(at_.config().data_dir / kStateName, EncodeScrubProgress(progress_));
  if (!saved) LogDebug("the scrub's state was not written", {{"reason", saved.error().message}});
}

void Scrub::Tick() {
  const MonotonicTime now = at_.clock.Monotonic();
  const Duration passed = std::max(Duration(now - last_tick_), Duration::zero());
  progress_.elapsed_ns += static_cast<std::uint64_t>(passed.count());
  last_tick_ = now;
  if (now >= next_total_) {
    bytes_total_ = BytesTotal();
    next_total_ = After(now, kIdle);
  }
  if (now >= next_save_) Save();
  const MutexLock lock(mutex_);
  figures_.progress = progress_;
  figures_.bytes_total = bytes_total_;
}

std::uint64_t Scrub::BytesTotal() const {
  std::uint64_t bytes = 0;
  for (const ScrubSource& source : sources_) bytes += source.bytes();
  for (const ManifestPtr& manifest : at_.manifests.PinAll()) {
    for (const CollectionPartsPtr& parts : manifest->collections) bytes += parts->ByteCount();
  }
  return bytes + at_.manifests.FileBytes();
}

Duration Scrub::Due() const {
  if (progress_.place.stage == ScrubStage::kEnd) return config_.interval;
  const std::uint64_t total = std::max(bytes_total_, progress_.bytes);
  if (total == 0) return Duration::zero();
  const double part = static_cast<double>(progress_.bytes) / static_cast<double>(total);
  return std::chrono::duration_cast<Duration>(config_.interval * part);
}

bool Scrub::MustGiveWay() {
  const Duration elapsed(static_cast<Duration::rep>(progress_.elapsed_ns));
  const bool behind = elapsed > Due() + config_.interval / 16;
  const bool gives_way = !behind && hooks_.busy && hooks_.busy();
  const MutexLock lock(mutex_);
  figures_.is_paused = gives_way;
  return gives_way;
}

Duration Scrub::Step() {
  Tick();
  const Duration elapsed(static_cast<Duration::rep>(progress_.elapsed_ns));
  if (elapsed < Due()) return std::min(Due() - elapsed, kIdle);
  if (progress_.place.stage == ScrubStage::kEnd) {
    BeginRound();
    return Duration::zero();
  }
  if (MustGiveWay()) return kGiveWay;
  const std::optional<Item> item = Next();
  if (!item) {
    progress_.place = {.stage = ScrubStage::kEnd};
    progress_.completed_ns = at_.clock.WallNanos();
    at_.metrics.scrub_rounds.Add();
    LogInfo("all data was read back", {{"round", progress_.round},
                                       {"files", progress_.files},
                                       {"bytes", progress_.bytes},
                                       {"damaged", progress_.damaged}});
    Save();
  } else if (Read(*item)) {
    progress_.place = item->place;
  }
  Tick();
  return Duration::zero();
}

void Scrub::BeginRound() {
  progress_ = {.round = progress_.round + 1,
               .began_ns = at_.clock.WallNanos(),
               .completed_ns = progress_.completed_ns};
  next_total_ = at_.clock.Monotonic();
}

std::optional<Scrub::Item> Scrub::Next() const {
  const ScrubPlace& done = progress_.place;
  if (done.stage == ScrubStage::kSources) {
    for (const ScrubSource& source : sources_) {
      if (source.name > done.name) {
        return Item{.place = {.stage = ScrubStage::kSources, .name = source.name},
                    .source = &source};
      }
    }
  }
  if (done.stage < ScrubStage::kCarry) return Item{.place = {.stage = ScrubStage::kCarry}};
  if (done.stage <= ScrubStage::kManifests) {
    for (const ManifestPtr& manifest : at_.manifests.PinAll()) {
      const ScrubPlace place{.stage = ScrubStage::kManifests, .name = manifest->namespace_name};
      if (place > done) return Item{.place = place};
    }
  }
  return NextPart();
}

std::optional<Scrub::Item> Scrub::NextPart() const {
  const ScrubPlace& done = progress_.place;
  for (const ManifestPtr& manifest : at_.manifests.PinAll()) {
    for (const CollectionPartsPtr& parts : manifest->collections) {
      const auto place_of = [&](const PartPtr& part) {
        return ScrubPlace{.stage = ScrubStage::kParts,
                          .name = manifest->namespace_name,
                          .collection = parts->collection.id,
                          .position = part->min_position()};
      };
      const auto next = std::ranges::upper_bound(parts->parts, done, {}, place_of);
      if (next != parts->parts.end()) return Item{.place = place_of(*next), .part = *next};
    }
  }
  return std::nullopt;
}

// Holds the reader back to the rate, and while others need the machine.
bool Scrub::Pass(std::uint64_t bytes) {
  if (stop_.stop_requested()) {  // on a disk slower than the rate no Wait() notices
    ended_ = true;
    return false;
  }
  while (MustGiveWay()) {
    if (!Wait(kGiveWay)) return false;
    Tick();
  }
  const MonotonicTime now = at_.clock.Monotonic();
  if (now < next_read_ && !Wait(next_read_ - now)) return false;
  const std::chrono::duration<double> took(static_cast<double>(bytes) /
                                           static_cast<double>(config_.bytes_per_second));
  next_read_ = After(std::max(now, next_read_), std::chrono::duration_cast<Duration>(took));
  return true;
}

bool Scrub::Read(const Item& item) {
  switch (item.place.stage) {
    case ScrubStage::kSources:
      return ReadSource(*item.source);
    case ScrubStage::kCarry:
      return ReadCarryFile();
    case ScrubStage::kManifests:
      return ReadManifestFiles(item.place.name);
    case ScrubStage::kParts:
      return ReadPart(item.part);
    case ScrubStage::kEnd:
      break;
  }
  return true;
}

void Scrub::NoteFile(std::uint64_t bytes, bool damaged) {
  ++progress_.files;
  progress_.bytes += bytes;
  at_.metrics.scrubbed_files.Add();
  at_.metrics.scrubbed_bytes.Add(bytes);
  if (!damaged) return;
  ++progress_.damaged;
  at_.metrics.scrub_damaged_files.Add();
}

bool Scrub::ReadSource(const ScrubSource& source) {
  const auto read = source.read([this](std::uint64_t bytes) { return Pass(bytes); });
  if (ended_) return false;
  if (!read) {
    LogWarn("the scrub could not read", read.error(), {{"what", source.name}});
    at_.metrics.scrub_unreadable_files.Add();
    return true;
  }
  progress_.files += read->files;
  progress_.bytes += read->bytes;
  progress_.damaged += read->damaged;
  at_.metrics.scrubbed_files.Add(read->files);
  at_.metrics.scrubbed_bytes.Add(read->bytes);
  at_.metrics.scrub_damaged_files.Add(read->damaged);
  return true;
}

bool Scrub::ReadManifestFiles(const std::string& namespace_name) {
  const auto report = at_.manifests.Scrub(namespace_name);
  if (!report) {
    LogWarn("the scrub could not read or write a manifest", report.error(),
            {{"namespace", namespace_name}});
    at_.metrics.scrub_unreadable_files.Add();
    return true;
  }
  NoteFile(report->bytes, !report->damage.empty());
  return true;
}

// The file may be replaced while it is read: damage counts when it is there still, and read twice.
bool Scrub::ReadCarryFile() {
  const auto folder = at_.config().data_dir / Carry::kFolder;
  for (int attempt = 1;; ++attempt) {
    const auto number = Carry::NewestNumber(folder, at_.files);
    if (!number || *number == 0) return true;
    if (!Pass(1_MiB)) return false;
    const auto read = ReadCarry(folder, *number, at_.files,
                                [](const wal::FrameView&) -> Status { return Done{}; });
    const auto now = Carry::NewestNumber(folder, at_.files);
    if (!now || *now != *number) continue;
    if (!read) {
      at_.metrics.scrub_unreadable_files.Add();
      return true;
    }
    if (!read->sound() && attempt == 1) continue;
    NoteFile(read->header.bytes, !read->sound());
    if (!read->sound() && hooks_.carry_damaged) {
      hooks_.carry_damaged(read->damage.empty() ? "index: " + read->index_damage : read->damage);
    }
    return true;
  }
}

bool Scrub::ReadPart(const PartPtr& part) {
  const Pace pace = [this](std::uint64_t bytes) { return Pass(bytes); };
  const auto& data_dir = at_.config().data_dir;
  Verdict verdict = CheckPart(*part, data_dir, at_.files, pace);
  // Once may be an accident, and what is suspected is missing in answers until it was judged.
  if (verdict.soundness == Soundness::kUnreadable) {
    verdict = CheckPart(*part, data_dir, at_.files, pace);
  }
  if (verdict.soundness == Soundness::kStopped) return false;
  Note(part->path, verdict);
  const bool is_news = verdict.is_damage()
                           ? repair_.Suspect(part->path)
                           : verdict.is_suspicious() && repair_.SuspectUnreadable(part->path);
  if (is_news && hooks_.suspected) hooks_.suspected();
  if (part->info->filter_bytes == 0) return true;
  const Verdict filter = CheckFilter(*part, data_dir, at_.files, pace);
  if (filter.soundness == Soundness::kStopped) return false;
  Note(FilterPath(part->path), filter);
  if (filter.is_damage() && repair_.SuspectFilter(part->path) && hooks_.suspected) {
    hooks_.suspected();
  }
  return true;
}

void Scrub::Note(const std::string& file, const Verdict& verdict) {
  if (verdict.soundness == Soundness::kUnreadable || verdict.soundness == Soundness::kUntried) {
    at_.metrics.scrub_unreadable_files.Add();
    LogWarn("the scrub could not read a file", {{"path", file}, {"reason", verdict.reason}});
    return;
  }
  NoteFile(verdict.bytes, verdict.is_damage());
  if (verdict.is_damage()) {
    LogError("the scrub found damage",
             {{"path", file}, {"offset", verdict.offset}, {"reason", verdict.reason}});
  }
}

ScrubFigures Scrub::Figures() const {
  const MutexLock lock(mutex_);
  return figures_;
}

}  // namespace strata::store
