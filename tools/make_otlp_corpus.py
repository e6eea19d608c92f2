#!/usr/bin/env python3
"""Writes the seeds of the OTLP fuzz targets to tests/corpus/otlp_*/. Deterministic; run it again when
a seed is to change. Protobuf is built field by field: OTLP's field numbers, no generated classes."""
import pathlib, struct

ROOT = pathlib.Path(__file__).resolve().parent.parent / "tests" / "corpus"


def varint(value):
    out = bytearray()
    value &= (1 << 64) - 1
    while value >= 0x80:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes(out) + bytes([value])


def num(field, value):
    return varint(field << 3) + varint(value)


def f64(field, value):
    return varint(field << 3 | 1) + struct.pack("<Q", value)


def dbl(field, value):
    return varint(field << 3 | 1) + struct.pack("<d", value)


def f32(field, value):
    return varint(field << 3 | 5) + struct.pack("<I", value)


def msg(field, *parts):
    body = b"".join(p.encode() if isinstance(p, str) else p for p in parts)
    return varint(field << 3 | 2) + varint(len(body)) + body


def attr(field, key, *value):
    return msg(field, msg(1, key), msg(2, *value))


VALUES = [
    attr(6, "s", msg(1, "text")), attr(6, "b", num(2, 1)), attr(6, "i", num(3, -5)),
    attr(6, "d", dbl(4, 0.1)), attr(6, "a", msg(5, msg(1, msg(1, "x")), msg(1))),
    attr(6, "m", msg(6, msg(1, msg(1, "k"), msg(2, num(3, 1))))), attr(6, "y", msg(7, b"\0\1")),
    attr(6, "n"), attr(6, "s", num(3, 9)),
]
TRACE, SPAN = bytes(range(16)), bytes(range(8))


def request(*records, tail=b""):
    scope = msg(1, msg(1, "scope"), msg(2, "1.0"), attr(3, "k", msg(1, "v")), num(4, 1))
    resource = msg(1, attr(1, "service.name", msg(1, "shop")), num(2, 1))
    scoped = msg(2, scope, *[msg(2, r) for r in records], msg(3, "inner"))
    return msg(1, resource, scoped, msg(3, "outer")) + tail


LOG = b"".join([f64(1, 1000), num(2, 17), msg(3, "ERROR"), msg(5, msg(1, "body")), *VALUES,
                num(7, 1), f32(8, 1), msg(9, TRACE), msg(10, SPAN), f64(11, 2000), msg(12, "event")])
SPAN_RECORD = b"".join([
    msg(1, TRACE), msg(2, SPAN), msg(3, "a=b"), msg(4, SPAN), msg(5, "GET /"), num(6, 2), f64(7, 1),
    f64(8, 2), attr(9, "k", msg(1, "v")), num(10, 1),
    msg(11, f64(1, 3), msg(2, "e"), attr(3, "k", num(3, 1)), num(4, 1)), num(12, 1),
    msg(13, msg(1, TRACE), msg(2, SPAN), msg(3, "c"), attr(4, "k", num(2, 1)), num(5, 1), f32(6, 1)),
    num(14, 1), msg(15, msg(2, "bad"), num(3, 2)), f32(16, 257)])
EXEMPLAR = [f64(2, 4), msg(4, SPAN), msg(5, TRACE), f64(6, 7), attr(7, "k", msg(1, "v"))]
NUMBER = msg(1, f64(2, 1), f64(3, 2), dbl(4, 1.5), msg(5, *EXEMPLAR), attr(7, "k", msg(1, "v")), num(8, 1))
INTEGER = msg(1, f64(3, 2), f64(6, 42))
HISTOGRAM = msg(1, f64(3, 2), f64(4, 3), dbl(5, 1), msg(6, struct.pack("<2Q", 1, 2)), f64(6, 3),
                msg(7, struct.pack("<2d", 1, 2)), dbl(11, 0), dbl(12, 9), attr(9, "k", num(3, 1)))
EXPONENTIAL = msg(1, attr(1, "k", num(3, 1)), f64(3, 2), f64(4, 3), dbl(5, 1), num(6, 3), f64(7, 1),
                  msg(8, num(1, 5), msg(2, b"\x01\x02\xac\x02")), msg(9, num(2, 4)), dbl(14, 0.5))
