import { ValueType } from '@opentelemetry/api';
import { OTLPMetricExporter as GrpcExporter } from '@opentelemetry/exporter-metrics-otlp-grpc';
import { AggregationTemporalityPreference, OTLPMetricExporter as JsonExporter } from '@opentelemetry/exporter-metrics-otlp-http';
import { OTLPMetricExporter as ProtobufExporter } from '@opentelemetry/exporter-metrics-otlp-proto';
import { AggregationTemporality, AggregationType, DataPointType, MeterProvider, PeriodicExportingMetricReader } from '@opentelemetry/sdk-metrics';
import { exporterOptions, nanoseconds, origin, requireSuccess, resource, scope, watch } from './common.mjs';

const exporters = { grpc: GrpcExporter, 'http/protobuf': ProtobufExporter, 'http/json': JsonExporter };

// The columns in which the types differ.
const shapes = {
  [DataPointType.GAUGE]: ({ value }, { descriptor }) => ({ type: 'gauge', ...number(value, descriptor) }),
  [DataPointType.SUM]: ({ value }, metric) => ({
    type: 'sum',
    ...number(value, metric.descriptor),
    is_monotonic: metric.isMonotonic,
    aggregation_temporality: AggregationTemporality[metric.aggregationTemporality],
  }),
  [DataPointType.HISTOGRAM]: ({ value }, metric) => ({
    type: 'histogram',
    aggregation_temporality: AggregationTemporality[metric.aggregationTemporality],
    count: value.count,
    sum: value.sum,
    min: value.min,
    max: value.max,
    bucket_counts: value.buckets.counts,
    explicit_bounds: value.buckets.boundaries,
  }),
  [DataPointType.EXPONENTIAL_HISTOGRAM]: ({ value }, metric) => ({
    type: 'exponential_histogram',
    aggregation_temporality: AggregationTemporality[metric.aggregationTemporality],
    count: value.count,
    sum: value.sum,
    min: value.min,
    max: value.max,
    scale: value.scale,
    zero_count: value.zeroCount,
    positive_offset: value.positive.offset,
    positive_counts: value.positive.bucketCounts,
    negative_offset: value.negative.offset,
    negative_counts: value.negative.bucketCounts,
  }),
};

function number(value, descriptor) {
  return descriptor.valueType === ValueType.INT ? { value_int: value, value } : { value };
}

// Copies what the SDK exports into rows: it decides times and buckets.
function rowsOf(resourceMetrics, service) {
  const rows = [];
  for (const { metrics } of resourceMetrics.scopeMetrics) {
    for (const metric of metrics) {
      for (const point of metric.dataPoints) {
        rows.push({
          ...origin(service),
          time: nanoseconds(point.endTime),
          start_time: nanoseconds(point.startTime),
          name: metric.descriptor.name,
          description: metric.descriptor.description,
          unit: metric.descriptor.unit,
          attributes: point.attributes,
          ...shapes[metric.dataPointType](point, metric),
        });
      }
    }
  }
  return JSON.parse(JSON.stringify(rows));
}

export async function sendMetrics(target) {
  const delta = target.compression === 'gzip';
  const exporter = new exporters[target.protocol]({
    ...exporterOptions('/v1/metrics', target),
    temporalityPreference: delta ? AggregationTemporalityPreference.DELTA : AggregationTemporalityPreference.CUMULATIVE,
  });
  const rows = [];
  const outcome = watch(exporter, (metrics) => rows.push(...rowsOf(metrics, target.service)));
  const reader = new PeriodicExportingMetricReader({ exporter, exportIntervalMillis: 3600000 });
  const provider = new MeterProvider({
    resource: resource(target.service),
    readers: [reader],
    views: [
      { instrumentName: 'e2e.exponential', aggregation: { type: AggregationType.EXPONENTIAL_HISTOGRAM, options: { maxSize: 20 } } },
    ],
  });
  const meter = provider.getMeter(scope.name, scope.version, { schemaUrl: scope.schemaUrl });

  const requests = meter.createCounter('e2e.requests', { description: 'Requests.', unit: '{request}', valueType: ValueType.INT });
  requests.add(3, { route: '/a', code: 200 });
  requests.add(4, { route: '/b', ok: false, tags: ['x', 'y'] });
  requests.add(Number.MAX_SAFE_INTEGER, { route: '/large' });
  meter.createCounter('e2e.seconds', { unit: 's' }).add(0.30000000000000004, { route: '/a' });
  const queue = meter.createUpDownCounter('e2e.queue', { valueType: ValueType.INT });
  queue.add(5, { name: 'q' });
  queue.add(-8, { name: 'q' });
  meter.createGauge('e2e.temperature', { unit: 'Cel' }).record(-273.15, { room: 'ünï' });
  meter.createObservableGauge('e2e.observed', { valueType: ValueType.INT }).addCallback((result) => result.observe(-1, { from: 'callback' }));
  const latency = meter.createHistogram('e2e.latency', { unit: 'ms', advice: { explicitBucketBoundaries: [1, 2.5, 10, 100] } });
  for (const value of [0.5, 1, 2, 3, 50, 1000, 12.25]) latency.record(value, { route: '/a' });
  const exponential = meter.createHistogram('e2e.exponential', { unit: 'By' });
  for (const value of [0, 1, 2, 3, 1000, 0.001, 7.5]) exponential.record(value, { route: '/a' });

  await reader.forceFlush();
  await provider.shutdown();  // exports cumulative values once more
  requireSuccess(outcome);
  return rows;
}
