#include "app/stage_metrics.h"

#include <fstream>
#include <string>

#include <unistd.h>

#include "app/version.h"

namespace strata::app {
namespace {

double Of(bool value) {
  return value ? 1 : 0;
}

double Of(std::uint64_t value) {
  return static_cast<double>(value);
}

std::uint64_t Sum(const hot::Hot& hot, std::uint64_t hot::CollectionState::* field) {
  std::uint64_t sum = 0;
  for (const hot::CollectionState& state : hot.States()) sum += state.*field;
  return sum;
}

// proc(5): the second number of statm is the resident size in pages.
double ResidentBytes() {
  std::ifstream file("/proc/self/statm");
  double total = 0;
  double resident = 0;
  return file >> total >> resident ? resident * static_cast<double>(::sysconf(_SC_PAGESIZE)) : 0;
}

}  // namespace

void RegisterLogMetrics(model::Registry& registry, const wal::Log& log) {
  const auto gauge = [&](const char* name, const char* help, auto read) {
    registry.AddGaugeCallback(name, help, [&log, read] { return Of(read(log)); });
  };
  const auto counter = [&](const char* name, const char* help,
                           std::uint64_t wal::LogStats::* field) {
    registry.AddCounterCallback(name, help, [&log, field] { return Of(log.stats().*field); });
  };
  gauge("strata_wal_healthy", "1 while the log takes frames, 0 after a failed write.",
        [](const wal::Log& of) { return of.healthy(); });
  gauge("strata_wal_full", "1 while the log has no room for another segment.",
        [](const wal::Log& of) { return of.stats().full; });
  gauge("strata_wal_published_position", "Highest position that is durable and visible.",
        [](const wal::Log& of) { return of.published(); });
  gauge("strata_wal_oldest_position", "Lowest position that can be read from the log.",
        [](const wal::Log& of) { return of.oldest(); });
  gauge("strata_wal_bytes", "All segment files.",
        [](const wal::Log& of) { return of.stats().log_bytes; });
  gauge("strata_wal_max_bytes", "Limit of all segment files (log.max_bytes).",
        [](const wal::Log& of) { return of.stats().max_bytes; });
  gauge("strata_wal_queue_bytes", "Submitted and not yet settled.",
        [](const wal::Log& of) { return of.stats().queue_bytes; });
  counter("strata_wal_appended_frames_total", "Frames written.", &wal::LogStats::appended_frames);
  counter("strata_wal_appended_bytes_total", "Bytes written, headers and padding included.",
          &wal::LogStats::appended_bytes);
  counter("strata_wal_groups_total", "Durable writes.", &wal::LogStats::groups);
  counter("strata_wal_failed_writes_total", "Durable writes that failed.",
          &wal::LogStats::failed_writes);
  counter("strata_wal_rebuilds_total", "Times the log came back after a failed write.",
          &wal::LogStats::rebuilds);
  counter("strata_wal_recycled_segments_total", "Segments used again.", &wal::LogStats::recycled);
  counter("strata_wal_damaged_ranges_total", "Ranges of the log that did not read back.",
          &wal::LogStats::damaged_ranges);
}

void RegisterHotMetrics(model::Registry& registry, const hot::Hot& hot) {
  registry.AddGaugeCallback("strata_hot_bytes", "Memory of all blocks.",
                            [&hot] { return Of(hot.bytes()); });
  registry.AddGaugeCallback("strata_hot_max_bytes",
                            "Memory above which sealed blocks are dropped (hot.memory).",
                            [&hot] { return Of(hot.config().memory_bytes); });
  registry.AddGaugeCallback("strata_hot_rows", "Rows in memory.",
                            [&hot] { return Of(Sum(hot, &hot::CollectionState::rows)); });
  registry.AddGaugeCallback("strata_hot_unsealed_rows", "Rows in memory that no part holds yet.",
                            [&hot] { return Of(Sum(hot, &hot::CollectionState::unsealed_rows)); });
}

void RegisterDiskMetrics(model::Registry& registry, const DiskWatch& watch,
                         const os::SpaceReserve& reserve) {
  registry.AddGaugeCallback("strata_disk_free_bytes", "Free space for the data directory.",
                            [&watch] { return Of(watch.free_bytes()); });
  registry.AddGaugeCallback("strata_disk_low",
                            "1 while ingest is refused because the disk is nearly full.",
                            [&watch] { return Of(watch.is_low()); });
  registry.AddGaugeCallback("strata_disk_reserve_bytes",
                            "Space that is set aside for a full disk (disk.reserve).",
                            [&reserve] { return reserve.is_held() ? Of(reserve.bytes()) : 0.0; });
  registry.AddCounterCallback("strata_disk_reserve_uses_total",
                              "Times that space was used because the disk was full.",
                              [&reserve] { return Of(reserve.times_given_up()); });
}

void RegisterProcessMetrics(model::Registry& registry) {
  registry.AddGauge("strata_build_info", "Always 1.", {{"version", std::string(Version())}}).Set(1);
  registry.AddGauge("strata_storage_backend_info", "Always 1.", {{"backend", "embedded"}}).Set(1);
  registry.AddGaugeCallback("strata_process_resident_bytes", "Resident memory of the process.",
                            ResidentBytes);
}

}  // namespace strata::app
