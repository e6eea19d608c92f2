#include "model/metrics.h"

#include <gtest/gtest.h>

namespace strata::model {
namespace {

TEST(Metrics, PrometheusText) {
  Registry registry;
  registry.AddCounter("strata_test_requests_total", "Requests.", {{"transport", "http"}}).Add(3);
  registry.AddCounter("strata_test_requests_total", "Requests.", {{"transport", "grpc"}}).Add();
  registry.AddGauge("strata_test_queue_bytes", "Waiting.").Set(1.5);
  registry.AddGaugeCallback("strata_test_age_seconds", "Read at scrape.", [] { return 7.0; });

  const auto page = registry.Render("*/*");
  EXPECT_EQ(page.content_type, "text/plain; version=0.0.4; charset=utf-8");
  EXPECT_NE(page.text.find("# TYPE strata_test_requests_total counter\n"), std::string::npos);
  EXPECT_NE(page.text.find("strata_test_requests_total{transport=\"http\"} 3\n"),
            std::string::npos);
  EXPECT_NE(page.text.find("strata_test_requests_total{transport=\"grpc\"} 1\n"),
            std::string::npos);
  EXPECT_NE(page.text.find("strata_test_queue_bytes 1.5\n"), std::string::npos);
  EXPECT_NE(page.text.find("strata_test_age_seconds 7\n"), std::string::npos);
}

TEST(Metrics, OpenMetricsText) {
  Registry registry;
  registry.AddCounter("strata_test_read_bytes_total", "Line one\nand \"two\".").Add(9);
  const double bounds[] = {0.5, 1};
  auto& histogram =
      registry.AddHistogram("strata_test_wait_seconds", "Waits.", bounds, {{"step", "sync"}});
  histogram.Observe(0.5);  // upper bounds are inclusive
  histogram.Observe(0.75);
  histogram.Observe(20);

  const auto page =
      registry.Render("application/openmetrics-text;version=1.0.0,text/plain;version=0.0.4;q=0.5");
  EXPECT_EQ(page.content_type, "application/openmetrics-text; version=1.0.0; charset=utf-8");
  for (const char* other : {"", "*/*", "text/plain", "application/openmetrics-text;q=0",
                            "application/openmetrics-text; q=0.1, text/plain; q=0.9"}) {
    EXPECT_EQ(registry.Render(other).content_type, "text/plain; version=0.0.4; charset=utf-8")
        << other;
  }
  EXPECT_EQ(page.text,
            "# TYPE strata_test_read_bytes counter\n"
            "# UNIT strata_test_read_bytes bytes\n"
            "# HELP strata_test_read_bytes Line one\\nand \\\"two\\\".\n"
            "strata_test_read_bytes_total 9\n"
            "# TYPE strata_test_wait_seconds histogram\n"
            "# UNIT strata_test_wait_seconds seconds\n"
            "# HELP strata_test_wait_seconds Waits.\n"
            "strata_test_wait_seconds_bucket{step=\"sync\",le=\"0.5\"} 1\n"
            "strata_test_wait_seconds_bucket{step=\"sync\",le=\"1.0\"} 2\n"
            "strata_test_wait_seconds_bucket{step=\"sync\",le=\"+Inf\"} 3\n"
            "strata_test_wait_seconds_count{step=\"sync\"} 3\n"
            "strata_test_wait_seconds_sum{step=\"sync\"} 21.25\n"
            "# EOF\n");
}

TEST(Metrics, NamesAreListedOnceAndSorted) {
  Registry registry;
  registry.AddGauge("strata_test_b", "B.");
  registry.AddCounter("strata_test_a_total", "A.", {{"k", "1"}});
  registry.AddCounter("strata_test_a_total", "A.", {{"k", "2"}});
  EXPECT_EQ(registry.Names(), (std::vector<std::string>{"strata_test_a_total", "strata_test_b"}));
}

TEST(MetricsDeathTest, RefusesWrongNamesAndTwins) {
  Registry registry;
  EXPECT_DEATH(registry.AddCounter("strata_test_requests", "No _total."), "CHECK failed");
  EXPECT_DEATH(registry.AddGauge("test_requests", "No prefix."), "CHECK failed");
  registry.AddGauge("strata_test_g", "G.");
  EXPECT_DEATH(registry.AddGauge("strata_test_g", "G."), "CHECK failed");
}

}  // namespace
}  // namespace strata::model
