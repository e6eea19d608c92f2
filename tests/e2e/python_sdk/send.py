"""Sends logs, spans and metrics with the OpenTelemetry SDK for Python over gRPC and HTTP, and prints a
line of JSON per combination: what was sent, in the columns of strata's views.

    python send.py <gRPC host:port> <HTTP host:port>
"""

import json
import logging
import sys

from opentelemetry import trace
from opentelemetry._logs import LogRecord, SeverityNumber
from opentelemetry.exporter.otlp.proto.grpc._log_exporter import OTLPLogExporter as GrpcLogs
from opentelemetry.exporter.otlp.proto.grpc.metric_exporter import OTLPMetricExporter as GrpcMetrics
from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter as GrpcSpans
from opentelemetry.exporter.otlp.proto.http import Compression
from opentelemetry.exporter.otlp.proto.http._log_exporter import OTLPLogExporter as HttpLogs
from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter as HttpMetrics
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter as HttpSpans
from opentelemetry.sdk._logs import LoggerProvider
from opentelemetry.sdk._logs.export import BatchLogRecordProcessor
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import PeriodicExportingMetricReader
from opentelemetry.sdk.metrics.view import ExponentialBucketHistogramAggregation, View
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.trace import Link, SpanContext, SpanKind, Status, StatusCode, TraceFlags
from grpc import Compression as GrpcCompression

BASE = 1_763_600_000_000_000_000
ATTRIBUTES = {"text": "ünï", "int": -(2**62), "double": 0.1, "yes": True, "list": ["a", "b"], "ints": [1, 2]}


def exporter(grpc_type, http_type, path, target):
    protocol, compression, grpc_address, http_address = target
    if protocol == "grpc":
        kind = GrpcCompression.Gzip if compression == "gzip" else GrpcCompression.NoCompression
        return grpc_type(endpoint=f"http://{grpc_address}", insecure=True, compression=kind)
    kind = Compression.Gzip if compression == "gzip" else Compression.NoCompression
    return http_type(endpoint=f"http://{http_address}{path}", compression=kind)


def resource_attributes(service):
    return {"service.name": service, "host.cpus": 8}


def resource(service):
    return Resource(resource_attributes(service))


def origin(service):
    """What every row says about where it came from."""
    return {
        "service_name": service,
        "resource_attributes": resource_attributes(service),
        "scope_name": "e2e.scope",
        "scope_version": "1.2.3",
    }


def send_logs(service, target):
    provider = LoggerProvider(resource=resource(service))
    provider.add_log_record_processor(
        BatchLogRecordProcessor(exporter(GrpcLogs, HttpLogs, "/v1/logs", target))
    )
    logger = provider.get_logger("e2e.scope", "1.2.3")
    bodies = ["text", 42, 0.5, True, b"\x00\xff", ["a", 1], {"k": {"n": [1]}}]
    rows = []
    for index, body in enumerate(bodies):
        attributes = {**ATTRIBUTES, "map": {"k": [1, {"x": "y"}]}, "index": index}
        logger.emit(
            LogRecord(
                timestamp=BASE + index,
                observed_timestamp=BASE + 1000 + index,
                severity_number=SeverityNumber.ERROR,
                severity_text="ERROR",
                body=body,
                attributes=attributes,
            )
        )
        rows.append(
            {
                **origin(service),
                "time": str(BASE + index),
                "observed_time": str(BASE + 1000 + index),
                "severity_number": 17,
                "severity_text": "ERROR",
                "body": "AP8=" if isinstance(body, bytes) else body,
                "attributes": attributes,
            }
        )
    provider.shutdown()
    return rows


def send_spans(service, target):
    provider = TracerProvider(resource=resource(service))
    provider.add_span_processor(BatchSpanProcessor(exporter(GrpcSpans, HttpSpans, "/v1/traces", target)))
    tracer = provider.get_tracer("e2e.scope", "1.2.3")
    other = SpanContext(1 << 100, 1 << 60, False, TraceFlags(1))
    rows = []
    for index, kind in enumerate((SpanKind.SERVER, SpanKind.CLIENT, SpanKind.PRODUCER)):
        span = tracer.start_span(
            f"span {index}", kind=kind, attributes=ATTRIBUTES, links=[Link(other, {"why": index})], start_time=BASE + index
        )
        span.add_event("event", {"n": index}, BASE + 10)
        span.set_status(Status(StatusCode.ERROR, "went wrong"))
        span.end(BASE + 100)
        context = span.get_span_context()
        rows.append(
            {
                **origin(service),
                "start_time": str(BASE + index),
                "end_time": str(BASE + 100),
                "trace_id": f"{context.trace_id:032x}",
                "span_id": f"{context.span_id:016x}",
                "name": f"span {index}",
                "kind": kind.name,
                "status_code": "ERROR",
                "status_message": "went wrong",
                "attributes": ATTRIBUTES,
                "events": [{"time": str(BASE + 10), "name": "event", "attributes": {"n": index}}],
                "links": [{"trace_id": f"{1 << 100:032x}", "span_id": f"{1 << 60:016x}", "attributes": {"why": index}}],
            }
        )
    provider.shutdown()
    return rows


def send_metrics(service, target):
    reader = PeriodicExportingMetricReader(
        exporter(GrpcMetrics, HttpMetrics, "/v1/metrics", target), export_interval_millis=3_600_000
    )
    views = [View(instrument_name="e2e.exponential", aggregation=ExponentialBucketHistogramAggregation())]
    provider = MeterProvider([reader], resource=resource(service), views=views)
    meter = provider.get_meter("e2e.scope", "1.2.3")
    tracer = TracerProvider().get_tracer("of the exemplars")
    with tracer.start_as_current_span("exemplar") as span:
        context = span.get_span_context()
        meter.create_counter("e2e.counter", "1", "Counts.").add(5, {"route": "/a"})
        histogram = meter.create_histogram("e2e.histogram", "ms")
        for value in (1.0, 7.5, 30.0):
            histogram.record(value, {"route": "/a"})
        exponential = meter.create_histogram("e2e.exponential", "ms")
        for value in (0.0, 1.0, 4.0):
            exponential.record(value)
    provider.shutdown()  # which collects and exports
    exemplar = {"trace_id": f"{context.trace_id:032x}", "span_id": f"{context.span_id:016x}"}
    points = [
        {"name": "e2e.counter", "type": "sum", "value_int": 5, "unit": "1", "description": "Counts.", "is_monotonic": True, "attributes": {"route": "/a"}, "exemplars": [exemplar]},
        {"name": "e2e.histogram", "type": "histogram", "count": 3, "sum": 38.5, "min": 1.0, "max": 30.0, "attributes": {"route": "/a"}, "exemplars": [exemplar] * 3},
        {"name": "e2e.exponential", "type": "exponential_histogram", "count": 3, "sum": 5.0, "zero_count": 1, "attributes": {}},
    ]
    return [{**origin(service), **point} for point in points]


def main():
    logging.basicConfig(level=logging.WARNING, stream=sys.stderr)
    senders = {"logs": send_logs, "spans": send_spans, "metrics": send_metrics}
    for signal, send in senders.items():
        for protocol in ("grpc", "http"):
            for compression in ("none", "gzip"):
                service = f"python-{signal}-{protocol}-{compression}"
                rows = send(service, (protocol, compression, *sys.argv[1:3]))
                print(json.dumps({"signal": signal, "protocol": protocol, "compression": compression, "service": service, "rows": rows}))


main()
