#include "app/settings.h"

#include <algorithm>
#include <cctype>
#include <numeric>
#include <utility>

#include "app/setting_value.h"

namespace strata::app {
namespace {

// Whether SIGHUP may change a setting of a running server.
enum class Applies : std::uint8_t { kAtStart, kLive };

struct RowOptions {
  Bounds bounds = {};
  Applies applies = Applies::kAtStart;
};

// `field` maps a Config& to the field's reference.
template <class Field>
Setting Row(std::string_view name, std::string_view help, Field field, RowOptions options = {}) {
  Config example;
  using T = std::remove_cvref_t<decltype(field(example))>;
  return Setting{
      .name = name,
      .help = help,
      .kind = KindOf(field(example)),
      .flag_only = std::is_same_v<T, bool>,
      .live = options.applies == Applies::kLive,
      .set = [field, bounds = options.bounds](
                 Config& config,
                 std::string_view text) { return ParseValue(text, bounds, field(config)); },
      .get =
          [field](const Config& config) {
            Config copy = config;
            return FormatValue(field(copy));
          },
  };
}

#define FIELD(path) [](Config& config) -> auto& { return config.path; }

constexpr std::uint64_t kMillisOfADay = 24ULL * 3600 * 1000;

void AddServing(std::vector<Setting>& rows) {
  rows.push_back(Row("listen.otlp_grpc",
                     "Where OTLP over gRPC is received; port 0 picks a free one.",
                     FIELD(listen.otlp_grpc)));
  rows.push_back(Row("listen.otlp_http", "Where OTLP over HTTP is received (/v1/logs, …).",
                     FIELD(listen.otlp_http)));
  rows.push_back(Row("listen.http", "Where SQL, health and metrics are served, and OTLP as well.",
                     FIELD(listen.http)));
  rows.push_back(Row("data_dir",
                     "Where everything is kept; relative to the working directory. Locked while "
                     "strata serves.",
                     FIELD(data_dir)));
  rows.push_back(Row("insecure",
                     "Allow a listener beyond loopback although callers need no token there.",
                     FIELD(insecure)));
  rows.push_back(Row("logging.level", "Messages below this level are not written.",
                     FIELD(logging.level), {.applies = Applies::kLive}));
  rows.push_back(Row("logging.format", "auto: text on a terminal, JSON lines otherwise. To stderr.",
                     FIELD(logging.format), {.applies = Applies::kLive}));
  rows.push_back(Row("threads.io", "Threads that serve connections and decode requests.",
                     FIELD(threads.io), {.bounds = {1, 256}}));
}

void AddLog(std::vector<Setting>& rows) {
  rows.push_back(Row("log.segment_bytes", "Size of one file of the write-ahead log.",
                     FIELD(log.segment_bytes), {.bounds = {1_MiB, 4_GiB}}));
  rows.push_back(Row("log.max_bytes",
                     "Size of the whole log; beyond it requests are answered as retryable. 0B: the "
                     "lesser of 64GiB and a tenth of the disk.",
                     FIELD(log.max_bytes)));
  rows.push_back(Row("log.sync",
                     "group: a success is sent after the durable write. interval: lossy, up to "
                     "log.sync_interval of acknowledged requests can be lost with the power.",
                     FIELD(log.sync)));
  rows.push_back(Row("log.sync_interval", "Time between durable writes when log.sync is interval.",
                     FIELD(log.sync_interval), {.bounds = {1, 60'000}}));
}

void AddTiers(std::vector<Setting>& rows) {
  rows.push_back(Row("hot.memory", "Memory for rows that are not sealed or still kept hot.",
                     FIELD(hot.memory), {.bounds = {16_MiB, 1024_GiB}, .applies = Applies::kLive}));
  rows.push_back(Row("hot.retention", "How long sealed rows stay in memory too.",
                     FIELD(hot.retention),
                     {.bounds = {0, 30 * kMillisOfADay}, .applies = Applies::kLive}));
  rows.push_back(Row("seal.rows", "A collection is sealed into a part when it has this many rows,",
                     FIELD(seal.rows), {.bounds = {1, 100'000'000}, .applies = Applies::kLive}));
  rows.push_back(Row("seal.bytes", "or this much memory,", FIELD(seal.bytes),
                     {.bounds = {1_MiB, 64_GiB}, .applies = Applies::kLive}));
  rows.push_back(Row("seal.age", "or its oldest unsealed row has waited this long.",
                     FIELD(seal.age), {.bounds = {100, kMillisOfADay}, .applies = Applies::kLive}));
  rows.push_back(Row("seal.small_part_interval",
                     "A small collection gets at most one part in this time; until then its rows "
                     "are kept in a carry file.",
                     FIELD(seal.small_part_interval),
                     {.bounds = {0, 30 * kMillisOfADay}, .applies = Applies::kLive}));
  rows.push_back(Row("merge.enabled", "Merge small parts in the background.", FIELD(merge.enabled),
                     {.applies = Applies::kLive}));
  rows.push_back(Row("merge.target_rows", "Parts are merged until they have about this many rows.",
                     FIELD(merge.target_rows),
                     {.bounds = {1'000, 100'000'000}, .applies = Applies::kLive}));
  rows.push_back(Row("retention.default", "Parts older than this are deleted; 0s keeps for ever.",
                     FIELD(retention.by_default), {.applies = Applies::kLive}));
  rows.push_back(Row("retention.logs", "The same for logs.", FIELD(retention.logs),
                     {.applies = Applies::kLive}));
  rows.push_back(Row("retention.spans", "The same for spans.", FIELD(retention.spans),
                     {.applies = Applies::kLive}));
  rows.push_back(Row("retention.metrics", "The same for metrics.", FIELD(retention.metrics),
                     {.applies = Applies::kLive}));
  rows.push_back(Row("scrub.interval",
                     "All stored data is read back and checked once in this time, in the "
                     "background; 0s turns it off.",
                     FIELD(scrub.interval), {.bounds = {0, 365 * kMillisOfADay}}));
  rows.push_back(Row("scrub.rate", "Bytes a second that it reads at most.", FIELD(scrub.rate),
                     {.bounds = {64_KiB, 64_GiB}}));
  rows.push_back(Row("disk.free_min",
                     "With less free disk than this, ingest is answered 503 as retryable while "
                     "queries go on.",
                     FIELD(disk.free_min), {.applies = Applies::kLive}));
  rows.push_back(Row("disk.free_warn", "With less free disk than this, a warning is logged once.",
                     FIELD(disk.free_warn), {.applies = Applies::kLive}));
  rows.push_back(Row("disk.reserve",
                     "Disk space that is set aside, at most a twentieth of the disk, so that "
                     "sealing, merging and retention finish on a full one. While it is used up, "
                     "ingest is answered 503. 0B: none.",
                     FIELD(disk.reserve), {.bounds = {0, 64_GiB}}));
  rows.push_back(Row("storage.backend", "What holds the warm tier.", FIELD(storage.backend)));
}

void AddRequests(std::vector<Setting>& rows) {
  rows.push_back(Row("dedup.window", "How long a request that is sent again is recognised.",
                     FIELD(dedup.window),
                     {.bounds = {0, 30 * kMillisOfADay}, .applies = Applies::kLive}));
  rows.push_back(Row("dedup.memory", "Memory for that; the oldest requests are forgotten first.",
                     FIELD(dedup.memory), {.bounds = {1_MiB, 64_GiB}, .applies = Applies::kLive}));
  rows.push_back(Row("dedup.payload",
                     "Recognise requests without an Idempotency-Key by a hash of their payload. "
                     "Namespaces that differ follow: true,audit=false.",
                     FIELD(dedup.payload), {.applies = Applies::kLive}));
  rows.push_back(Row("limits.attributes",
                     "Attributes a record; the others are cut and counted as dropped.",
                     FIELD(limits.attributes), {.bounds = {1, 65'536}, .applies = Applies::kLive}));
  rows.push_back(
      Row("limits.value_bytes", "Bytes of one value; longer ones are truncated and reported.",
          FIELD(limits.value_bytes), {.bounds = {1_KiB, 16_MiB}, .applies = Applies::kLive}));
  rows.push_back(Row("limits.nesting", "Depth of nested values; deeper records are rejected.",
                     FIELD(limits.nesting), {.bounds = {1, 128}, .applies = Applies::kLive}));
  rows.push_back(
      Row("limits.http_body",
          "Bytes of an HTTP request after decompression; unset, at most what fits into a "
          "segment of the log.",
          FIELD(limits.http_body), {.bounds = {1_KiB, 64_MiB}, .applies = Applies::kLive}));
  rows.push_back(Row("limits.grpc_message",
                     "Bytes of a gRPC message after decompression; unset, at most what fits into a "
                     "segment of the log.",
                     FIELD(limits.grpc_message),
                     {.bounds = {1_KiB, 64_MiB}, .applies = Applies::kLive}));
  rows.push_back(
      Row("limits.in_flight",
          "Bytes of all requests that are being received or decoded; several of one namespace have "
          "three quarters of it at most.",
          FIELD(limits.in_flight), {.bounds = {1_MiB, 1024_GiB}, .applies = Applies::kLive}));
  rows.push_back(Row("limits.connections", "Open connections of a listener.",
                     FIELD(limits.connections),
                     {.bounds = {1, 1'000'000}, .applies = Applies::kLive}));
  rows.push_back(Row("query.timeout", "Longest run of a statement.", FIELD(query.timeout),
                     {.bounds = {1, kMillisOfADay}, .applies = Applies::kLive}));
  rows.push_back(Row(
      "query.memory",
      "Memory of all running statements together; each may use an equal share (query.concurrency).",
      FIELD(query.memory), {.bounds = {64_MiB, 1024_GiB}, .applies = Applies::kLive}));
  rows.push_back(Row("query.max_rows", "Rows of an answer; a longer one is cut and says so.",
                     FIELD(query.max_rows),
                     {.bounds = {1, 1'000'000'000}, .applies = Applies::kLive}));
  rows.push_back(Row("query.concurrency", "Statements that run at once; others wait.",
                     FIELD(query.concurrency), {.bounds = {1, 1'024}}));
}

#undef FIELD

std::size_t EditDistance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t diagonal = row[0];
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t replaced = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
      diagonal = row[j];
      row[j] = std::min({replaced, row[j] + 1, row[j - 1] + 1});
    }
  }
  return row[b.size()];
}

std::string Table(std::span<const Setting> settings) {
  const Config defaults = DefaultConfig(false);
  std::string text = "| setting | value | default | meaning |\n|---|---|---|---|\n";
  for (const Setting& setting : settings) {
    std::string kind = setting.kind;
    for (std::size_t at = 0; (at = kind.find('|', at)) != std::string::npos; at += 2) {
      kind.insert(at, "\\");
    }
    std::string standard = "`" + setting.get(defaults) + "`";
    if (setting.name == "data_dir") {
      standard += ", as root `" + setting.get(DefaultConfig(true)) + "`";
    }
    text.append("| `").append(setting.name).append("`<br>`").append(setting.Flag());
    text.append("`<br>`").append(setting.Environment()).append("` | ").append(kind);
    text.append(" | ").append(standard).append(" | ").append(setting.help);
    text.append(setting.live ? " |\n" : " Read at the start only. |\n");
  }
  return text;
}

}  // namespace

std::string Setting::Flag() const {
  std::string flag = "--" + std::string(name);
  std::ranges::replace(flag, '.', '-');
  std::ranges::replace(flag, '_', '-');
  return flag;
}

std::string Setting::Environment() const {
  std::string variable = "STRATA_" + std::string(name);
  std::ranges::replace(variable, '.', '_');
  std::ranges::transform(variable, variable.begin(),
                         [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
  return variable;
}

std::span<const Setting> Settings() {
  static const std::vector<Setting>& rows = *[] {
    auto* all = new std::vector<Setting>();
    AddServing(*all);
    AddLog(*all);
    AddTiers(*all);
    AddRequests(*all);
    return all;
  }();
  return rows;
}

const Setting* FindSetting(std::string_view name) {
  const auto found = std::ranges::find(Settings(), name, &Setting::name);
  return found == Settings().end() ? nullptr : &*found;
}

Config DefaultConfig(bool root) {
  Config config;
  if (root) config.data_dir = "/var/lib/strata";
  return config;
}

std::string Nearest(std::string_view text, std::span<const std::string> candidates) {
  std::string nearest;
  std::size_t least = std::max<std::size_t>(2, text.size() / 3) + 1;
  for (const std::string& candidate : candidates) {
    // `memory` for `hot.memory`: the section was forgotten.
    if (candidate.ends_with("." + std::string(text))) return candidate;
    const std::size_t distance = EditDistance(text, candidate);
    if (distance >= least) continue;
    least = distance;
    nearest = candidate;
  }
  return nearest;
}

std::string ConfigurationPage() {
  return "# Configuration\n\n"
         "Generated by `strata config docs` from the table of settings; a test compares.\n\n"
         "Every setting has three names: in the YAML file, as a flag of `strata serve`, and as an\n"
         "environment variable. A flag wins over the environment, that over the file, that over\n"
         "the default. `strata config print --with-origin` shows what holds and why;\n"
         "`strata config check` validates without starting.\n\n"
         "On SIGHUP the same sources are read again and applied whole or refused whole, with the\n"
         "reason in the log output. Settings that are read at the start only cannot change then:\n"
         "a file that changes one of them is refused with its name.\n\n"
         "The file is the first of: `--config`, `STRATA_CONFIG`,\n"
         "`$XDG_CONFIG_HOME/strata/strata.yaml` (`~/.config` when that is unset), and for root\n"
         "`/etc/strata/strata.yaml`. The last two may be missing. A dot is a level:\n\n"
         "```yaml\nlisten:\n  http: 127.0.0.1:8090\ndata_dir: ${env:DATA:-/srv/strata}\n"
         "hot:\n  memory: 2GiB\n```\n\n"
         "`${env:NAME}` is replaced by the environment variable, `${env:NAME:-text}` by `text`\n"
         "where it is unset or empty; `$${` stands for `${`. Unknown keys, keys given twice and\n"
         "wrong values are refused with file and line, exit code 78.\n\n"
         "Sizes: a whole number and B, KB, MB, GB, TB, KiB, MiB, GiB or TiB. Durations: a whole\n"
         "number and ms, s, m, h or d.\n\n" +
         Table(Settings());
}

}  // namespace strata::app
