#include "app/chaos_request.h"

#include "app/chaos_record.h"
#include "base/check.h"

namespace strata::app {
namespace {

constexpr std::uint64_t kRecordsMax = 8;
constexpr std::int64_t kNanosOfARequest = 1000;  // apart from its neighbours'

// The names of a kind's messages in OTLP.
struct Names {
  std::string_view resources;
  std::string_view scopes;
  std::string_view records;
};

Names NamesOf(model::Kind kind) {
  switch (kind) {
    case model::Kind::kLogs:
      return {"resourceLogs", "scopeLogs", "logRecords"};
    case model::Kind::kSpans:
      return {"resourceSpans", "scopeSpans", "spans"};
    case model::Kind::kMetrics:
      return {"resourceMetrics", "scopeMetrics", "metrics"};
  }
  CHECK(false);
}

ChaosRecord MakeRecord(model::Kind kind, const ChaosDraw& draw) {
  switch (kind) {
    case model::Kind::kLogs:
      return MakeChaosLog(draw);
    case model::Kind::kSpans:
      return MakeChaosSpan(draw);
    case model::Kind::kMetrics:
      return MakeChaosMetric(draw);
  }
  CHECK(false);
}

}  // namespace

model::Kind ChaosRequests::KindOf(const ChaosRequestId& id) {
  return model::kKinds[id.number % std::size(model::kKinds)];
}

ChaosRequest ChaosRequests::Make(const ChaosRequestId& id) const {
  std::mt19937_64 random(seed_ ^ (std::uint64_t{id.client} << 48) ^ id.number * 0x9e3779b97f4a7c15);
  ChaosRequest request{.kind = KindOf(id)};
  const Names names = NamesOf(request.kind);
  ChaosMessage scope;
  scope.Add(1, "scope", ChaosScope());
  const std::uint64_t records = 1 + random() % kRecordsMax;
  for (std::uint32_t i = 0; i < records; ++i) {
    const std::int64_t time = base_ns_ + kNanosOfARequest * static_cast<std::int64_t>(id.number);
    ChaosRecord record =
        MakeRecord(request.kind, {.id = id, .ordinal = i, .time_ns = time + i, .random = random});
    scope.Repeat(2, names.records, record.message);
    request.rows.push_back(std::move(record.row));
  }
  scope.Text(3, "schemaUrl", "https://scope");
  ChaosMessage resource;
  resource.Add(1, "resource", ChaosResource(id)).Repeat(2, names.scopes, scope);
  resource.Text(3, "schemaUrl", "https://resource");
  ChaosMessage message;
  message.Repeat(1, names.resources, resource);
  request.protobuf = message.protobuf();
  request.json = message.json();
  return request;
}

std::string ChaosRowsSql(model::Kind kind) {
  return "SELECT position, ordinal, attributes['chaos.request'], * EXCLUDE (position, ordinal) "
         "FROM " +
         std::string(model::KindName(kind)) + " ORDER BY position, ordinal";
}

}  // namespace strata::app
