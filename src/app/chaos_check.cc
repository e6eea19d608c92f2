#include "app/chaos_check.h"

#include <charconv>
#include <map>
#include <set>
#include <utility>

#include <simdjson.h>

namespace strata::app {
namespace {

using simdjson::ondemand::array;
using simdjson::ondemand::document;
using simdjson::ondemand::parser;

Error Unreadable(const std::string& what) {
  return {Code::kCorrupt, "SQL answered something unexpected: " + what};
}

// One row of ChaosRowsSql.
struct Row {
  std::uint64_t position = 0;
  std::uint32_t ordinal = 0;
  std::string_view request;  // "<client>-<number>"
  std::string_view rest;
};

// Takes the JSON number or text in front of `text`, and the comma behind it.
bool Take(std::string_view& text, std::string_view& value) {
  const std::size_t comma = text.find(',');
  if (comma == std::string_view::npos) return false;
  value = text.substr(0, comma);
  text.remove_prefix(comma + 1);
  return true;
}

template <class Number>
bool ReadNumber(std::string_view text, Number& value) {
  const auto parsed = std::from_chars(text.data(), text.data() + text.size(), value);
  return parsed.ec == std::errc() && parsed.ptr == text.data() + text.size();
}

std::optional<Row> ParseRow(std::string_view json) {
  Row row;
  std::string_view position;
  std::string_view ordinal;
  if (!json.starts_with('[') || !json.ends_with(']')) return std::nullopt;
  json = json.substr(1, json.size() - 2);
  if (!Take(json, position) || !Take(json, ordinal) || !Take(json, row.request)) {
    return std::nullopt;
  }
  if (!ReadNumber(position, row.position) || !ReadNumber(ordinal, row.ordinal)) return std::nullopt;
  if (row.request.size() < 2 || row.request.front() != '"') return std::nullopt;
  row.request = row.request.substr(1, row.request.size() - 2);
  row.rest = json;
  return row;
}

std::optional<ChaosRequestId> ParseId(std::string_view text) {
  const std::size_t dash = text.find('-');
  ChaosRequestId id;
  if (dash == std::string_view::npos || !ReadNumber(text.substr(0, dash), id.client) ||
      !ReadNumber(text.substr(dash + 1), id.number)) {
    return std::nullopt;
  }
  return id;
}

// What SQL says of one request.
struct Seen {
  std::set<std::uint64_t> positions;
  std::vector<std::uint32_t> counts;  // by ordinal
};

class Checker {
 public:
  Checker(const ChaosRequests& requests, std::span<ChaosLedger* const> ledgers,
          const ChaosCheckOptions& options, ChaosFindings& findings)
      : requests_(requests), options_(options), findings_(findings) {
    for (ChaosLedger* ledger : ledgers) clients_.emplace(ledger->client(), Client{ledger, {}});
    for (auto& [number, client] : clients_) client.seen.resize(client.ledger->entries().size());
  }

  Status Read(net::HttpClient& http, model::Kind kind) {
    const std::string sql = ChaosRowsSql(kind);
    ASSIGN_OR_RETURN(const auto response,
                     http.Send({.method = "POST",
                                .target = "/api/v1/sql?format=json",
                                .headers = {{"Content-Type", "text/plain"},
                                            {"X-Scope-OrgID", options_.name_space}},
                                .body = AsBytes(sql)}));
    if (response.status != 200) {
      return Unreadable(std::to_string(response.status) + " " + response.body);
    }
    const simdjson::padded_string body(response.body);
    parser json;
    document answer;
    array rows;
    bool complete = false;
    if (json.iterate(body).get(answer) != simdjson::SUCCESS ||
        answer["rows"].get_array().get(rows) != simdjson::SUCCESS) {
      return Unreadable(response.body.substr(0, 200));
    }
    for (auto item : rows) {
      array cells;
      std::string_view raw;
      if (item.get_array().get(cells) != simdjson::SUCCESS ||
          cells.raw_json().get(raw) != simdjson::SUCCESS) {
        return Unreadable("a row");
      }
      OnRow(raw, kind);
    }
    if (answer["stats"]["complete"].get(complete) != simdjson::SUCCESS || !complete) {
      return Unreadable("not all rows");
    }
    return Done{};
  }

  void Judge() {
    const MonotonicTime now = SystemClock().Monotonic();
    for (auto& [number, client] : clients_) {
      for (std::uint64_t i = 0; i < client.seen.size(); ++i) {
        JudgeRequest({.client = number, .number = i}, client.seen[i], client.ledger->entry(i), now);
      }
      JudgeOrder(client);
    }
  }

 private:
  struct Client {
    ChaosLedger* ledger;
    std::vector<Seen> seen;  // by number of the request
  };

