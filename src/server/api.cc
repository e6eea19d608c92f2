#include "server/api.h"

#include <charconv>
#include <optional>
#include <utility>
#include <variant>

#include "server/error_response.h"
#include "server/health.h"
#include "server/namespace_rule.h"
#include "server/sql_request.h"
#include "server/work_pool.h"
#include "wire/json_string.h"

namespace strata::server {

namespace {

// Receipts and debug pages are rare: one thread, so that long statements never keep them waiting.
constexpr std::size_t kControlWaitingMax = 32;

Response ErrorAnswer(int http_status, std::string_view code, std::string_view message,
                     std::string_view hint) {
  Response response;
  response.http_status = http_status;
  response.content_type = "application/json";
  response.body = ApiErrorBody(code, message, hint);
  if (http_status == 503) response.headers.emplace_back("retry-after", "1");
  return response;
}

Response ErrorAnswer(Code code, std::string_view message, std::string_view hint = {}) {
  return ErrorAnswer(WireStatusOf(code).http, CodeName(code), message, hint);
}

Response JsonAnswer(std::string body) {
  Response response;
  response.content_type = "application/json";
  response.body = std::move(body);
  return response;
}

Response SqlResponse(query::SqlAnswer&& answer) {
  if (answer.error) {
    return ErrorAnswer(answer.error->code, answer.error->message, answer.error->hint);
  }
  Response response;
  response.content_type = std::move(answer.content_type);
  response.body = std::move(answer.body);
  response.headers = std::move(answer.headers);
  return response;
}

class SqlRoute final : public Handler {
 public:
  SqlRoute(query::SqlTarget& sql, const ApiOptions& options)
      : sql_(sql), pool_("strata-sql", options.sql_threads, options.sql_waiting_max) {}

  void Handle(Request&& request, Reply reply) override {
    auto read = ReadSqlRequest(request);
    if (const auto* refusal = std::get_if<SqlRefusal>(&read)) {
      const std::string_view code =
          refusal->http_status == 415 ? "unsupported_media_type" : CodeName(Code::kInvalidInput);
      return reply(ErrorAnswer(refusal->http_status, code, refusal->message, refusal->hint));
    }
    auto job =
        std::make_shared<Job>(std::get<query::SqlRequest>(std::move(read)), std::move(reply));
    // The job is kept here too: when the pool has no room, it still has to be answered.
    if (!pool_.Submit([this, job] { Run(*job); })) {
      job->reply(ErrorAnswer(503, "overloaded", "too many statements wait already",
                             "try again in a second"));
    }
  }

 private:
  struct Job {
    Job(query::SqlRequest&& the_request, Reply&& the_reply)
        : request(std::move(the_request)), reply(std::move(the_reply)) {}
    query::SqlRequest request;
    Reply reply;
  };

  void Run(Job& job) {
    const std::stop_token cancelled = job.reply.Cancelled();
    if (cancelled.stop_requested()) {  // gone while it waited
      return job.reply(ErrorAnswer(Code::kTimeout, "cancelled before it ran"));
    }
    sql_.Run(
        std::move(job.request),
        [reply = std::move(job.reply)](query::SqlAnswer&& answer) mutable {
          reply(SqlResponse(std::move(answer)));
        },
        cancelled);
  }

  query::SqlTarget& sql_;
  WorkPool pool_;
};

// Routes whose answer may take a moment, on the one control thread.
class ControlRoute final : public Handler {
 public:
  // Makes the answer; called on the control thread.
  using Answer = Callback<Response()>;
  // Reads the request; called on the connection thread.
  using Prepare = std::function<std::variant<Answer, Response>(const Request&)>;

  ControlRoute(WorkPool& pool, Prepare prepare) : pool_(pool), prepare_(std::move(prepare)) {}

  void Handle(Request&& request, Reply reply) override {
    auto prepared = prepare_(request);
    if (auto* refusal = std::get_if<Response>(&prepared)) return reply(std::move(*refusal));
    // Dropped by a full pool, the reply answers 503 by itself.
    pool_.Submit([answer = std::get<Answer>(std::move(prepared)),
                  reply = std::move(reply)]() mutable { reply(answer()); });
  }

