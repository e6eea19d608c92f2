#include "model/metrics.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <deque>
#include <map>
#include <sstream>

#include <prometheus/metric_family.h>
#include <prometheus/text_serializer.h>

#include "base/check.h"
#include "base/mutex.h"

namespace strata::model {

namespace {

using prometheus::ClientMetric;
using prometheus::MetricFamily;
using prometheus::MetricType;

std::string NumberText(double value) {
  if (std::isnan(value)) return "NaN";
  if (std::isinf(value)) return value > 0 ? "+Inf" : "-Inf";
  char text[32];
  return {text, std::to_chars(text, text + sizeof text, value).ptr};
}

std::string Escaped(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '\n') {
      out += "\\n";
      continue;
    }
    if (c == '\\' || c == '"') out += '\\';
    out += c;
  }
  return out;
}

std::string LabelText(const ClientMetric& metric, std::string_view bound = {}) {
  std::string out;
  const auto add = [&out](std::string_view name, std::string_view value) {
    out += out.empty() ? "{" : ",";
    out.append(name).append("=\"").append(Escaped(value)).append("\"");
  };
  for (const auto& [name, value] : metric.label) add(name, value);
  if (!bound.empty()) add("le", bound);
  if (!out.empty()) out += '}';
  return out;
}

// OpenMetrics wants le="1.0", not le="1".
std::string BoundText(double bound) {
  std::string text = NumberText(bound);
  if (text.find_first_of(".eIN") == std::string::npos) text += ".0";
  return text;
}

void WriteHistogram(std::string& out, const std::string& name, const ClientMetric& metric) {
  for (const auto& bucket : metric.histogram.bucket) {
    out += name + "_bucket" + LabelText(metric, BoundText(bucket.upper_bound)) + " " +
           std::to_string(bucket.cumulative_count) + "\n";
  }
  const std::string labels = LabelText(metric);
  out += name + "_count" + labels + " " + std::to_string(metric.histogram.sample_count) + "\n";
  out += name + "_sum" + labels + " " + NumberText(metric.histogram.sample_sum) + "\n";
}

// https://prometheus.io/docs/specs/om/open_metrics_spec/ : a counter family is named without
// _total, its samples with it; a unit that ends the family's name is declared; # EOF ends the page.
void WriteFamily(std::string& out, const MetricFamily& family) {
  std::string name = family.name;
  const bool counter = family.type == MetricType::Counter;
  if (counter && name.ends_with("_total")) name.resize(name.size() - 6);
  const bool histogram = family.type == MetricType::Histogram;
  out += "# TYPE " + name + " " + (counter ? "counter" : histogram ? "histogram" : "gauge") + "\n";
  for (const std::string_view unit : {"seconds", "bytes"}) {
    if (name.ends_with("_" + std::string(unit))) {
      out.append("# UNIT ").append(name).append(" ").append(unit).append("\n");
    }
  }
  out += "# HELP " + name + " " + Escaped(family.help) + "\n";
  for (const ClientMetric& metric : family.metric) {
    if (histogram) {
      WriteHistogram(out, name, metric);
    } else {
      out += name + (counter ? "_total" : "") + LabelText(metric) + " " +
             NumberText(counter ? metric.counter.value : metric.gauge.value) + "\n";
    }
  }
}

std::string_view Trimmed(std::string_view text) {
  while (text.starts_with(' ') || text.starts_with('\t')) text.remove_prefix(1);
  while (text.ends_with(' ') || text.ends_with('\t')) text.remove_suffix(1);
  return text;
}

// Cuts off what stands in front of the separator.
std::string_view TakeUntil(std::string_view& text, char separator) {
  const std::string_view taken = text.substr(0, text.find(separator));
  text.remove_prefix(std::min(text.size(), taken.size() + 1));
  return Trimmed(taken);
}

// RFC 9110, 12.5.1: how much an Accept header wants one of the media types, from 0 to 1.
double WeightOf(std::string_view accept, std::initializer_list<std::string_view> types) {
  double most = 0;
  while (!accept.empty()) {
    std::string_view range = TakeUntil(accept, ',');
    const std::string_view type = TakeUntil(range, ';');
    if (std::ranges::find(types, type) == types.end()) continue;
    double weight = 1;
    while (!range.empty()) {
      const std::string_view parameter = TakeUntil(range, ';');
      if (!parameter.starts_with("q=")) continue;
      std::from_chars(parameter.data() + 2, parameter.data() + parameter.size(), weight);
    }
    most = std::max(most, weight);
  }
  return most;
}

bool WantsOpenMetrics(std::string_view accept) {
  const double weight = WeightOf(accept, {"application/openmetrics-text"});
  return weight > 0 && weight >= WeightOf(accept, {"text/plain", "text/*", "*/*"});
}

std::string OpenMetricsText(const std::vector<MetricFamily>& families) {
  std::string out;
  for (const MetricFamily& family : families) WriteFamily(out, family);
  return out + "# EOF\n";
}

std::string PrometheusText(const std::vector<MetricFamily>& families) {
  std::ostringstream out;
  prometheus::TextSerializer().Serialize(out, families);
  return std::move(out).str();
}