  void OnRow(std::string_view raw, model::Kind kind) {
    const auto row = ParseRow(raw);
    const auto id = row ? ParseId(row->request) : std::nullopt;
    const auto client = id ? clients_.find(id->client) : clients_.end();
    if (client == clients_.end() || id->number >= client->second.seen.size() ||
        client->second.ledger->entry(id->number).kind != kind) {
      findings_.Add(ChaosBreach::kAltered, "a row that nobody sent: " + std::string(raw));
      return;
    }
    const ChaosEntry& entry = client->second.ledger->entry(id->number);
    if (row->ordinal >= entry.row_hashes.size()) {
      findings_.Add(ChaosBreach::kAltered,
                    "request " + id->Text() + " has no record " + std::to_string(row->ordinal));
      return;
    }
    Seen& seen = client->second.seen[id->number];
    seen.positions.insert(row->position);
    seen.counts.resize(entry.row_hashes.size());
    ++seen.counts[row->ordinal];
    if (ChaosRowHash(row->rest) == entry.row_hashes[row->ordinal]) return;
    findings_.Add(ChaosBreach::kAltered, "request " + id->Text() + " record " +
                                             std::to_string(row->ordinal) + ": sent " +
                                             requests_.Make(*id).rows[row->ordinal] + ", stored " +
                                             std::string(row->rest));
  }

  void JudgeRequest(const ChaosRequestId& id, const Seen& seen, ChaosEntry& entry,
                    MonotonicTime now) {
    const std::size_t records = entry.row_hashes.size();
    const auto say = [&](ChaosBreach breach, const std::string& what, std::uint64_t count) {
      findings_.Add(breach,
                    "request " + id.Text() + " of " + options_.name_space + "/" +
                        std::string(model::KindName(entry.kind)) + " " + what,
                    count);
    };
    std::uint64_t missing = records;
    std::uint64_t twice = 0;
    for (const std::uint32_t count : seen.counts) {
      if (count > 0) --missing;
      if (count > 1) twice += count - 1;
    }
    if (twice > 0) {
      say(ChaosBreach::kDuplicated, "has records more than once, at positions " + Text(seen),
          twice);
    }
    if (missing == records) {
      if (!entry.acked || entry.gone) return;
      if (MayBeGone(entry, now)) {
        entry.gone = true;
        return;
      }
      return say(ChaosBreach::kLost,
                 "was acknowledged with " + std::to_string(entry.receipt) + " and is not there",
                 records);
    }
    if (entry.gone) say(ChaosBreach::kAltered, "came back after retention had taken it", records);
    if (missing > 0) {
      say(entry.acked ? ChaosBreach::kLost : ChaosBreach::kAltered,
          "lacks " + std::to_string(missing) + " of " + std::to_string(records) + " records",
          missing);
    }
    if (entry.acked && !seen.positions.contains(entry.receipt)) {
      say(ChaosBreach::kAltered,
          "has receipt " + std::to_string(entry.receipt) + " and stands at " + Text(seen), records);
    }
  }

  bool MayBeGone(const ChaosEntry& entry, MonotonicTime now) const {
    return entry.kind == model::Kind::kMetrics && options_.metrics_kept &&
           now - entry.begun_at > *options_.metrics_kept;
  }

  void JudgeOrder(const Client& client) {
    std::uint64_t last = 0;
    for (std::uint64_t i = 0; i < client.seen.size(); ++i) {
      const Seen& seen = client.seen[i];
      if (seen.positions.empty()) continue;
      if (*seen.positions.begin() <= last) {
        const ChaosRequestId id{.client = client.ledger->client(), .number = i};
        findings_.Add(ChaosBreach::kDisordered,
                      "request " + id.Text() + " stands at " + Text(seen) +
                          ", one that was sent before it at " + std::to_string(last));
      }
      last = *seen.positions.rbegin();
    }
  }

  static std::string Text(const Seen& seen) {
    std::string text;
    for (const std::uint64_t position : seen.positions) {
      text += (text.empty() ? "" : ", ") + std::to_string(position);
    }
    return text;
  }

  const ChaosRequests& requests_;
  const ChaosCheckOptions& options_;
  ChaosFindings& findings_;
  std::map<std::uint32_t, Client> clients_;
};

}  // namespace

Status CheckStored(net::HttpClient& http, const ChaosRequests& requests,
                   std::span<ChaosLedger* const> ledgers, const ChaosCheckOptions& options,
                   ChaosFindings& findings) {
  Checker checker(requests, ledgers, options, findings);
  for (const model::Kind kind : model::kKinds) RETURN_IF_ERROR(checker.Read(http, kind));
  checker.Judge();
  return Done{};
}

}  // namespace strata::app