 private:
  WorkPool& pool_;
  const Prepare prepare_;
};

class PlainRoute final : public Handler {
 public:
  explicit PlainRoute(std::function<Response(const Request&)> answer)
      : answer_(std::move(answer)) {}
  void Handle(Request&& request, Reply reply) override { reply(answer_(request)); }

 private:
  const std::function<Response(const Request&)> answer_;
};

constexpr std::string_view kReceiptsPath = "/api/v1/receipts/";

std::optional<std::uint64_t> PositionOf(std::string_view path) {
  const std::string_view digits = path.substr(kReceiptsPath.size());
  std::uint64_t position = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), position);
  if (error != std::errc() || end != digits.data() + digits.size() || position == 0) {
    return std::nullopt;
  }
  return position;
}

}  // namespace

struct Api::State {
  State(ApiSources the_sources, const ApiOptions& options, model::Registry& registry)
      : sources(std::move(the_sources)),
        control("strata-control", 1, kControlWaitingMax),
        sql(sources.sql, options),
        receipts(control, [this](const Request& request) { return PrepareReceipt(request); }),
        debug_store(
            control,
            [this](const Request&) -> std::variant<ControlRoute::Answer, Response> {
              return ControlRoute::Answer([this] { return JsonAnswer(sources.debug_store()); });
            }),
        open_api([](const Request&) { return JsonAnswer(std::string(OpenApiDocument())); }),
        metrics([&registry](const Request& request) {
          auto page = registry.Render(request.headers->Get("accept"));
          Response response;
          response.content_type = std::move(page.content_type);
          response.body = std::move(page.text);
          return response;
        }),
        live([](const Request&) { return LiveResponse(); }),
        ready([this, backend = options.backend](const Request&) {
          return ReadyResponse(sources.ready, backend);
        }),
        grpc_health([this](const Request& request) {
          return GrpcHealthResponse(sources.ready, request.body);
        }) {}

  std::variant<ControlRoute::Answer, Response> PrepareReceipt(const Request& request) {
    const auto position = PositionOf(request.path);
    if (!position) {
      return ErrorAnswer(Code::kInvalidInput, "a receipt is a position: a number from 1",
                         "it stands in the header strata-receipt of an ingest answer");
    }
    auto namespace_name = NamespaceOf(*request.headers);
    if (!namespace_name) return ErrorAnswer(Code::kInvalidInput, namespace_name.error().message);
    return ControlRoute::Answer([this, position, name = *std::move(namespace_name)] {
      auto found = sources.find_receipt(name, *position);
      if (!found) return ErrorAnswer(found.error().code, found.error().message);
      return JsonAnswer(*std::move(found));
    });
  }

  const ApiSources sources;
  WorkPool control;
  SqlRoute sql;
  ControlRoute receipts;
  ControlRoute debug_store;
  PlainRoute open_api;
  PlainRoute metrics;
  PlainRoute live;
  PlainRoute ready;
  PlainRoute grpc_health;
};

Api::Api(ApiSources sources, const ApiOptions& options, model::Registry& registry)
    : state_(std::make_unique<State>(std::move(sources), options, registry)) {}

Api::~Api() = default;

void Api::AddTo(Router& router) {
  router.Add("POST", "/api/v1/sql", state_->sql);
  router.Add("GET", std::string(kReceiptsPath) + "*", state_->receipts);
  router.Add("GET", "/api/v1/openapi.json", state_->open_api);
  router.Add("GET", "/debug/store", state_->debug_store);
  router.Add("GET", "/livez", state_->live);
  router.Add("GET", "/readyz", state_->ready);
  router.Add("GET", "/metrics", state_->metrics);
}

void Api::AddGrpcHealthTo(Router& router) {
  router.Add("POST", "/grpc.health.v1.Health/Check", state_->grpc_health);
}

}  // namespace strata::server
