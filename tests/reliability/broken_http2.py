"""HTTP/2 and gRPC as they must not be: frames byte for byte, and what may come back for stream 1.

As in broken_http1, what names itself "smuggled" may never be stored. An answer is what
RawConnection.verdict says: "grpc N", "http N", "reset N", "goaway N", "closed"; CLOSED are all that end the
connection, ENDED those that end the stream, too."""

import gzip
import struct
from dataclasses import dataclass, field

from broken_http1 import BODY, GOOD
from harness import hpack, otlp
from harness.http2 import (
    ACK,
    CLIENT_SETTINGS,
    CONTINUATION,
    DATA,
    END_HEADERS,
    END_STREAM,
    GOAWAY,
    HEADERS,
    PADDED,
    PING,
    PREFACE,
    PRIORITIZED,
    PRIORITY,
    PUSH_PROMISE,
    RST_STREAM,
    SETTINGS,
    START,
    WINDOW_UPDATE,
    frame,
)

CLOSED = ("closed", "goaway")
ENDED = (*CLOSED, "reset", "grpc 1", "grpc 2", "grpc 3", "grpc 8", "grpc 12", "grpc 13", "http 4")
# Nothing comes back: the stream or the connection waits for what never comes, until a deadline.
WAITS = ("silence",)
OK = ("grpc 0",)


@dataclass
class Case:
    name: str
    data: bytes
    answers: tuple  # starts of verdicts
    start: bytes = START
    stored: int = 0


def fields_of(path=otlp.METHODS["logs"], change=None, drop=()):
    """The header of a call; `change`: other values, or more fields."""
    fields = {
        ":method": "POST",
        ":scheme": "http",
        ":path": path,
        ":authority": "strata",
        "content-type": "application/grpc",
        "te": "trailers",
        **(change or {}),
    }
    return [(name, value) for name, value in fields.items() if name not in drop]


def block(fields=None):
    return hpack.encode(fields or fields_of())


def headers(fragment=None, flags=END_HEADERS, stream=1):
    return frame(HEADERS, flags, stream, block() if fragment is None else fragment)


def message(body=BODY, compressed=0, length=None):
    return struct.pack(">BI", compressed, len(body) if length is None else length) + body


def data(payload=None, flags=END_STREAM, stream=1):
    return frame(DATA, flags, stream, message() if payload is None else payload)


def call(fragment=None, payload=None, stream=1):
    return headers(fragment, stream=stream) + data(payload, stream=stream)


def good_call(stream=1):
    return call(payload=message(GOOD), stream=stream)


def word(value):
    return struct.pack(">I", value)


def setting(key, value):
    return struct.pack(">HI", key, value)


def literal(name, value):
    return hpack.encode([(name, value)])


GOOD_BLOCK = block()
LONG_FIELD = literal("x-long", "y" * (1 << 20))

START_OF_CONNECTION = [
    Case("noise", bytes(range(256)) * 64, CLOSED, start=b""),
    Case("HTTP/1", b"POST /v1/logs HTTP/1.1\r\nHost: x\r\n\r\n", CLOSED, start=b""),
    Case("half a preface and noise", PREFACE[:12] + b"x" * 12, CLOSED, start=b""),
    Case("a preface in small letters", PREFACE.lower() + frame(SETTINGS), CLOSED, start=b""),
    Case("a preface and 0xff", PREFACE + b"\xff" * 999, CLOSED, start=b""),
    Case("no settings behind the preface", frame(PING, payload=bytes(8)) + call(), ENDED, start=PREFACE),
    Case("a request before settings", call(), ENDED, start=PREFACE),
    Case("two prefaces", PREFACE + call(), CLOSED),
    Case("a TLS handshake", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(64), CLOSED, start=b""),
]

