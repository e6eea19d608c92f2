// All that a person can configure, typed and with its defaults. The names, help texts and limits of
// the settings stand in app/settings.cc, one row each; app/config_load.h fills this struct.
#pragma once

#include <chrono>
#include <compare>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/log.h"
#include "base/result.h"
#include "model/per_namespace.h"

namespace strata::app {

// Where a listener listens. Port 0 lets the system choose.
struct Address {
  std::string host;
  std::uint16_t port = 0;

  bool IsLoopback() const;  // 127.0.0.0/8, ::1 or localhost
  auto operator<=>(const Address&) const = default;
};

// "127.0.0.1:4317", "localhost:0", "[::1]:8090".
Result<Address> ParseAddress(std::string_view text);
std::string FormatAddress(const Address& address);

struct Size {
  std::uint64_t bytes = 0;
  auto operator<=>(const Size&) const = default;
};

enum class LogSync : std::uint8_t {
  kGroup,     // an ack waits for the durable write that covers it
  kInterval,  // lossy: an ack may come up to log.sync_interval before its durable write
};
enum class Backend : std::uint8_t { kEmbedded };

struct Config {
  using Duration = std::chrono::milliseconds;

  struct Listen {
    Address otlp_grpc{"127.0.0.1", 4317};
    Address otlp_http{"127.0.0.1", 4318};
    Address http{"127.0.0.1", 8090};
  } listen;

  std::filesystem::path data_dir = "./strata-data";  // relative to the working directory
  bool insecure = false;  // allow listeners beyond loopback without tokens

  struct Logging {
    LogLevel level = LogLevel::kInfo;
    LogFormat format = LogFormat::kAuto;
  } logging;

  struct Log {
    Size segment_bytes{128_MiB};
    Size max_bytes{0};  // 0: the lesser of 64 GiB and a tenth of the disk
    LogSync sync = LogSync::kGroup;
    Duration sync_interval{100};
  } log;

  struct Hot {
    Size memory{1_GiB};
    Duration retention = std::chrono::hours(1);
  } hot;

  struct Seal {
    std::uint64_t rows = 1'000'000;
    Size bytes{256_MiB};
    Duration age = std::chrono::minutes(5);
    Duration small_part_interval = std::chrono::hours(1);
  } seal;

  struct Merge {
    bool enabled = true;
    std::uint64_t target_rows = 2'000'000;
  } merge;

  // Zero keeps for ever; a kind without its own value follows `by_default`.
  struct Retention {
    Duration by_default{0};
    std::optional<Duration> logs;
    std::optional<Duration> spans;
    std::optional<Duration> metrics;
  } retention;

  struct Dedup {
    Duration window = std::chrono::minutes(15);
    Size memory{64_MiB};
    model::PerNamespace<bool> payload{.others = true};
  } dedup;

  struct Limits {
    std::uint64_t attributes = 1024;
    Size value_bytes{64_KiB};
    std::uint64_t nesting = 32;
    Size http_body{20_MiB};
    Size grpc_message{4_MiB};
    Size in_flight{256_MiB};
    std::uint64_t connections = 20'000;
  } limits;

  struct Query {
    Duration timeout = std::chrono::seconds(30);
    Size memory{2_GiB};
    std::uint64_t max_rows = 1'000'000;
    std::uint64_t concurrency = 4;
  } query;

  struct Scrub {
    Duration interval = std::chrono::hours(24 * 7);  // zero: never
    Size rate{32_MiB};                               // a second, at most
  } scrub;

  struct Disk {
    Size free_min{1_GiB};
    Size free_warn{4_GiB};
    Size reserve{64_MiB};
  } disk;

  struct Storage {
    Backend backend = Backend::kEmbedded;
  } storage;

  struct Threads {
    std::uint64_t io = 2;
  } threads;

  // The largest request that fits into a segment of the log.
  Size RequestBytesMax() const;

  // What no single setting can see: relations between them, and the rule that nothing but loopback
  // is served without `insecure`. The message names the settings.
  Status Validate() const;
};

}  // namespace strata::app
