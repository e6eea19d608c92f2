"""OTLP requests, built field by field from Python values."""

import base64

from . import protobuf as pb

PATHS = {"logs": "/v1/logs", "spans": "/v1/traces", "metrics": "/v1/metrics"}
METHODS = {
    "logs": "/opentelemetry.proto.collector.logs.v1.LogsService/Export",
    "spans": "/opentelemetry.proto.collector.trace.v1.TraceService/Export",
    "metrics": "/opentelemetry.proto.collector.metrics.v1.MetricsService/Export",
}


def any_value(value):
    if value is None:
        return b""
    if isinstance(value, bool):
        return pb.tag(2, 0) + pb.varint(int(value))
    if isinstance(value, int):
        return pb.tag(3, 0) + pb.varint(value)
    if isinstance(value, float):
        return pb.double(4, value)
    if isinstance(value, bytes):
        return pb.message(7, value)
    if isinstance(value, (list, tuple)):
        return pb.message(5, b"".join(pb.message(1, any_value(v)) for v in value))
    if isinstance(value, dict):
        return pb.message(6, key_values(1, value))
    return pb.message(1, value.encode())


def nested_value(levels):
    """An AnyValue of lists in lists, built outside in, because joining inside out is quadratic."""
    sizes = [0]
    for _ in range(levels):
        array = len(pb.varint(sizes[-1])) + 1 + sizes[-1]
        sizes.append(len(pb.varint(array)) + 1 + array)
    out = bytearray()
    for size in reversed(sizes[:-1]):
        array = len(pb.varint(size)) + 1 + size
        out += b"\x2a" + pb.varint(array) + b"\x0a" + pb.varint(size)
    return bytes(out)


def key_values(number, pairs):
    """`pairs`: a dict, or a list of (key, value) where keys repeat."""
    items = pairs.items() if isinstance(pairs, dict) else pairs
    return b"".join(
        pb.message(number, pb.message(1, k.encode()) + pb.message(2, any_value(v)))
        for k, v in items
    )


def log_record(time=0, body=None, severity=9, attributes=(), trace_id=b"", span_id=b"", **more):
    """Times in nanoseconds, ids as bytes."""
    return (
        (pb.fixed64(1, time) if time else b"")
        + pb.int_field(2, severity)
        + pb.text(3, more.get("severity_text", ""))
        + (pb.message(5, any_value(body)) if body is not None else b"")
        + key_values(6, attributes)
        + pb.int_field(7, more.get("dropped", 0))
        + (pb.fixed32(8, more["flags"]) if more.get("flags") else b"")
        + (pb.message(9, trace_id) if trace_id else b"")
        + (pb.message(10, span_id) if span_id else b"")
        + (pb.fixed64(11, more["observed"]) if more.get("observed") else b"")
        + pb.text(12, more.get("event_name", ""))
    )


def span(start, end, name, trace_id, span_id, attributes=(), kind=1, status=0):
    return (
        pb.message(1, trace_id)
        + pb.message(2, span_id)
        + pb.text(5, name)
        + pb.int_field(6, kind)
        + pb.fixed64(7, start)
        + pb.fixed64(8, end)
        + key_values(9, attributes)
        + (pb.message(15, pb.int_field(3, status)) if status else b"")
    )


def gauge(name, time, value, attributes=()):
    point = key_values(7, attributes) + pb.fixed64(3, time)
    point += pb.sfixed64(6, value) if isinstance(value, int) else pb.double(4, value)
    return pb.text(1, name) + pb.message(5, pb.message(1, point))


def request(records, service="e2e", scope="e2e.scope", resource=()):
    """Logs, spans and metrics share the shape of their request: resource, scope, records."""
    attributes = [("service.name", service), *dict(resource).items()]
    scoped = pb.message(1, pb.text(1, scope) + pb.text(2, "1.2.3"))
    scoped += b"".join(pb.message(2, r) for r in records)
    return pb.message(1, pb.message(1, key_values(1, attributes)) + pb.message(2, scoped))


def json_value(value):
    if isinstance(value, bool):
        return {"boolValue": value}
    if isinstance(value, int):
        return {"intValue": str(value)}
    if isinstance(value, float):
        return {"doubleValue": value}
    if isinstance(value, bytes):
        return {"bytesValue": base64.b64encode(value).decode()}
    if isinstance(value, (list, tuple)):
        return {"arrayValue": {"values": [json_value(v) for v in value]}}
    if isinstance(value, dict):
        return {"kvlistValue": {"values": json_attributes(value)}}
    return {"stringValue": value}


def json_attributes(pairs):
    return [{"key": k, "value": json_value(v)} for k, v in dict(pairs).items()]


def json_logs(records, service="e2e"):
    """`records`: dicts in OTLP/JSON's own field names."""
    return {
        "resourceLogs": [
            {
                "resource": {"attributes": json_attributes({"service.name": service})},
                "scopeLogs": [{"scope": {"name": "e2e.scope"}, "logRecords": records}],
            }
        ]
    }


def partial_success(body):
    """(rejected, message) of a protobuf Export response; None when the field is unset."""
    inner = pb.first(body, 1)
    if inner is None:
        return None
    return pb.first(inner, 1, 0), pb.first(inner, 2, b"").decode()