FRAME_SIZES = [
    Case("a frame of 16 MiB - 1", frame(DATA, 0, 1, b"", (1 << 24) - 1), (*ENDED, *WAITS)),
    Case("a frame larger than the limit", headers() + frame(DATA, END_STREAM, 1, message(BODY + bytes(5 << 20))), ENDED),
    Case("settings of 5 bytes", frame(SETTINGS, payload=bytes(5)) + call(), CLOSED),
    Case("settings on a stream", frame(SETTINGS, 0, 1, setting(4, 65535)) + call(), CLOSED),
    Case("an ack of settings with a payload", frame(SETTINGS, ACK, 0, setting(4, 1)) + call(), CLOSED),
    Case("a ping of 7 bytes", frame(PING, payload=bytes(7)) + call(), CLOSED),
    Case("a ping of 9 bytes", frame(PING, payload=bytes(9)) + call(), CLOSED),
    Case("a ping on a stream", frame(PING, 0, 1, bytes(8)) + call(), ENDED),
    Case("a window update of 3 bytes", frame(WINDOW_UPDATE, payload=bytes(3)) + call(), CLOSED),
    Case("a window update of 5 bytes", frame(WINDOW_UPDATE, payload=bytes(5)) + call(), CLOSED),
    Case("a reset of 3 bytes", headers() + frame(RST_STREAM, 0, 1, bytes(3)), CLOSED),
    Case("a reset of 5 bytes", headers() + frame(RST_STREAM, 0, 1, bytes(5)), CLOSED),
    Case("a farewell of 7 bytes", frame(GOAWAY, payload=bytes(7)) + call(), CLOSED),
    Case("a priority of 4 bytes", frame(PRIORITY, 0, 1, bytes(4)) + call(), ENDED),
    Case("headers of nothing", headers(b"") + data(), ENDED),
    Case("an unknown frame", frame(0xEE, 0xFF, 0, b"unknown") + good_call(), OK, stored=1),
    Case("an unknown frame on a stream", headers() + frame(0xEE, 0, 1, b"unknown") + data(message(GOOD)), OK, stored=1),
    Case("reserved bits of stream ids", frame(0xEE, 0, 1 << 31) + good_call(), OK, stored=1),
]

PADDING = [
    Case("padding longer than data", headers() + frame(DATA, END_STREAM | PADDED, 1, b"\xff" + message()), CLOSED),
    Case("padding as long as the frame", headers() + frame(DATA, END_STREAM | PADDED, 1, b"\x05" + bytes(4)), CLOSED),
    Case("padded data of nothing", headers() + frame(DATA, END_STREAM | PADDED, 1, b""), CLOSED),
    Case("padding longer than headers", headers(b"\xff" + GOOD_BLOCK, END_HEADERS | PADDED) + data(), CLOSED),
    Case("padded headers of nothing", headers(b"", END_HEADERS | PADDED) + data(), CLOSED),
    Case("priority cut off", headers(b"\0\0\0", END_HEADERS | PRIORITIZED) + data(), CLOSED),
    Case("headers with priority", headers(bytes(5) + GOOD_BLOCK, END_HEADERS | PRIORITIZED) + data(message(GOOD)), OK, stored=1),
    Case("headers with padding", headers(b"\x03" + GOOD_BLOCK + bytes(3), END_HEADERS | PADDED) + data(message(GOOD)), OK, stored=1),
    Case("a stream that depends on itself", headers(word(1) + b"\0" + GOOD_BLOCK, END_HEADERS | PRIORITIZED) + data(), ENDED),
    Case("priority on stream 0", frame(PRIORITY, 0, 0, bytes(5)) + call(), ENDED),
]

STREAM_IDS = [
    Case("headers on stream 0", headers(stream=0) + data(stream=0), CLOSED),
    Case("data on stream 0", data(stream=0), CLOSED),
    Case("a reset of stream 0", frame(RST_STREAM, 0, 0, word(8)) + call(), CLOSED),
    Case("an even stream", call(stream=2), CLOSED),
    Case("a stream number that goes back", headers(stream=5) + headers(stream=1) + data(stream=1), (*ENDED, *WAITS)),
    Case("data on a stream that is idle", data() + call(stream=3), ENDED),
    Case("a reset of a stream that is idle", frame(RST_STREAM, 0, 1, word(8)) + call(stream=3), (*ENDED, *WAITS)),
    Case("a window update of a stream that is idle", frame(WINDOW_UPDATE, 0, 1, word(1)) + call(stream=3), (*ENDED, *WAITS)),
    Case("data behind the end", good_call() + data(flags=0), (*CLOSED, *OK), stored=1),
    Case("data behind a reset", headers() + frame(RST_STREAM, 0, 1, word(8)) + data(), (*ENDED, *WAITS)),
    Case("headers behind the end", good_call() + headers(), (*CLOSED, *OK), stored=1),
    Case("headers in the middle", headers() + data(message()[:9], 0) + headers() + data(message()[9:]), ENDED),
    Case("a stream number behind the last there is", headers(stream=0x7FFFFFFF) + call(), (*ENDED, *WAITS)),
    Case("a push of a client", frame(PUSH_PROMISE, END_HEADERS, 1, word(2) + GOOD_BLOCK) + call(), CLOSED),
]

