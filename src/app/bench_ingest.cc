#include "app/bench_ingest.h"

#include <optional>
#include <thread>
#include <utility>

#include <sys/types.h>

#include "app/bench_body.h"
#include "app/bench_connection.h"
#include "app/bench_latency.h"
#include "app/bench_load.h"
#include "app/bench_process.h"
#include "app/bench_settle.h"
#include "base/check.h"
#include "base/clock.h"

namespace strata::app {
namespace {

std::string_view HttpPath(model::Kind kind) {
  switch (kind) {
    case model::Kind::kLogs:
      return "/v1/logs";
    case model::Kind::kSpans:
      return "/v1/traces";
    case model::Kind::kMetrics:
      return "/v1/metrics";
  }
  CHECK(false);
}

std::string_view GrpcMethod(model::Kind kind) {
  switch (kind) {
    case model::Kind::kLogs:
      return "/opentelemetry.proto.collector.logs.v1.LogsService/Export";
    case model::Kind::kSpans:
      return "/opentelemetry.proto.collector.trace.v1.TraceService/Export";
    case model::Kind::kMetrics:
      return "/opentelemetry.proto.collector.metrics.v1.MetricsService/Export";
  }
  CHECK(false);
}

std::string CodingName(wire::ContentCoding coding) {
  switch (coding) {
    case wire::ContentCoding::kGzip:
      return "gzip";
    case wire::ContentCoding::kZstd:
      return "zstd";
    default:
      return {};
  }
}

Result<BenchTarget> TargetOf(const BenchIngestOptions& options) {
  const bool grpc = options.protocol == BenchProtocol::kGrpc;
  std::string url = options.url;
  if (url.empty()) url = grpc ? "http://127.0.0.1:4317" : "http://127.0.0.1:4318";
  ASSIGN_OR_RETURN(auto parsed, net::ParseHttpUrl(url));
  return BenchTarget{
      .url = std::move(parsed),
      .path = std::string(grpc ? GrpcMethod(options.kind) : HttpPath(options.kind)),
      .content_type =
          options.protocol == BenchProtocol::kJson ? "application/json" : "application/x-protobuf",
      .content_encoding = CodingName(options.compression),
  };
}

// The disk on its own, before or after the load.
Status AddControl(const BenchIngestOptions& options, std::size_t block_bytes,
                  const std::string& when, BenchReport& report) {
  if (!options.control) return Done{};
  ASSIGN_OR_RETURN(auto writes, MeasureDurableWrites(options.control_directory, block_bytes));
  report.Add("control_" + when + "_p50", writes.Millis(0.5), "ms", 3);
  report.Add("control_" + when + "_p99", writes.Millis(0.99), "ms", 3);
  return Done{};
}

void AddLoad(LoadOutcome& outcome, std::size_t records_per_request, BenchReport& report) {
  const auto requests = static_cast<double>(outcome.answered);
  const double records = requests * static_cast<double>(records_per_request);
  report.Add("records", records, "");
  report.Add("requests", requests, "");
  for (const auto& [status, count] : outcome.refused) {
    report.Add("refused_with_" + std::to_string(status), static_cast<double>(count), "requests");
  }
  report.Add("seconds", outcome.seconds, "s", 2);
  report.Add("records_per_second", records / outcome.seconds, "records/s");
  report.Add("requests_per_second", requests / outcome.seconds, "requests/s");
  report.Add("ack_p50", outcome.latencies.Millis(0.5), "ms", 3);
  report.Add("ack_p99", outcome.latencies.Millis(0.99), "ms", 3);
  report.Add("ack_max", outcome.latencies.Millis(1), "ms", 3);
}

// CPU of the server until `what` was reached, for the records of the run.
void AddCpu(const std::string& what, double cpu_seconds, const LoadOutcome& outcome,
            std::size_t records_per_request, BenchReport& report) {
  const double records =
      static_cast<double>(outcome.answered) * static_cast<double>(records_per_request);
  report.Add("server_cpu_" + what, cpu_seconds, "s", 2);
  if (cpu_seconds <= 0 || records <= 0) return;
  report.Add("cpu_per_million_records_" + what, cpu_seconds / records * 1e6, "s", 3);
  report.Add("records_per_cpu_second_" + what, records / cpu_seconds, "records/s");
  report.Add("protobuf_per_cpu_second_" + what,
             static_cast<double>(outcome.answered_bytes) / cpu_seconds / 1e6, "MB/s", 1);
}

}  // namespace

Result<BenchReport> BenchIngest(const BenchIngestOptions& options) {
  ASSIGN_OR_RETURN(const BenchTarget target, TargetOf(options));
  pid_t pid = options.pid;
  if (pid == 0) {
    ASSIGN_OR_RETURN(pid, FindListener(target.url.port));
  }
  const BodyFormat format =
      options.protocol == BenchProtocol::kJson ? BodyFormat::kJson : BodyFormat::kProtobuf;
  ASSIGN_OR_RETURN(auto bodies, BodyPool::Make(options.kind, format, options.records_per_request,
                                               options.prepared_bytes, options.connections + 1,
                                               SystemClock().WallNanos()));
  BenchReport report;
  report.Add("body", static_cast<double>(bodies.body_bytes()), "bytes");
  RETURN_IF_ERROR(AddControl(options, bodies.body_bytes(), "before", report));

  ASSIGN_OR_RETURN(const ProcessUse before, ReadProcessUse(pid));
  const LoadOptions load{.connections = options.connections,
                         .duration = options.duration,
                         .requests = options.requests,
                         .compression = options.compression};
  const bool grpc = options.protocol == BenchProtocol::kGrpc;
  ASSIGN_OR_RETURN(auto outcome, RunLoad(load, bodies, [&] {
                     return grpc ? ConnectGrpc(target) : ConnectHttp(target);
                   }));
  ASSIGN_OR_RETURN(const ProcessUse after, ReadProcessUse(pid));
  AddLoad(outcome, options.records_per_request, report);
  AddCpu("to_ack", after.cpu_seconds - before.cpu_seconds, outcome, options.records_per_request,
         report);
  if (options.settle) {
    ASSIGN_OR_RETURN(const ProcessUse sealed, WaitUntilSealed(options.api_url, pid));
    AddCpu("to_sealed", sealed.cpu_seconds - before.cpu_seconds, outcome,
           options.records_per_request, report);
  }
  ASSIGN_OR_RETURN(const ProcessUse end, ReadProcessUse(pid));
  report.Add("server_rss_peak", static_cast<double>(end.resident_peak_bytes) / 1048576, "MiB", 1);
  report.Add("server_rss_end", static_cast<double>(end.resident_bytes) / 1048576, "MiB", 1);
  RETURN_IF_ERROR(AddControl(options, bodies.body_bytes(), "after", report));
  return report;
}

}  // namespace strata::app
