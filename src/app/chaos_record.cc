#include "app/chaos_record.h"

#include <chrono>
#include <cstdio>

namespace strata::app {
namespace {

constexpr std::uint64_t kLongEvery = 40;  // one text of so many is long
constexpr std::uint64_t kLongBytesMax = 40'000;

std::string ServiceOf(const ChaosRequestId& id) {
  return "chaos-" + std::to_string(id.client);
}

}  // namespace

std::string ChaosTime(std::int64_t nanos) {
  using std::chrono::days;
  using std::chrono::floor;
  const std::chrono::sys_time<std::chrono::nanoseconds> time{std::chrono::nanoseconds(nanos)};
  const auto midnight = floor<days>(time);
  const std::chrono::year_month_day date(midnight);
  const std::chrono::hh_mm_ss clock(time - midnight);
  char text[40];
  std::snprintf(
      text, sizeof text, "%04d-%02u-%02uT%02d:%02d:%02d.%09dZ", static_cast<int>(date.year()),
      static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
      static_cast<int>(clock.hours().count()), static_cast<int>(clock.minutes().count()),
      static_cast<int>(clock.seconds().count()), static_cast<int>(clock.subseconds().count()));
  return text;
}

ChaosRow& ChaosRow::Raw(std::string_view json) {
  if (!text_.empty()) text_ += ',';
  text_ += json;
  return *this;
}

ChaosRow& ChaosRow::Hex(std::string_view bytes) {
  return Raw('"' + HexOf(bytes) + '"');
}

ChaosRow& ChaosRow::Time(std::int64_t nanos) {
  return Raw('"' + ChaosTime(nanos) + '"');
}

std::string ChaosDraw::Id(std::size_t bytes) const {
  std::string made(bytes, '\0');
  for (char& byte : made) byte = static_cast<char>(1 + Below(255));
  return made;
}

std::string ChaosDraw::Words() const {
  static constexpr const char* kWords[] = {"checkout", "a \"quoted\" word", "back\\slash",
                                           "Grüße",    "two\nlines",        "世界",
                                           "timeout",  "GET /api/cart"};
  std::string text = kWords[Below(std::size(kWords))];
  text += ' ' + std::to_string(random());
  if (Below(kLongEvery) == 0) text.append(Below(kLongBytesMax), 'x');
  return text;
}

ChaosMessage ChaosText(std::string_view value) {
  return ChaosMessage().Text(1, "stringValue", value);
}

ChaosMessage ChaosAttribute(std::string_view key, const ChaosMessage& value) {
  return ChaosMessage().Text(1, "key", key).Add(2, "value", value);
}

ChaosMessage ChaosResource(const ChaosRequestId& id) {
  ChaosMessage resource;
  resource.Repeat(1, "attributes",
                  ChaosAttribute("host.id", ChaosMessage().Int64(3, "intValue", id.client)));
  resource.Repeat(1, "attributes", ChaosAttribute("service.name", ChaosText(ServiceOf(id))));
  return resource;
}

ChaosMessage ChaosScope() {
  return ChaosMessage()
      .Text(1, "name", "strata chaos")
      .Text(2, "version", "1.0")
      .Repeat(3, "attributes", ChaosAttribute("real", ChaosMessage().Bool(2, "boolValue", true)));
}

void AddChaosOrigin(ChaosRow& row, const ChaosRequestId& id, std::string_view attributes) {
  row.Raw(attributes);
  row.Raw(R"({"host.id":")" + std::to_string(id.client) + R"(","service.name":)" +
          QuotedJson(ServiceOf(id)) + '}');
  row.Raw(R"({"real":"true"})").Text("strata chaos").Text("1.0").Text("https://resource");
  row.Text("https://scope");
}

}  // namespace strata::app
