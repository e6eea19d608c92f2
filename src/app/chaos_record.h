// One record of `strata chaos` in the making: its message, and its row as SQL must give it back.
// Used by app/chaos_request.cc; the kinds stand in files of their own.
#pragma once

#include <cstdint>
#include <random>
#include <string>
#include <string_view>

#include "app/chaos_message.h"
#include "app/chaos_request.h"

namespace strata::app {

// Cells of a row in JSON, as strata's answers write them.
class ChaosRow {
 public:
  ChaosRow& Null() { return Raw("null"); }
  ChaosRow& Number(std::uint64_t value) { return Raw(std::to_string(value)); }
  ChaosRow& Text(std::string_view value) { return Raw(QuotedJson(value)); }
  ChaosRow& Hex(std::string_view bytes);
  ChaosRow& Time(std::int64_t nanos);  // since 1970
  ChaosRow& Raw(std::string_view json);
  std::string Finish() && { return std::move(text_); }

 private:
  std::string text_;
};

std::string ChaosTime(std::int64_t nanos);  // 2026-01-31T12:00:00.000000001Z

// What a record is made of.
struct ChaosDraw {
  const ChaosRequestId& id;
  std::uint32_t ordinal;
  std::int64_t time_ns;  // its own
  std::mt19937_64& random;

  std::uint64_t Below(std::uint64_t bound) const { return random() % bound; }
  std::string Id(std::size_t bytes) const;
  // A few words, at times with what JSON escapes and what is not ASCII; at times long.
  std::string Words() const;
};

struct ChaosRecord {
  ChaosMessage message;
  std::string row;
};

// A resource and a scope are the same in all requests of a client.
ChaosMessage ChaosResource(const ChaosRequestId& id);
ChaosMessage ChaosScope();
// The cells service_name is not among: the three maps, with `attributes` as given, then
// scope_name … scope_schema_url.
void AddChaosOrigin(ChaosRow& row, const ChaosRequestId& id, std::string_view attributes);
ChaosMessage ChaosAttribute(std::string_view key, const ChaosMessage& value);
ChaosMessage ChaosText(std::string_view value);  // an AnyValue

ChaosRecord MakeChaosLog(const ChaosDraw& draw);
ChaosRecord MakeChaosSpan(const ChaosDraw& draw);
// A metric with one data point; its type follows from the ordinal.
ChaosRecord MakeChaosMetric(const ChaosDraw& draw);

}  // namespace strata::app
