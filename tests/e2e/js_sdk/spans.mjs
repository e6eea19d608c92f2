import { context, ROOT_CONTEXT, SpanKind, SpanStatusCode, trace, TraceFlags } from '@opentelemetry/api';
import { TraceState } from '@opentelemetry/core';
import { OTLPTraceExporter as GrpcExporter } from '@opentelemetry/exporter-trace-otlp-grpc';
import { OTLPTraceExporter as JsonExporter } from '@opentelemetry/exporter-trace-otlp-http';
import { OTLPTraceExporter as ProtobufExporter } from '@opentelemetry/exporter-trace-otlp-proto';
import { BasicTracerProvider, BatchSpanProcessor } from '@opentelemetry/sdk-trace-base';
import { exporterOptions, nanoseconds, origin, requireSuccess, resource, scope, watch } from './common.mjs';

const exporters = { grpc: GrpcExporter, 'http/protobuf': ProtobufExporter, 'http/json': JsonExporter };
const kinds = [SpanKind.INTERNAL, SpanKind.SERVER, SpanKind.CLIENT, SpanKind.PRODUCER, SpanKind.CONSUMER];
const statuses = [SpanStatusCode.UNSET, SpanStatusCode.OK, SpanStatusCode.ERROR];
const base = 1763600000;

const attributes = {
  'http.route': '/api/cart',
  'http.response.status_code': 200,
  ratio: 0.125,
  yes: true,
  strings: ['a', 'b'],
  numbers: [1, 2.5],
  flags: [true, false],
};

const link = {
  context: {
    traceId: '11111111111111111111111111111111',
    spanId: '2222222222222222',
    traceFlags: TraceFlags.SAMPLED,
    traceState: new TraceState('vendor=state'),
  },
  attributes: { why: 'batch', weight: 3 },
};

// W3C trace flags, and that the remote bit is known (0x100) and set (0x200).
const flagsOf = (traceFlags, remote) => traceFlags | 0x100 | (remote ? 0x200 : 0);

// What the view says of a finished span. The SDK decides ids and what its limits dropped.
function row(span, service) {
  const own = span.spanContext();
  return {
    ...origin(service),
    start_time: nanoseconds(span.startTime),
    end_time: nanoseconds(span.endTime),
    duration_ns: (BigInt(nanoseconds(span.endTime)) - BigInt(nanoseconds(span.startTime))).toString(),
    trace_id: own.traceId,
    span_id: own.spanId,
    parent_span_id: span.parentSpanContext?.spanId ?? null,
    trace_state: own.traceState?.serialize() ?? '',
    name: span.name,
    kind: SpanKind[span.kind],
    status_code: SpanStatusCode[span.status.code],
    status_message: span.status.message ?? '',
    flags: flagsOf(own.traceFlags, span.parentSpanContext?.isRemote),
    attributes: span.attributes,
    events: span.events.map((event) => ({
      time: nanoseconds(event.time),
      name: event.name,
      attributes: event.attributes ?? {},
      dropped_attributes_count: event.droppedAttributesCount ?? 0,
    })),
    links: span.links.map(({ context: other, attributes: linked, droppedAttributesCount }) => ({
      trace_id: other.traceId,
      span_id: other.spanId,
      trace_state: other.traceState?.serialize() ?? '',
      flags: flagsOf(other.traceFlags, other.isRemote),
      attributes: linked ?? {},
      dropped_attributes_count: droppedAttributesCount ?? 0,
    })),
    dropped_attributes_count: span.droppedAttributesCount,
    dropped_events_count: span.droppedEventsCount,
    dropped_links_count: span.droppedLinksCount,
  };
}

export async function sendSpans(target) {
  const exporter = new exporters[target.protocol](exporterOptions('/v1/traces', target));
  const outcome = watch(exporter);
  const provider = new BasicTracerProvider({
    resource: resource(target.service),
    spanLimits: { attributeCountLimit: 12, eventCountLimit: 4, linkCountLimit: 2 },
    spanProcessors: [new BatchSpanProcessor(exporter)],
  });
  const tracer = provider.getTracer(scope.name, scope.version, { schemaUrl: scope.schemaUrl });

  const remote = {
    traceId: '0af7651916cd43dd8448eb211c80319c',
    spanId: 'b7ad6b7169203331',
    traceFlags: TraceFlags.SAMPLED,
    isRemote: true,
    traceState: new TraceState('congo=t61rcWkgMzE,rojo=00f067aa0ba902b7'),
  };
  const spans = [];
  const begin = (name, options, parent) => {
    const span = tracer.startSpan(name, options, parent);
    spans.push(span);
    return span;
  };

  const root = begin('root', { kind: SpanKind.SERVER, startTime: [base, 1], attributes, root: true }, ROOT_CONTEXT);
  const inRoot = trace.setSpan(ROOT_CONTEXT, root);
  kinds.forEach((kind, index) => {
    const child = begin(
      `child ${index} ünï`,
      { kind, startTime: [base, 1000 + index], attributes: { index }, links: index === 1 ? [link] : [] },
      inRoot,
    );
    child.addEvent('started', { attempt: index, tags: ['x', 'y'] }, [base, 2000 + index]);
    if (index === 2) child.recordException(new Error('boom'), [base, 3000]);
    const status = statuses[index % statuses.length];
    child.setStatus({ code: status, message: status === SpanStatusCode.ERROR ? 'went wrong' : undefined });
    child.end([base, 999999 + index]);
  });

  const remoteChild = begin('of a remote parent', { startTime: [base, 5] }, trace.setSpanContext(ROOT_CONTEXT, remote));
  remoteChild.end([base, 5]);

  const cut = begin('beyond the limits', { startTime: [base, 6], links: [link, link, link] }, context.active());
  for (let i = 0; i < 15; i++) cut.setAttribute(`a${i}`, i);
  for (let i = 0; i < 6; i++) cut.addEvent(`e${i}`, {}, [base, 10 + i]);
  cut.end([base + 1, 0]);
  root.end([base + 2, 0]);

  await provider.forceFlush();
  await provider.shutdown();
  requireSuccess(outcome);
  return spans.map((span) => row(span, target.service));
}
