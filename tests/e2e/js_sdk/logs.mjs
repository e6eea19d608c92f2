import { ROOT_CONTEXT, trace } from '@opentelemetry/api';
import { OTLPLogExporter as GrpcExporter } from '@opentelemetry/exporter-logs-otlp-grpc';
import { OTLPLogExporter as JsonExporter } from '@opentelemetry/exporter-logs-otlp-http';
import { OTLPLogExporter as ProtobufExporter } from '@opentelemetry/exporter-logs-otlp-proto';
import { BatchLogRecordProcessor, LoggerProvider } from '@opentelemetry/sdk-logs';
import { exporterOptions, nanoseconds, origin, requireSuccess, resource, scope, watch } from './common.mjs';

const exporters = { grpc: GrpcExporter, 'http/protobuf': ProtobufExporter, 'http/json': JsonExporter };
const traceId = '0af7651916cd43dd8448eb211c80319c';
const spanId = 'b7ad6b7169203331';

const bodies = [
  'plain text',
  '',
  'ünï © 漢字 🚀 "quoted" \\ back\n\ttab',
  42,
  -0.5,
  true,
  ['a', 1, false, 2.5],
  { nested: { deep: [1, { deeper: 'x' }] }, 'dotted.key': 'y' },
  'x'.repeat(10000),
];

const attributes = {
  'http.route': '/api/cart',
  empty: '',
  'int.small': 7,
  'int.negative': -12345678901,
  'int.large': Number.MAX_SAFE_INTEGER,
  'double.tenth': 0.1,
  'double.tiny': 5e-324,
  'double.large': 1234567890.125,
  yes: true,
  no: false,
  strings: ['x', 'y', ''],
  numbers: [1, 2, 3],
  mixed: ['one', 2, true],
  map: { inner: 'v', list: [1, 'two'], object: { a: 0.5 } },
  "key with 'quotes' and ünïcode": 'value',
};

export async function sendLogs(target) {
  const exporter = new exporters[target.protocol](exporterOptions('/v1/logs', target));
  const outcome = watch(exporter);
  const provider = new LoggerProvider({
    resource: resource(target.service),
    processors: [new BatchLogRecordProcessor({ exporter })],
  });
  const logger = provider.getLogger(scope.name, scope.version, { schemaUrl: scope.schemaUrl });
  const context = trace.setSpanContext(ROOT_CONTEXT, { traceId, spanId, traceFlags: 1 });
  const rows = bodies.map((body, index) => {
    const timestamp = [1763600000 + index, 123456789];
    const observedTimestamp = [1763600001 + index, 1];
    const withTrace = index % 2 === 0;
    const record = {
      timestamp,
      observedTimestamp,
      severityNumber: 1 + index * 2,
      severityText: `LEVEL${index}`,
      body,
      attributes: { ...attributes, index },
      eventName: index === 3 ? 'e2e.event' : undefined,
      context: withTrace ? context : ROOT_CONTEXT,
    };
    logger.emit(record);
    return {
      ...origin(target.service),
      time: nanoseconds(timestamp),
      observed_time: nanoseconds(observedTimestamp),
      severity_number: record.severityNumber,
      severity_text: record.severityText,
      body,
      event_name: record.eventName ?? '',
      trace_id: withTrace ? traceId : null,
      span_id: withTrace ? spanId : null,
      trace_flags: withTrace ? 1 : 0,
      attributes: record.attributes,
      dropped_attributes_count: 0,
    };
  });
  await provider.forceFlush();
  await provider.shutdown();
  requireSuccess(outcome);
  return rows;
}