CONTINUATIONS = [
    Case("headers in pieces", frame(HEADERS, 0, 1, GOOD_BLOCK[:20]) + frame(CONTINUATION, 0, 1, GOOD_BLOCK[20:40]) + frame(CONTINUATION, END_HEADERS, 1, GOOD_BLOCK[40:]) + data(message(GOOD)), OK, stored=1),
    Case("a continuation of nothing", frame(CONTINUATION, END_HEADERS, 1, GOOD_BLOCK) + data(), CLOSED),
    Case("a continuation behind the end of headers", headers() + frame(CONTINUATION, END_HEADERS, 1, GOOD_BLOCK), CLOSED),
    Case("a continuation of another stream", frame(HEADERS, 0, 1, GOOD_BLOCK[:20]) + frame(CONTINUATION, END_HEADERS, 3, GOOD_BLOCK[20:]), CLOSED),
    Case("data between headers", frame(HEADERS, 0, 1, GOOD_BLOCK[:20]) + data(), CLOSED),
    Case("a ping between headers", frame(HEADERS, 0, 1, GOOD_BLOCK[:20]) + frame(PING, payload=bytes(8)), CLOSED),
    Case("settings between headers", frame(HEADERS, 0, 1, GOOD_BLOCK[:20]) + frame(SETTINGS), CLOSED),
    Case("an unknown frame between headers", frame(HEADERS, 0, 1, GOOD_BLOCK[:20]) + frame(0xEE, 0, 1), CLOSED),
    Case("headers that never end", frame(HEADERS, 0, 1, GOOD_BLOCK) + frame(SETTINGS, ACK), CLOSED),
    Case("100,000 continuations of nothing", frame(HEADERS, 0, 1, GOOD_BLOCK[:20]) + frame(CONTINUATION, 0, 1) * 100_000, CLOSED),
    Case("continuations of 8 MiB", frame(HEADERS, 0, 1, GOOD_BLOCK) + frame(CONTINUATION, 0, 1, literal("x-fill", "y" * 16_000)) * 512, CLOSED),
    Case("end of stream, and headers go on", frame(HEADERS, END_STREAM, 1, GOOD_BLOCK[:20]) + frame(CONTINUATION, END_HEADERS, 1, GOOD_BLOCK[20:]), ENDED),
]

WINDOWS = [
    Case("a window update of 0", frame(WINDOW_UPDATE, payload=word(0)) + call(), ENDED),
    Case("a stream's window update of 0", headers() + frame(WINDOW_UPDATE, 0, 1, word(0)) + data(), ENDED),
    Case("a window beyond 2^31", frame(WINDOW_UPDATE, payload=word(0x7FFFFFFF)) * 2 + call(), ENDED),
    Case("a stream's window beyond 2^31", headers() + frame(WINDOW_UPDATE, 0, 1, word(0x7FFFFFFF)) * 2 + data(), ENDED),
    Case("more data than the window", headers() + frame(DATA, 0, 1, message(bytes(16_379), length=1 << 21)) + frame(DATA, 0, 1, bytes(16_384)) * 1023, ENDED),
    Case("an initial window beyond 2^31", call(), CLOSED, start=PREFACE + frame(SETTINGS, payload=setting(4, 1 << 31))),
    Case("an initial window of 0", call(payload=message(GOOD)), (*WAITS, *OK), start=PREFACE + frame(SETTINGS, payload=setting(4, 0)), stored=1),
    Case("frames of 0 wanted", call(), CLOSED, start=PREFACE + frame(SETTINGS, payload=setting(5, 0))),
    Case("frames of 16 MiB wanted", call(), CLOSED, start=PREFACE + frame(SETTINGS, payload=setting(5, 1 << 24))),
    Case("push neither on nor off", call(), CLOSED, start=PREFACE + frame(SETTINGS, payload=setting(2, 2))),
    Case("unknown settings", good_call(), OK, start=PREFACE + frame(SETTINGS, payload=CLIENT_SETTINGS + setting(0xFFFF, 1) * 20), stored=1),
    Case("10,000 settings in a frame", call(), CLOSED, start=PREFACE + frame(SETTINGS, payload=setting(0xFFFF, 1) * 2_700)),
]