SUMMARY = msg(1, f64(3, 2), f64(4, 3), dbl(5, 1), msg(6, dbl(1, 0.5), dbl(2, 3)))
METRICS = [
    msg(1, "gauge") + msg(2, "what it is") + msg(3, "By") + msg(5, NUMBER, INTEGER) + attr(12, "k", num(3, 1)),
    msg(1, "sum") + msg(7, INTEGER, num(2, 2), num(3, 1)), msg(1, "h") + msg(9, HISTOGRAM, num(2, 1)),
    msg(1, "e") + msg(10, EXPONENTIAL, num(2, 2)), msg(1, "q") + msg(11, SUMMARY),
]

ID = '"traceId":"000102030405060708090a0b0c0d0e0f","spanId":"0001020304050607"'
ATTRIBUTES = ('"attributes":[{"key":"s","value":{"stringValue":"x\\u00fc"}},{"key":"i","value":{"intValue":"-5"}},'
              '{"key":"d","value":{"doubleValue":"NaN"}},{"key":"a","value":{"arrayValue":{"values":[{},'
              '{"boolValue":true}]}}},{"key":"m","value":{"kvlistValue":{"values":[{"key":"k"}]}}},'
              '{"key":"y","value":{"bytesValue":"AAE="}}]')


def json_request(signal, scopes, records, record):
    return ('{"%s":[{"resource":{"attributes":[{"key":"service.name","value":{"stringValue":"shop"}}]},'
            '"%s":[{"scope":{"name":"s"},"%s":[%s]}]}]}' % (signal, scopes, records, record)).encode()


JSON_LOG = '{"timeUnixNano":"1","severityNumber":9,"body":{"stringValue":"b"},"flags":1,%s,%s}' % (ID, ATTRIBUTES)
JSON_SPAN = ('{"name":"n","kind":2,"startTimeUnixNano":1,"endTimeUnixNano":"2",%s,%s,"events":[{"timeUnixNano":"1",'
             '"name":"e"}],"links":[{%s}],"status":{"code":2,"message":"m"}}' % (ID, ATTRIBUTES, ID))
JSON_METRIC = ('{"name":"g","gauge":{"dataPoints":[{"asDouble":1.5,"timeUnixNano":"1"},{"asInt":"3"}]}},'
               '{"name":"h","histogram":{"aggregationTemporality":2,"dataPoints":[{"count":"2","sum":1,'
               '"bucketCounts":["1",1],"explicitBounds":[1e1]}]}},{"name":"e","exponentialHistogram":{"dataPoints":'
               '[{"scale":-1,"positive":{"offset":1,"bucketCounts":[1]}}]}},{"name":"q","summary":{"dataPoints":'
               '[{"quantileValues":[{"quantile":0.5,"value":1}]}]}}')

SEEDS = {
    "otlp_logs": {"every_field": request(LOG), "two": request(LOG, f64(1, 1)), "unknown": request(num(99, 1), tail=num(5, 1)),
                  "short_id": request(msg(9, b"123")), "nested": request(msg(5, msg(5, msg(1, msg(5, msg(1))))))},
    "otlp_spans": {"every_field": request(SPAN_RECORD), "empty": request(b"", SPAN_RECORD)},
    "otlp_metrics": {"every_type": request(*METRICS), "late_gauge": request(msg(5, NUMBER) + msg(7, INTEGER))},
    "otlp_json_logs": {"every_value": json_request("resourceLogs", "scopeLogs", "logRecords", JSON_LOG), "empty": b"{}"},
    "otlp_json_spans": {"every_field": json_request("resourceSpans", "scopeSpans", "spans", JSON_SPAN), "empty": b"{}"},
    "otlp_json_metrics": {"every_type": json_request("resourceMetrics", "scopeMetrics", "metrics", JSON_METRIC), "empty": b"{}"},
}
for target, seeds in SEEDS.items():
    (ROOT / target).mkdir(parents=True, exist_ok=True)
    for name, data in seeds.items():
        (ROOT / target / name).write_bytes(data)
