// The process's own metrics: what an operator or a scraper can ask strata about itself. Names are
// strata_<module>_<noun>_<unit>[_total], base units, labels from fixed sets only (never from what a
// client sent); docs/metrics.md lists them all. prometheus-cpp writes the text.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace strata::model {

// Only grows. Any thread, no lock.
class Counter {
 public:
  void Add(std::uint64_t count = 1) { value_.fetch_add(count, std::memory_order_relaxed); }
  std::uint64_t Value() const { return value_.load(std::memory_order_relaxed); }

 private:
  // One cache line each: counters that are registered together are bumped by different threads.
  alignas(64) std::atomic<std::uint64_t> value_{0};
};

// Goes up and down. Any thread, no lock.
class Gauge {
 public:
  void Set(double value) { value_.store(value, std::memory_order_relaxed); }
  void Add(double delta) { value_.fetch_add(delta, std::memory_order_relaxed); }
  double Value() const { return value_.load(std::memory_order_relaxed); }

 private:
  alignas(64) std::atomic<double> value_{0};
};

// Counts observations per bucket. Any thread, no lock; a scrape that runs beside an observation may
// miss it in one of count and sum.
class Histogram {
 public:
  explicit Histogram(std::span<const double> bounds);
  void Observe(double value);

  std::span<const double> bounds() const { return bounds_; }
  // Observations in (bounds[i-1], bounds[i]]; the last bucket, i == bounds().size(), has no bound.
  std::uint64_t BucketCount(std::size_t i) const {
    return buckets_[i].load(std::memory_order_relaxed);
  }
  double Sum() const { return sum_.load(std::memory_order_relaxed); }

 private:
  std::vector<double> bounds_;
  std::unique_ptr<std::atomic<std::uint64_t>[]> buckets_;
  std::atomic<double> sum_{0};
};

// Bounds that serve most needs.
inline constexpr std::array<double, 14> kSecondsBounds = {
    0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5};
inline constexpr std::array<double, 8> kBytesBounds = {1 << 10, 1 << 12, 1 << 14, 1 << 16,
                                                       1 << 18, 1 << 20, 1 << 22, 1 << 24};

// A fixed set, written in the code: {{"transport", "http"}}.
using MetricLabels = std::vector<std::pair<std::string, std::string>>;

// One per process, made by the app and handed to each module. Registration and Render take a lock,
// updates do not. What is returned lives as long as the registry. A name may be registered again
// with other labels (same kind of metric); the same name and labels twice is a bug.
class Registry {
 public:
  Registry();
  ~Registry();
  Registry(const Registry&) = delete;
  Registry& operator=(const Registry&) = delete;

  Counter& AddCounter(std::string_view name, std::string_view help, MetricLabels labels = {});
  Gauge& AddGauge(std::string_view name, std::string_view help, MetricLabels labels = {});
  // Requires: bounds strictly increase.
  Histogram& AddHistogram(std::string_view name, std::string_view help,
                          std::span<const double> bounds, MetricLabels labels = {});

  // Read at each scrape, on the scraping thread: quick, thread-safe, and valid until the last
  // scrape (listeners stop before what they report on).
  void AddGaugeCallback(std::string_view name, std::string_view help, std::function<double()> read,
                        MetricLabels labels = {});
  void AddCounterCallback(std::string_view name, std::string_view help,
                          std::function<double()> read, MetricLabels labels = {});

  struct Page {
    std::string content_type;
    std::string text;
  };
  // OpenMetrics when `accept` (an HTTP Accept header) names application/openmetrics-text and wants
  // nothing else more, else Prometheus text 0.0.4.
  Page Render(std::string_view accept) const;

  // Every registered name once, in alphabetical order.
  std::vector<std::string> Names() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace strata::model