COMPRESSION = [
    Case("index 0", headers(b"\x80") + data(), CLOSED),
    Case("an index beyond the tables", headers(b"\xff\xff\xff\x7f") + data(), CLOSED),
    Case("an index of 2^64", headers(b"\xff" + b"\xff" * 10 + b"\x7f") + data(), CLOSED),
    Case("an endless number", headers(b"\xff" + b"\x80" * 500) + data(), CLOSED),
    Case("a name longer than the block", headers(b"\x00\x7f\xff\x7f" + b"x" * 10) + data(), CLOSED),
    Case("a name of 2^32", headers(b"\x00\x7f\xff\xff\xff\xff\x0f" + b"x" * 10) + data(), CLOSED),
    Case("a value that is missing", headers(b"\x00\x01x") + data(), CLOSED),
    Case("Huffman with the end in it", headers(b"\x00\x84" + b"\xff\xff\xff\xff" + b"\x01x") + data(), CLOSED),
    Case("Huffman padded with zeros", headers(GOOD_BLOCK + b"\x00\x01x\x81\x00") + data(), ENDED),
    Case("a table larger than allowed", headers(b"\x3f\xff\xff\x7f" + GOOD_BLOCK) + data(), CLOSED),
    Case("a table's size behind a field", headers(GOOD_BLOCK + b"\x20") + data(), ENDED),
    Case("three sizes of the table", headers(b"\x20\x20\x20" + GOOD_BLOCK) + data(message(GOOD)), OK, stored=1),
    Case("a header of 1 MiB", frame(HEADERS, 0, 1, GOOD_BLOCK) + b"".join(frame(CONTINUATION, 0, 1, literal(f"x-{i}", "y" * 16_000)) for i in range(65)) + frame(CONTINUATION, END_HEADERS, 1) + data(), ENDED),
    Case("one header of 1 MiB", frame(HEADERS, 0, 1, GOOD_BLOCK) + b"".join(frame(CONTINUATION, 0, 1, LONG_FIELD[i : i + 16_000]) for i in range(0, len(LONG_FIELD), 16_000)) + frame(CONTINUATION, END_HEADERS, 1) + data(), ENDED),
    Case("a field of 4 KiB, 10,000 times", headers(GOOD_BLOCK + b"\x40" + literal("x-bomb", "y" * 4000)[1:] + b"\xbe" * 10_000) + data(), ENDED),
    Case("16,000 fields", headers(GOOD_BLOCK + literal("x", "") * 4000, 0) + b"".join(frame(CONTINUATION, END_HEADERS if i == 2 else 0, 1, literal("x", "") * 4000) for i in range(3)) + data(), ENDED),
]

