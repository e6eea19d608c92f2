// All that the store tells an operator. Registered once, in Store::Open.
#pragma once

#include "model/metrics.h"

namespace strata::store {

struct Metrics {
  model::Counter& sealed_parts;
  model::Counter& sealed_rows;
  model::Counter& sealed_bytes;
  model::Counter& seal_failures;
  model::Histogram& seal_seconds;
  model::Counter& merges;
  model::Counter& merged_rows;
  model::Counter& merge_failures;
  model::Histogram& merge_seconds;
  model::Counter& retained_out_parts;
  model::Counter& retained_out_rows;
  model::Counter& damaged_parts;
  model::Counter& rebuilt_rows;
  model::Counter& restored_parts;
  model::Counter& scrubbed_files;
  model::Counter& scrubbed_bytes;
  model::Counter& scrub_damaged_files;
  model::Counter& scrub_unreadable_files;
  model::Counter& scrub_rounds;
  model::Counter& carry_writes;
  model::Counter& carry_bytes;

  static Metrics Register(model::Registry& registry) {
    return {
        .sealed_parts = registry.AddCounter("strata_store_sealed_parts_total",
                                            "Parts written from rows in memory."),
        .sealed_rows =
            registry.AddCounter("strata_store_sealed_rows_total", "Rows of those parts."),
        .sealed_bytes =
            registry.AddCounter("strata_store_sealed_bytes_total", "Bytes of those parts."),
        .seal_failures = registry.AddCounter("strata_store_seal_failures_total",
                                             "Attempts to seal that failed; the rows stay in "
                                             "memory and in the log."),
        .seal_seconds = registry.AddHistogram(
            "strata_store_seal_seconds", "Writing and listing one part.", model::kSecondsBounds),
        .merges = registry.AddCounter("strata_store_merges_total",
                                      "Merges of small parts into a larger one."),
        .merged_rows =
            registry.AddCounter("strata_store_merged_rows_total", "Rows that merges wrote again."),
        .merge_failures =
            registry.AddCounter("strata_store_merge_failures_total", "Merges that failed."),
        .merge_seconds = registry.AddHistogram("strata_store_merge_seconds", "One merge.",
                                               model::kSecondsBounds),
        .retained_out_parts = registry.AddCounter("strata_store_retention_dropped_parts_total",
                                                  "Parts that retention dropped."),
        .retained_out_rows = registry.AddCounter("strata_store_retention_dropped_rows_total",
                                                 "Rows that retention dropped."),
        .damaged_parts =
            registry.AddCounter("strata_store_damaged_parts_total",
                                "Parts that did not read back and were moved to quarantine."),
        .rebuilt_rows = registry.AddCounter(
            "strata_store_rebuilt_rows_total",
            "Rows of damaged parts that were written again from memory or from the log."),
        .restored_parts = registry.AddCounter(
            "strata_store_restored_parts_total",
            "Parts that were told as lost, were brought back and are served again."),
        .scrubbed_files = registry.AddCounter("strata_store_scrubbed_files_total",
                                              "Files that the scrub read back."),
        .scrubbed_bytes =
            registry.AddCounter("strata_store_scrubbed_bytes_total", "Bytes of those files."),
        .scrub_damaged_files = registry.AddCounter("strata_store_scrub_damaged_files_total",
                                                   "Files in which the scrub found damage."),
        .scrub_unreadable_files =
            registry.AddCounter("strata_store_scrub_unreadable_files_total",
                                "Files that the machine refused to read to the scrub."),
        .scrub_rounds = registry.AddCounter("strata_store_scrub_rounds_total",
                                            "Times the scrub has read all data."),
        .carry_writes =
            registry.AddCounter("strata_store_carry_writes_total", "Carry files written."),
        .carry_bytes =
            registry.AddCounter("strata_store_carry_bytes_total", "Bytes of those files."),
    };
  }
};

}  // namespace strata::store
