import io.opentelemetry.api.common.AttributeKey;
import io.opentelemetry.api.common.Attributes;
import io.opentelemetry.api.metrics.DoubleHistogram;
import io.opentelemetry.api.metrics.LongCounter;
import io.opentelemetry.api.metrics.Meter;
import io.opentelemetry.api.trace.Span;
import io.opentelemetry.context.Context;
import io.opentelemetry.exporter.otlp.http.metrics.OtlpHttpMetricExporter;
import io.opentelemetry.exporter.otlp.metrics.OtlpGrpcMetricExporter;
import io.opentelemetry.sdk.common.CompletableResultCode;
import io.opentelemetry.sdk.common.export.MemoryMode;
import io.opentelemetry.sdk.metrics.Aggregation;
import io.opentelemetry.sdk.metrics.Base2ExponentialHistogramOptions;
import io.opentelemetry.sdk.metrics.InstrumentSelector;
import io.opentelemetry.sdk.metrics.InstrumentType;
import io.opentelemetry.sdk.metrics.SdkMeterProvider;
import io.opentelemetry.sdk.metrics.View;
import io.opentelemetry.sdk.metrics.data.AggregationTemporality;
import io.opentelemetry.sdk.metrics.data.DoubleExemplarData;
import io.opentelemetry.sdk.metrics.data.DoublePointData;
import io.opentelemetry.sdk.metrics.data.ExemplarData;
import io.opentelemetry.sdk.metrics.data.ExponentialHistogramPointData;
import io.opentelemetry.sdk.metrics.data.HistogramPointData;
import io.opentelemetry.sdk.metrics.data.LongExemplarData;
import io.opentelemetry.sdk.metrics.data.LongPointData;
import io.opentelemetry.sdk.metrics.data.MetricData;
import io.opentelemetry.sdk.metrics.data.PointData;
import io.opentelemetry.sdk.metrics.export.AggregationTemporalitySelector;
import io.opentelemetry.sdk.metrics.export.MetricExporter;
import io.opentelemetry.sdk.metrics.export.PeriodicMetricReader;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

final class Metrics {
  private Metrics() {}

  /** Notes the rows of what is exported: the SDK decides times and buckets. */
  private record Watched(
      MetricExporter exporter, Exports exports, String service, List<Map<String, Object>> rows)
      implements MetricExporter {
    @Override
    public CompletableResultCode export(Collection<MetricData> metrics) {
      for (MetricData metric : metrics) {
        for (PointData point : metric.getData().getPoints()) {
          rows.add(row(metric, point, service));
        }
      }
      return exports.note(exporter.export(metrics));
    }

    @Override
    public AggregationTemporality getAggregationTemporality(InstrumentType instrument) {
      return exporter.getAggregationTemporality(instrument);
    }

    @Override
    public MemoryMode getMemoryMode() {
      return exporter.getMemoryMode();
    }

    @Override
    public CompletableResultCode flush() {
      return exporter.flush();
    }

    @Override
    public CompletableResultCode shutdown() {
      return exporter.shutdown();
    }
  }

  private static MetricExporter exporter(Send.Target target) {
    AggregationTemporalitySelector temporality =
        target.delta()
            ? AggregationTemporalitySelector.deltaPreferred()
            : AggregationTemporalitySelector.alwaysCumulative();
    return target.grpc()
        ? OtlpGrpcMetricExporter.builder()
            .setEndpoint(target.endpoint(""))
            .setCompression(target.compression())
            .setAggregationTemporalitySelector(temporality)
            .build()
        : OtlpHttpMetricExporter.builder()
            .setEndpoint(target.endpoint("/v1/metrics"))
            .setCompression(target.compression())
            .setAggregationTemporalitySelector(temporality)
            .build();
  }

  private static Map<String, Object> row(MetricData metric, PointData point, String service) {
    Map<String, Object> row = Values.origin(service);
    row.put("name", metric.getName());
    row.put("description", metric.getDescription());
    row.put("unit", metric.getUnit());
    row.put("time", Long.toString(point.getEpochNanos()));
    row.put("start_time", Long.toString(point.getStartEpochNanos()));
    row.put("attributes", Values.plain(point.getAttributes()));
    row.put("exemplars", point.getExemplars().stream().map(Metrics::row).toList());
    switch (metric.getType()) {
      case LONG_GAUGE, DOUBLE_GAUGE -> row.put("type", "gauge");
      case LONG_SUM -> putSum(row, metric.getLongSumData().isMonotonic());
      case DOUBLE_SUM -> putSum(row, metric.getDoubleSumData().isMonotonic());
      case HISTOGRAM -> row.put("type", "histogram");
      case EXPONENTIAL_HISTOGRAM -> row.put("type", "exponential_histogram");
      default -> throw new IllegalStateException("unexpected " + metric.getType());
    }
    row.put("aggregation_temporality", temporality(metric));
    putValues(row, point);
    return row;
  }

  private static void putSum(Map<String, Object> row, boolean monotonic) {
    row.put("type", "sum");
    row.put("is_monotonic", monotonic);
  }

  private static String temporality(MetricData metric) {
    return switch (metric.getType()) {
      case LONG_SUM -> metric.getLongSumData().getAggregationTemporality().name();
      case DOUBLE_SUM -> metric.getDoubleSumData().getAggregationTemporality().name();
      case HISTOGRAM -> metric.getHistogramData().getAggregationTemporality().name();
      case EXPONENTIAL_HISTOGRAM ->
          metric.getExponentialHistogramData().getAggregationTemporality().name();
      default -> null;
    };
  }