PSEUDO_FIELDS = [
    Case("no path", call(block(fields_of(drop=(":path",)))), ENDED),
    Case("no method", call(block(fields_of(drop=(":method",)))), ENDED),
    Case("no scheme", call(block(fields_of(drop=(":scheme",)))), ENDED),
    Case("no authority", call(block(fields_of(drop=(":authority",)))), ENDED),
    Case("two paths", call(block(fields_of() + [(":path", "/x")])), ENDED),
    Case("two methods", call(block(fields_of() + [(":method", "GET")])), ENDED),
    Case("an unknown pseudo field", call(block([(":x", "y")] + fields_of())), ENDED),
    Case("a pseudo field at the end", call(block([("x", "y")] + fields_of())), ENDED),
    Case("a pseudo field in trailers", headers() + data(flags=0) + headers(block([(":path", "/x")]), END_HEADERS | END_STREAM), ENDED),
    Case("a name in capitals", call(block(fields_of(change={"X-Capital": "y"}))), ENDED),
    Case("Connection", call(block(fields_of(change={"connection": "close"}))), ENDED),
    Case("Transfer-Encoding", call(block(fields_of(change={"transfer-encoding": "chunked"}))), ENDED),
    Case("te: gzip", call(block(fields_of(change={"te": "gzip"}))), ENDED),
    Case("no te", call(block(fields_of(drop=("te",))), message(GOOD)), OK, stored=1),
    Case("GET", call(block(fields_of(change={":method": "GET"}))), ENDED),
    Case("PUT", call(block(fields_of(change={":method": "PUT"}))), ENDED),
    Case("a scheme that is none", call(block(fields_of(change={":scheme": "gopher"})), message(GOOD)), OK, stored=1),
    Case("a path that is none", call(block(fields_of("logs"))), ENDED),
    Case("an empty path", call(block(fields_of(""))), ENDED),
    Case("a path of 8,000 letters", call(block(fields_of("/" + "x" * 8_000))), ("grpc 12",)),
    Case("a zero in a value", call(block(fields_of(change={"x-zero": "a\0b"}))), ENDED),
    Case("a line feed in a value", call(block(fields_of(change={"x-lines": "a\r\nb: c"}))), ENDED),
    Case("a wrong content length", call(block(fields_of(change={"content-length": "1"}))), ENDED),
]

GRPC = [
    Case("no content type", call(block(fields_of(drop=("content-type",)))), ENDED),
    Case("text/plain", call(block(fields_of(change={"content-type": "text/plain"}))), ENDED),
    Case("a method that is none", call(block(fields_of("/x.Y/Z"))), ("grpc 12",)),
    Case("a path of OTLP/HTTP", call(block(fields_of("/v1/logs"))), ("grpc 12",)),
    Case("a method in small letters", call(block(fields_of(otlp.METHODS["logs"].lower()))), ("grpc 12",)),
    Case("a deadline in words", call(block(fields_of(change={"grpc-timeout": "soon"}))), ENDED),
    Case("a deadline without a unit", call(block(fields_of(change={"grpc-timeout": "10"}))), ENDED),
    Case("a negative deadline", call(block(fields_of(change={"grpc-timeout": "-1S"}))), ENDED),
    Case("a deadline of 0", call(block(fields_of(change={"grpc-timeout": "0n"}))), ("grpc 4",)),
    Case("a deadline of 20 digits", call(block(fields_of(change={"grpc-timeout": "99999999999999999999H"}))), ENDED),
    Case("no message", headers(flags=END_HEADERS | END_STREAM), ("grpc 3", "grpc 13")),
    Case("a message of no frame", headers() + data(b""), ("grpc 3", "grpc 13")),
    Case("half a length", headers() + data(message()[:3]), ENDED),
    Case("a length and no message", headers() + data(message()[:5]), ENDED),
    Case("half a message", headers() + data(message()[:-9]), ENDED),
    Case("a length that is too short", headers() + data(message(length=len(BODY) - 9)), ENDED),
    Case("a length that is too long", headers() + data(message(length=len(BODY) + 9)), ENDED),
    Case("a length of 4 GiB - 1", headers() + data(message(length=0xFFFFFFFF)), ENDED),
    Case("a length of 1 GiB", headers() + data(message(length=1 << 30)), ENDED),
    Case("a byte more than the limit", headers() + data(message(length=(4 << 20) + 1)), ("grpc 8",)),
    Case("an unknown flag of compression", call(payload=message(compressed=2)), ENDED),
    Case("flag 0xff", call(payload=message(compressed=0xFF)), ENDED),
    Case("compressed, and no encoding named", call(payload=message(gzip.compress(BODY), 1)), ENDED),
    Case("compressed, and identity named", call(block(fields_of(change={"grpc-encoding": "identity"})), message(gzip.compress(BODY), 1)), ENDED),
    Case("gzip named, and no gzip", call(block(fields_of(change={"grpc-encoding": "gzip"})), message(BODY, 1)), ("grpc 3", "grpc 13")),
    Case("gzip named, cut off", call(block(fields_of(change={"grpc-encoding": "gzip"})), message(gzip.compress(BODY)[:-9], 1)), ("grpc 3", "grpc 13")),
    Case("gzip named, not used", call(block(fields_of(change={"grpc-encoding": "gzip"})), message(GOOD)), OK, stored=1),
    Case("an encoding that is none", call(block(fields_of(change={"grpc-encoding": "x"})), message(b"\x8b\x0b\x80" + BODY, 1)), ENDED),
    Case("a list of encodings", call(block(fields_of(change={"grpc-encoding": "gzip, gzip"})), message(gzip.compress(gzip.compress(BODY)), 1)), ENDED),
    Case("snappy", call(block(fields_of(change={"grpc-encoding": "snappy"})), message(b"\xff\x06\x00\x00sNaPpY" + BODY, 1)), ENDED),
    Case("two messages", headers() + data(message() + message()), ENDED),
    Case("a message and noise", headers() + data(message() + b"\xff" * 7), ENDED),
    Case("no telemetry", call(payload=message(b"\xff\xff\xff")), ("grpc 3",)),
    Case("spans for logs", call(payload=message(otlp.request([otlp.span(1, 2, "s", b"t" * 16, b"s" * 8)], service="smuggled"))), ENDED),
    Case("a reset in the middle", headers() + data(message()[:20], 0) + frame(RST_STREAM, 0, 1, word(8)), (*ENDED, *WAITS)),
    Case("a farewell in the middle", headers() + data(message()[:20], 0) + frame(GOAWAY, payload=bytes(8)), (*ENDED, *WAITS)),
    Case("a byte a frame", headers() + b"".join(data(message(GOOD)[i : i + 1], 0) for i in range(len(message(GOOD)))) + data(b""), OK, stored=1),
    Case("trailers of a client", headers() + data(message(GOOD), 0) + headers(block([("x", "y")]), END_HEADERS | END_STREAM), OK, stored=1),
    Case("a namespace with a slash", call(block(fields_of(change={"x-scope-orgid": "a/b"}))), ("grpc 3",)),
    Case("two namespaces", call(block(fields_of() + [("x-scope-orgid", "a"), ("x-scope-orgid", "b")])), ("grpc 3",)),
    Case("binary metadata that is none", call(block(fields_of(change={"x-bin": "%%%"})), message(GOOD)), OK, stored=1),
]

