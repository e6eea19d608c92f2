#include "otel_generator.h"

#include <cstring>
#include <string_view>

namespace strata::bench {
namespace {

void AppendVarint(std::string& out, std::uint64_t value) {
  for (; value >= 0x80; value >>= 7) out += static_cast<char>(value | 0x80);
  out += static_cast<char>(value);
}

void AppendTag(std::string& out, std::uint32_t field, std::uint32_t wire_type) {
  AppendVarint(out, field << 3 | wire_type);
}

void AppendNumber(std::string& out, std::uint32_t field, std::uint64_t value) {
  AppendTag(out, field, 0);
  AppendVarint(out, value);
}

void AppendFixed64(std::string& out, std::uint32_t field, std::uint64_t value) {
  AppendTag(out, field, 1);
  out.append(reinterpret_cast<const char*>(&value), sizeof value);
}

void AppendDouble(std::string& out, std::uint32_t field, double value) {
  AppendTag(out, field, 1);
  out.append(reinterpret_cast<const char*>(&value), sizeof value);
}

void AppendFixed32(std::string& out, std::uint32_t field, std::uint32_t value) {
  AppendTag(out, field, 5);
  out.append(reinterpret_cast<const char*>(&value), sizeof value);
}

void AppendBytes(std::string& out, std::uint32_t field, std::string_view bytes) {
  AppendTag(out, field, 2);
  AppendVarint(out, bytes.size());
  out += bytes;
}

void AppendAttribute(std::string& out, std::uint32_t field, std::string_view key,
                     const std::string& value_message) {
  std::string pair;
  AppendBytes(pair, 1, key);
  AppendBytes(pair, 2, value_message);
  AppendBytes(out, field, pair);
}

void AppendText(std::string& out, std::uint32_t field, std::string_view key,
                std::string_view text) {
  std::string value;
  AppendBytes(value, 1, text);
  AppendAttribute(out, field, key, value);
}

void AppendInteger(std::string& out, std::uint32_t field, std::string_view key,
                   std::uint64_t number) {
  std::string value;
  AppendNumber(value, 3, number);
  AppendAttribute(out, field, key, value);
}

std::string Resource(std::uint32_t pod) {
  const char* service = kOtelServices[pod % 20];
  std::string resource;
  AppendText(resource, 1, "service.name", service);
  AppendText(resource, 1, "service.namespace", "opentelemetry-demo");
  AppendText(resource, 1, "service.version", "1.12.0");
  AppendText(resource, 1, "k8s.pod.name", Format("%s-7d9f8b6c4d-%05x", service, pod * 7919));
  AppendText(resource, 1, "host.name", Format("ip-10-0-%u-%u.ec2.internal", pod % 4, pod % 25));
  AppendText(resource, 1, "k8s.namespace.name", "default");
  AppendText(resource, 1, "cloud.region", "eu-west-1");
  AppendText(resource, 1, "telemetry.sdk.language",
             pod % 3 == 0   ? "go"
             : pod % 3 == 1 ? "java"
                            : "python");
  AppendText(resource, 1, "telemetry.sdk.name", "opentelemetry");
  AppendText(resource, 1, "deployment.environment.name", "production");
  return resource;
}

std::string Scope(std::string_view name) {
  std::string scope;
  AppendBytes(scope, 1, name);
  AppendBytes(scope, 2, "1.0.0");
  return scope;
}

void AppendAttributes(std::string& out, std::uint32_t field, const Draw& draw) {
  const auto& [severity, message, latency_ms, status, route, a, c, d] = draw;
  AppendText(out, field, "http.request.method", (c & 1) != 0 ? "GET" : "POST");
  AppendText(out, field, "http.route", route);
  AppendInteger(out, field, "http.response.status_code", status);
  AppendText(out, field, "client.address", Format("10.%u.%u.%u", c % 4, c, d));
  AppendText(out, field, "code.function", kOtelServices[message]);
  AppendText(out, field, "enduser.id", Format("%u", a % 5000));
}

}  // namespace

// Runs of one to ten records share a trace.
void OtelGenerator::NextTrace() {
  if (records_left_of_trace_ == 0) {
    for (std::size_t i = 0; i < sizeof trace_id_; i += 8) {
      const std::uint64_t word = random_.Next();
      std::memcpy(trace_id_ + i, &word, sizeof word);
    }
    records_left_of_trace_ = 1 + random_.Below(10);
  }
  --records_left_of_trace_;
}

void OtelGenerator::AppendLogRecord(std::string& scope_logs) {
  time_ += random_.Below(200000);
  const std::uint64_t time = time_;
  const std::uint64_t observed_time = time + 20000 + random_.Below(3000000);
  NextTrace();
  const std::uint64_t span_id = random_.Next();
  const Draw draw = DrawRecord(random_);
  const std::string text = Message(draw, random_);
  std::string record;
  AppendFixed64(record, 1, time);
  AppendNumber(record, 2, draw.severity);
  AppendBytes(record, 3,
              draw.severity == 17   ? "ERROR"
              : draw.severity == 13 ? "WARN"
              : draw.severity == 9  ? "INFO"
                                    : "DEBUG");
  std::string body;
  AppendBytes(body, 1, text);
  AppendBytes(record, 5, body);
  AppendAttributes(record, 6, draw);
  AppendFixed32(record, 8, 1);
  AppendBytes(record, 9, {trace_id_, sizeof trace_id_});
  AppendBytes(record, 10, {reinterpret_cast<const char*>(&span_id), sizeof span_id});
  AppendFixed64(record, 11, observed_time);
  AppendBytes(scope_logs, 2, record);
}

std::string OtelGenerator::Logs(std::size_t resources, std::size_t records) {
  std::string request;
  for (std::size_t i = 0; i < resources; ++i) {
    const auto pod = static_cast<std::uint32_t>(random_.Below(100));
    std::string resource_logs;
    AppendBytes(resource_logs, 1, Resource(pod));
    std::string scope_logs;
    AppendBytes(scope_logs, 1, Scope("otel.logger"));
    for (std::size_t j = 0; j < records; ++j) AppendLogRecord(scope_logs);
    AppendBytes(resource_logs, 2, scope_logs);
    AppendBytes(request, 1, resource_logs);
  }
  return request;
}

// One span in eight has an event, one in thirty-two a link, errors have a status.
void OtelGenerator::AppendSpan(std::string& scope_spans, std::uint32_t pod) {
  time_ += random_.Below(200000);
  const bool is_root = records_left_of_trace_ == 0;
  NextTrace();
  const std::uint64_t span_id = random_.Next();
  const Draw draw = DrawRecord(random_);
  const auto duration = static_cast<std::uint64_t>(draw.latency_ms * 1e6);
  std::string span;
  AppendBytes(span, 1, {trace_id_, sizeof trace_id_});
  AppendBytes(span, 2, {reinterpret_cast<const char*>(&span_id), sizeof span_id});
  if (!is_root) AppendBytes(span, 4, {parent_span_id_, sizeof parent_span_id_});
  std::memcpy(parent_span_id_, &span_id, sizeof parent_span_id_);
  AppendBytes(span, 5, Format("%s %s", (draw.c & 1) != 0 ? "GET" : "POST", draw.route));
  AppendNumber(span, 6, 1 + draw.c % 5);
  AppendFixed64(span, 7, time_);
  AppendFixed64(span, 8, time_ + duration);
  AppendAttributes(span, 9, draw);
  AppendText(span, 9, "server.address", kOtelServices[pod % 20]);
  AppendInteger(span, 9, "server.port", 8080);
  if (draw.d % 8 == 0) {
    std::string event;
    AppendFixed64(event, 1, time_ + duration / 2);
    AppendBytes(event, 2, "exception");
    AppendText(event, 3, "exception.type", "java.net.SocketTimeoutException");
    AppendText(event, 3, "exception.message", "Read timed out");
    AppendBytes(span, 11, event);
  }
  if (draw.d % 32 == 0) {
    std::string link;
    AppendBytes(link, 1, {trace_id_, sizeof trace_id_});
    AppendBytes(link, 2, {reinterpret_cast<const char*>(&span_id), sizeof span_id});
    AppendBytes(span, 13, link);
  }
  if (draw.severity == 17) {
    std::string status;
    AppendBytes(status, 2, "upstream failed");
    AppendNumber(status, 3, 2);
    AppendBytes(span, 15, status);
  }
  AppendFixed32(span, 16, 0x101);
  AppendBytes(scope_spans, 2, span);
}

std::string OtelGenerator::Spans(std::size_t resources, std::size_t records) {
  std::string request;
  for (std::size_t i = 0; i < resources; ++i) {
    const auto pod = static_cast<std::uint32_t>(random_.Below(100));
    std::string resource_spans;
    AppendBytes(resource_spans, 1, Resource(pod));
    std::string scope_spans;
    AppendBytes(scope_spans, 1, Scope("otel.tracer"));
    for (std::size_t j = 0; j < records; ++j) AppendSpan(scope_spans, pod);
    AppendBytes(resource_spans, 2, scope_spans);
    AppendBytes(request, 1, resource_spans);
  }
  return request;
}

std::string OtelGenerator::DataPoint(bool is_histogram, std::size_t series) {
  constexpr std::uint64_t kMinute = 60'000'000'000;
  const std::uint32_t attributes = is_histogram ? 9 : 7;
  std::string point;
  AppendFixed64(point, 2, time_ - kMinute);
  AppendFixed64(point, 3, time_);
  if (is_histogram) {
    std::string counts;
    std::string bounds;
    std::uint64_t count = 0;
    for (int bucket = 0; bucket < 11; ++bucket) {
      const std::uint64_t in_bucket = random_.Below(100);
      count += in_bucket;
      counts.append(reinterpret_cast<const char*>(&in_bucket), sizeof in_bucket);
      const double bound = 5 << bucket;
      if (bucket < 10) bounds.append(reinterpret_cast<const char*>(&bound), sizeof bound);
    }
    AppendFixed64(point, 4, count);
    AppendDouble(point, 5, static_cast<double>(count) * 40 * random_.Unit());
    AppendBytes(point, 6, counts);
    AppendBytes(point, 7, bounds);
  } else if (random_.Below(2) == 0) {
    AppendDouble(point, 4, random_.Unit() * 1000);
  } else {
    AppendFixed64(point, 6, random_.Below(1'000'000));
  }
  AppendText(point, attributes, "http.request.method", series % 2 == 0 ? "GET" : "POST");
  AppendText(point, attributes, "http.route", kOtelRoutes[series % 12]);
  AppendInteger(point, attributes, "http.response.status_code", series % 7 == 0 ? 500 : 200);
  return point;
}

std::string OtelGenerator::Metrics(std::size_t resources, std::size_t records) {
  constexpr std::size_t kPointsOfMetric = 10;
  constexpr const char* kNames[] = {"process.memory.usage", "http.server.requests",
                                    "http.server.request.duration"};
  constexpr const char* kUnits[] = {"By", "{request}", "s"};
  constexpr std::uint32_t kDataFields[] = {5, 7, 9};
  std::string request;
  for (std::size_t i = 0; i < resources; ++i) {
    const auto pod = static_cast<std::uint32_t>(random_.Below(100));
    std::string resource_metrics;
    AppendBytes(resource_metrics, 1, Resource(pod));
    std::string scope_metrics;
    AppendBytes(scope_metrics, 1, Scope("otel.meter"));
    for (std::size_t done = 0; done < records; done += kPointsOfMetric) {
      const std::size_t type = done / kPointsOfMetric % 3;
      time_ += random_.Below(200000);
      std::string data;
      for (std::size_t j = done; j < records && j < done + kPointsOfMetric; ++j) {
        AppendBytes(data, 1, DataPoint(type == 2, j));
      }
      if (type != 0) AppendNumber(data, 2, 2);
      if (type == 1) AppendNumber(data, 3, 1);
      std::string metric;
      AppendBytes(metric, 1, kNames[type]);
      AppendBytes(metric, 3, kUnits[type]);
      AppendBytes(metric, kDataFields[type], data);
      AppendBytes(scope_metrics, 2, metric);
    }
    AppendBytes(resource_metrics, 2, scope_metrics);
    AppendBytes(request, 1, resource_metrics);
  }
  return request;
}

}  // namespace strata::bench