  private static void putValues(Map<String, Object> row, PointData point) {
    if (point instanceof LongPointData number) {
      row.put("value_int", number.getValue());
      row.put("value", (double) number.getValue());
    } else if (point instanceof DoublePointData number) {
      row.put("value_int", null);
      row.put("value", number.getValue());
    } else if (point instanceof HistogramPointData histogram) {
      row.put("count", histogram.getCount());
      row.put("sum", histogram.getSum());
      row.put("min", histogram.hasMin() ? histogram.getMin() : null);
      row.put("max", histogram.hasMax() ? histogram.getMax() : null);
      row.put("bucket_counts", List.copyOf(histogram.getCounts()));
      row.put("explicit_bounds", List.copyOf(histogram.getBoundaries()));
    } else if (point instanceof ExponentialHistogramPointData histogram) {
      row.put("count", histogram.getCount());
      row.put("sum", histogram.getSum());
      row.put("min", histogram.hasMin() ? histogram.getMin() : null);
      row.put("max", histogram.hasMax() ? histogram.getMax() : null);
      row.put("scale", histogram.getScale());
      row.put("zero_count", histogram.getZeroCount());
      row.put("positive_offset", histogram.getPositiveBuckets().getOffset());
      row.put("positive_counts", List.copyOf(histogram.getPositiveBuckets().getBucketCounts()));
      row.put("negative_offset", histogram.getNegativeBuckets().getOffset());
      row.put("negative_counts", List.copyOf(histogram.getNegativeBuckets().getBucketCounts()));
    }
  }

  private static Map<String, Object> row(ExemplarData exemplar) {
    Map<String, Object> row = new LinkedHashMap<>();
    row.put("time", Long.toString(exemplar.getEpochNanos()));
    row.put("trace_id", exemplar.getSpanContext().getTraceId());
    row.put("span_id", exemplar.getSpanContext().getSpanId());
    row.put("attributes", Values.plain(exemplar.getFilteredAttributes()));
    if (exemplar instanceof LongExemplarData number) {
      row.put("value_int", number.getValue());
      row.put("value", (double) number.getValue());
    } else if (exemplar instanceof DoubleExemplarData number) {
      row.put("value_int", null);
      row.put("value", number.getValue());
    }
    return row;
  }

  private static Attributes route(String route) {
    return Attributes.of(AttributeKey.stringKey("route"), route);
  }

  /** In the context of a sampled span, so that measurements become exemplars. */
  private static void measure(Meter meter) {
    Context context = Context.root().with(Span.wrap(Logs.CONTEXT));
    LongCounter requests =
        meter
            .counterBuilder("e2e.requests")
            .setDescription("Requests.")
            .setUnit("{request}")
            .build();
    requests.add(3, route("/a").toBuilder().put("user", "u1").build(), context);
    requests.add((1L << 53) + 1, route("/large"), context);
    meter
        .counterBuilder("e2e.seconds")
        .ofDoubles()
        .setUnit("s")
        .build()
        .add(0.30000000000000004, Values.everyType(), context);
    meter.upDownCounterBuilder("e2e.queue").build().add(-8, route("/a"), context);
    meter
        .gaugeBuilder("e2e.temperature")
        .setUnit("Cel")
        .build()
        .set(-273.15, route("ünï"), context);
    meter
        .gaugeBuilder("e2e.observed")
        .ofLongs()
        .buildWithCallback(observed -> observed.record(-1, route("callback")));
    DoubleHistogram latency =
        meter
            .histogramBuilder("e2e.latency")
            .setUnit("ms")
            .setExplicitBucketBoundariesAdvice(List.of(1.0, 2.5, 10.0, 100.0))
            .build();
    for (double value : new double[] {0.5, 1, 2, 3, 50, 1000, 12.25}) {
      latency.record(value, route("/a"), context);
    }
    DoubleHistogram exponential = meter.histogramBuilder("e2e.exponential").build();
    for (double value : new double[] {0, 1, 2, 3, 1000, 0.001, 7.5}) {
      exponential.record(value, Attributes.empty(), context);
    }
  }

  private static InstrumentSelector named(String name) {
    return InstrumentSelector.builder().setName(name).build();
  }

  static List<Map<String, Object>> send(Send.Target target) {
    Exports exports = new Exports();
    List<Map<String, Object>> rows = new ArrayList<>();
    Watched exporter = new Watched(exporter(target), exports, target.service(), rows);
    // What a view filters out of the attributes stands in the exemplars.
    View routeOnly = View.builder().setAttributeFilter(Set.of("route")).build();
    Base2ExponentialHistogramOptions twenty =
        Base2ExponentialHistogramOptions.builder().setMaxBuckets(20).build();
    View exponential =
        View.builder()
            .setAggregation(Aggregation.base2ExponentialBucketHistogram(twenty))
            .build();
    SdkMeterProvider provider =
        SdkMeterProvider.builder()
            .setResource(Values.resource(target.service()))
            .registerView(named("e2e.requests"), routeOnly)
            .registerView(named("e2e.exponential"), exponential)
            .registerMetricReader(
                PeriodicMetricReader.builder(exporter).setInterval(Duration.ofHours(1)).build())
            .build();
    measure(
        provider
            .meterBuilder(Values.SCOPE_NAME)
            .setInstrumentationVersion(Values.SCOPE_VERSION)
            .setSchemaUrl(Values.SCHEMA)
            .build());
    provider.close(); // which collects and exports
    exports.requireSuccess();
    return rows;
  }
}