ClientMetric::Histogram Snapshot(const Histogram& histogram) {
  ClientMetric::Histogram out;
  for (std::size_t i = 0; i <= histogram.bounds().size(); ++i) {
    out.sample_count += histogram.BucketCount(i);
    out.bucket.push_back(
        {.cumulative_count = out.sample_count,
         .upper_bound = i < histogram.bounds().size() ? histogram.bounds()[i] : HUGE_VAL});
  }
  out.sample_sum = histogram.Sum();
  return out;
}

}  // namespace

Histogram::Histogram(std::span<const double> bounds)
    : bounds_(bounds.begin(), bounds.end()),
      buckets_(std::make_unique<std::atomic<std::uint64_t>[]>(bounds.size() + 1)) {
  CHECK(std::ranges::adjacent_find(bounds_, std::greater_equal<>()) == bounds_.end());
}

void Histogram::Observe(double value) {
  const auto bucket = std::ranges::lower_bound(bounds_, value) - bounds_.begin();
  buckets_[static_cast<std::size_t>(bucket)].fetch_add(1, std::memory_order_relaxed);
  sum_.fetch_add(value, std::memory_order_relaxed);
}

struct Registry::State {
  // One name with one set of labels; `read` fills in the value.
  struct Series {
    MetricLabels labels;
    std::function<void(ClientMetric&)> read;
  };
  struct Family {
    std::string help;
    MetricType type;
    std::vector<Series> series;
  };

  void Add(std::string_view name, std::string_view help, MetricType type, MetricLabels labels,
           std::function<void(ClientMetric&)> read) REQUIRES(mutex) {
    CHECK(name.starts_with("strata_"));
    CHECK((type == MetricType::Counter) == name.ends_with("_total"));
    auto [found, fresh] = families.try_emplace(
        std::string(name), Family{.help = std::string(help), .type = type, .series = {}});
    Family& family = found->second;
    CHECK(family.type == type);
    for (const Series& other : family.series) CHECK(other.labels != labels);
    family.series.push_back({.labels = std::move(labels), .read = std::move(read)});
  }

  mutable Mutex mutex;
  std::map<std::string, Family, std::less<>> families GUARDED_BY(mutex);
  // Deques: addresses are handed out.
  std::deque<Counter> counters GUARDED_BY(mutex);
  std::deque<Gauge> gauges GUARDED_BY(mutex);
  std::deque<Histogram> histograms GUARDED_BY(mutex);
};

Registry::Registry() : state_(std::make_unique<State>()) {}
Registry::~Registry() = default;

Counter& Registry::AddCounter(std::string_view name, std::string_view help, MetricLabels labels) {
  const MutexLock lock(state_->mutex);
  Counter& counter = state_->counters.emplace_back();
  state_->Add(name, help, MetricType::Counter, std::move(labels), [&counter](ClientMetric& out) {
    out.counter.value = static_cast<double>(counter.Value());
  });
  return counter;
}

Gauge& Registry::AddGauge(std::string_view name, std::string_view help, MetricLabels labels) {
  const MutexLock lock(state_->mutex);
  Gauge& gauge = state_->gauges.emplace_back();
  state_->Add(name, help, MetricType::Gauge, std::move(labels),
              [&gauge](ClientMetric& out) { out.gauge.value = gauge.Value(); });
  return gauge;
}

Histogram& Registry::AddHistogram(std::string_view name, std::string_view help,
                                  std::span<const double> bounds, MetricLabels labels) {
  const MutexLock lock(state_->mutex);
  Histogram& histogram = state_->histograms.emplace_back(bounds);
  state_->Add(name, help, MetricType::Histogram, std::move(labels),
              [&histogram](ClientMetric& out) { out.histogram = Snapshot(histogram); });
  return histogram;
}

void Registry::AddGaugeCallback(std::string_view name, std::string_view help,
                                std::function<double()> read, MetricLabels labels) {
  const MutexLock lock(state_->mutex);
  state_->Add(name, help, MetricType::Gauge, std::move(labels),
              [read = std::move(read)](ClientMetric& out) { out.gauge.value = read(); });
}

void Registry::AddCounterCallback(std::string_view name, std::string_view help,
                                  std::function<double()> read, MetricLabels labels) {
  const MutexLock lock(state_->mutex);
  state_->Add(name, help, MetricType::Counter, std::move(labels),
              [read = std::move(read)](ClientMetric& out) { out.counter.value = read(); });
}

Registry::Page Registry::Render(std::string_view accept) const {
  std::vector<MetricFamily> families;
  {
    const MutexLock lock(state_->mutex);
    for (const auto& [name, family] : state_->families) {
      MetricFamily& out = families.emplace_back();
      out.name = name;
      out.help = family.help;
      out.type = family.type;
      for (const State::Series& series : family.series) {
        ClientMetric& metric = out.metric.emplace_back();
        for (const auto& [label, value] : series.labels) metric.label.push_back({label, value});
        series.read(metric);
      }
    }
  }
  if (WantsOpenMetrics(accept)) {
    return {.content_type = "application/openmetrics-text; version=1.0.0; charset=utf-8",
            .text = OpenMetricsText(families)};
  }
  return {.content_type = "text/plain; version=0.0.4; charset=utf-8",
          .text = PrometheusText(families)};
}

std::vector<std::string> Registry::Names() const {
  const MutexLock lock(state_->mutex);
  std::vector<std::string> names;
  for (const auto& [name, family] : state_->families) names.push_back(name);
  return names;
}

}  // namespace strata::model