# Cheap to send, and each wants something done or kept.
FLOODS = [
    Case("100,000 settings", frame(SETTINGS, payload=setting(4, 65535)) * 100_000 + good_call(), CLOSED),
    Case("100,000 empty settings", frame(SETTINGS) * 100_000 + good_call(), CLOSED),
    Case("100,000 pings", frame(PING, payload=bytes(8)) * 100_000 + call(), CLOSED),
    Case("100,000 pongs nobody asked for", frame(PING, ACK, 0, bytes(8)) * 100_000 + good_call(), OK, stored=1),
    Case("100,000 frames of no data", headers() + frame(DATA, 0, 1) * 100_000 + data(message(GOOD)), CLOSED),
    Case("100,000 window updates", frame(WINDOW_UPDATE, payload=word(1)) * 100_000 + good_call(), CLOSED),
    Case("100,000 priorities", frame(PRIORITY, 0, 1, bytes(5)) * 100_000 + call(), ENDED),
    Case("100,000 unknown frames", frame(0xEE, 0, 0, b"x") * 100_000 + good_call(), OK, stored=1),
    Case("100,000 resets of idle streams", b"".join(frame(RST_STREAM, 0, 2 * i + 1, word(8)) for i in range(100_000)) + good_call(200_001), CLOSED),
    Case("1,000 streams at once", b"".join(headers(stream=2 * i + 1) for i in range(1, 1000)) + headers(stream=2001), (*ENDED, *WAITS)),
]

CASES = (
    START_OF_CONNECTION + FRAME_SIZES + PADDING + STREAM_IDS + CONTINUATIONS + WINDOWS + COMPRESSION
    + PSEUDO_FIELDS + GRPC + FLOODS
)
