// strata bench ingest: sends prepared OTLP to a server that runs, and says what that cost it.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <string>

#include <sys/types.h>

#include "app/bench_report.h"
#include "base/bytes.h"
#include "base/result.h"
#include "model/kind.h"
#include "wire/decompress.h"

namespace strata::app {

enum class BenchProtocol : std::uint8_t { kHttp, kJson, kGrpc };

struct BenchIngestOptions {
  model::Kind kind = model::Kind::kLogs;
  BenchProtocol protocol = BenchProtocol::kHttp;
  wire::ContentCoding compression = wire::ContentCoding::kIdentity;  // or gzip, zstd
  std::string url = {};                           // empty: the default listener of the protocol
  std::string api_url = "http://127.0.0.1:8090";  // for `settle`
  std::size_t records_per_request = 1000;
  std::size_t connections = 4;
  std::chrono::seconds duration{10};
  std::uint64_t requests = 0;  // not 0: instead of the duration
  std::uint64_t prepared_bytes = 128_MiB;
  pid_t pid = 0;  // of the server; 0: who listens on the port of `url`
  bool settle = false;
  std::filesystem::path control_directory = ".";
  bool control = true;
};

Result<BenchReport> BenchIngest(const BenchIngestOptions& options);

}  // namespace strata::app
