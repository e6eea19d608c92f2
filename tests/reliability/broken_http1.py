"""HTTP/1.1 as it must not be, or only just may: what is sent byte for byte, and what may come back.

The bodies are telemetry that names itself "smuggled": none of it may ever be stored, unless the case says
that the request is a good one."""

from dataclasses import dataclass

from harness import otlp

NOW = 1_763_600_000_000_000_000
SMUGGLED, WELCOME = "smuggled", "welcome"


def telemetry(service, text="x", time=NOW):
    return otlp.request([otlp.log_record(time, text)], service=service)


BODY = telemetry(SMUGGLED)
# Without a time of the sender a second one is not taken for the first, sent again.
GOOD = telemetry(WELCOME, time=0)
HOST = b"Host: strata\r\n"
TYPE = b"Content-Type: application/x-protobuf\r\n"
LINE = b"POST /v1/logs HTTP/1.1\r\n"
CHUNKED = b"Transfer-Encoding: chunked\r\n"


@dataclass
class Case:
    name: str
    data: bytes
    statuses: tuple  # of the first answer; 0: closed without one
    stored: int = 0  # requests of WELCOME that get through
    answers: int = 1  # at most so many answers come back


def chunk(data):
    return b"%x\r\n" % len(data) + data + b"\r\n"


def sized(body, *fields):
    return LINE + HOST + TYPE + b"".join(fields) + b"Content-Length: %d\r\n\r\n" % len(body) + body


def with_line(line, body=BODY):
    return line + b"\r\n" + HOST + TYPE + b"Content-Length: %d\r\n\r\n" % len(body) + body


def with_fields(fields, body=BODY):
    """As it comes: the fields say how long the body is."""
    return LINE + HOST + TYPE + fields + b"\r\n" + body


def with_chunks(chunks, fields=CHUNKED):
    return LINE + HOST + TYPE + fields + b"\r\n" + chunks


LENGTH = b"Content-Length: %d\r\n" % len(BODY)
SECOND = sized(BODY)  # a whole request, for where one may hide
BAD, CLOSED = (400,), (400, 0)

REQUEST_LINES = [
    Case("noise", bytes(range(256)) * 8 + b"\r\n\r\n", CLOSED),
    Case("no version", with_line(b"POST /v1/logs"), BAD),
    Case("HTTP/0.9", b"GET /\r\n", CLOSED),
    Case("HTTP/2.0 in words", with_line(b"POST /v1/logs HTTP/2.0"), (505, 400)),
    Case("HTTP/1.2", with_line(b"POST /v1/logs HTTP/1.2"), (505, 400)),
    Case("HTTP/11.1", with_line(b"POST /v1/logs HTTP/11.1"), (505, 400)),
    Case("HTTP/1", with_line(b"POST /v1/logs HTTP/1"), (505, 400)),
    Case("a version in small letters", with_line(b"POST /v1/logs http/1.1"), (505, 400)),
    Case("two spaces", with_line(b"POST  /v1/logs HTTP/1.1"), BAD),
    Case("a tab for a space", with_line(b"POST\t/v1/logs HTTP/1.1"), BAD),
    Case("a space in front", with_line(b" POST /v1/logs HTTP/1.1"), BAD),
    Case("a control character in the method", with_line(b"PO\x01ST /v1/logs HTTP/1.1"), BAD),
    Case("no method", with_line(b"/v1/logs HTTP/1.1"), BAD),
    Case("a method of 10,000 letters", with_line(b"P" * 10_000 + b" /v1/logs HTTP/1.1"), (400, 404, 405, 431)),
    Case("a method that is none", with_line(b"STORE /v1/logs HTTP/1.1"), (405,)),
    Case("a space in the target", with_line(b"POST /v1/lo gs HTTP/1.1"), (505, 400)),
    Case("a zero in the target", with_line(b"POST /v1/logs\x00 HTTP/1.1"), BAD),
    Case("a control character in the target", with_line(b"POST /v1/\x7flogs HTTP/1.1"), BAD),
    Case("a byte above ASCII in the target", with_line(b"POST /v1/logs\xff HTTP/1.1"), (400, 404)),
    Case("a target of another host", with_line(b"POST http://elsewhere/v1/logs HTTP/1.1"), (400, 404)),
    Case("CONNECT", with_line(b"CONNECT elsewhere:443 HTTP/1.1"), (400, 404, 405)),
    Case("OPTIONS *", with_line(b"OPTIONS * HTTP/1.1"), (400, 404, 405)),
    Case("TRACE", with_line(b"TRACE /v1/logs HTTP/1.1"), (405,)),
    Case("a path that climbs", with_line(b"POST /x/../v1/logs HTTP/1.1"), (400, 404)),
    Case("a path that climbs in disguise", with_line(b"POST /x/%2e%2e/v1/logs HTTP/1.1"), (400, 404)),
    Case("two slashes", with_line(b"POST //v1/logs HTTP/1.1"), (400, 404)),
    Case("a slash behind", with_line(b"POST /v1/logs/ HTTP/1.1"), (400, 404)),
    Case("capital letters", with_line(b"POST /V1/LOGS HTTP/1.1"), (404,)),
    Case("a fragment", with_line(b"POST /v1/logs#x HTTP/1.1"), (400, 404)),
    Case("a target of 100 KiB", with_line(b"POST /" + b"x" * 102_400 + b" HTTP/1.1"), (431, 414)),
    Case("a bare line feed", sized(BODY).replace(b"\r\n", b"\n"), (505, 400)),
    Case("a bare carriage return", sized(BODY).replace(b"\r\n", b"\r"), (505, 400)),
    Case("ten thousand empty lines", b"\r\n" * 10_000, CLOSED),
    Case("the preface of HTTP/2", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + bytes(9), (505, 400)),
    Case("a TLS handshake", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(64), CLOSED),
    Case("a proxy's first line", b"PROXY TCP4 10.0.0.1 10.0.0.2 1 2\r\n" + sized(BODY), (505, 400)),
]

FIELDS = [
    Case("no Host", LINE + TYPE + LENGTH + b"\r\n" + BODY, BAD),
    Case("two Hosts", with_fields(b"Host: elsewhere\r\n" + LENGTH), BAD),
    Case("the same Host twice", with_fields(HOST + LENGTH), BAD),
    Case("a space before the colon", with_fields(b"X-A : b\r\n" + LENGTH), BAD),
    Case("a space in a name", with_fields(b"X A: b\r\n" + LENGTH), BAD),
    Case("no name", with_fields(b": b\r\n" + LENGTH), BAD),
    Case("no colon", with_fields(b"X-A\r\n" + LENGTH), BAD),
    Case("a zero in a value", with_fields(b"X-A: a\x00b\r\n" + LENGTH), BAD),
    Case("a zero in a name", with_fields(b"X-\x00A: b\r\n" + LENGTH), BAD),
    Case("a control character in a value", with_fields(b"X-A: a\x01b\r\n" + LENGTH), BAD),
    Case("a carriage return in a value", with_fields(b"X-A: a\rX-B: b\r\n" + LENGTH), BAD),
    Case("a line feed in a value", with_fields(b"X-A: a\nX-B: b\r\n" + LENGTH), BAD),
    Case("a bracket in a name", with_fields(b"X(A): b\r\n" + LENGTH), BAD),
    Case("a byte above ASCII in a name", with_fields(b"X-\xc3\xa4: b\r\n" + LENGTH), BAD),
    Case("a folded first field", LINE + b" folded\r\n" + HOST + TYPE + LENGTH + b"\r\n" + BODY, BAD),
    Case("a fold in any field", with_fields(b"X-A: a\r\n b\r\n" + LENGTH), BAD),
    Case("a fold that hides a length", with_fields(b"X-A: a\r\n Content-Length: 0\r\n" + LENGTH), BAD),
    Case("300 fields", with_fields(b"".join(b"X-%d: y\r\n" % i for i in range(300)) + LENGTH), (431,)),
    Case("100,000 fields", with_fields(b"x: y\r\n" * 100_000 + LENGTH), (431,)),
    Case("a field of 70 KiB", with_fields(b"X-A: " + b"y" * 71_680 + b"\r\n" + LENGTH), (431,)),
    Case("a name of 70 KiB", with_fields(b"X" * 71_680 + b": y\r\n" + LENGTH), (431, 400)),
    Case("a header without end", LINE + HOST + b"X-A: " + b"y" * 1_000_000, (431,)),
    Case("a header that stops", LINE + HOST + b"X-A: y\r\n", CLOSED),
    Case("an unknown expectation", with_fields(b"Expect: coffee\r\n" + LENGTH), (417,)),
    Case("a namespace with a slash", with_fields(b"X-Scope-OrgID: a/../b\r\n" + LENGTH), BAD),
    Case("a namespace of 64 letters", with_fields(b"X-Scope-OrgID: " + b"a" * 64 + b"\r\n" + LENGTH), BAD),
    Case("two namespaces", with_fields(b"X-Scope-OrgID: a\r\nX-Scope-OrgID: b\r\n" + LENGTH), BAD),
    Case("two content types", with_fields(b"Content-Type: application/json\r\n" + LENGTH), (400, 415)),
    Case("two content encodings", with_fields(b"Content-Encoding: gzip\r\nContent-Encoding: identity\r\n" + LENGTH), (400, 415)),
    Case("an idempotency key of 64 KiB", with_fields(b"Idempotency-Key: " + b"k" * 60_000 + b"\r\n" + LENGTH), BAD),
    Case("two idempotency keys", with_fields(b"Idempotency-Key: a\r\nIdempotency-Key: b\r\n" + LENGTH), BAD),
    Case("h2c in passing", sized(GOOD, b"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAAA\r\n"), (200,), stored=1),
    Case("a fold's white space is fine in a value", sized(GOOD, b"X-A:\t a  b \t\r\n"), (200,), stored=1),
]

LENGTHS = [
    Case("a length in words", with_fields(b"Content-Length: many\r\n"), BAD),
    Case("a negative length", with_fields(b"Content-Length: -1\r\n"), BAD),
    Case("a length with a plus", with_fields(b"Content-Length: +%d\r\n" % len(BODY)), BAD),
    Case("a length in hex", with_fields(b"Content-Length: 0x%x\r\n" % len(BODY)), BAD),
    Case("a length with a fraction", with_fields(b"Content-Length: %d.0\r\n" % len(BODY)), BAD),
    Case("a length with a space inside", with_fields(b"Content-Length: 1 0\r\n"), BAD),
    Case("no digits", with_fields(b"Content-Length:\r\n"), BAD),
    Case("a list of equal lengths", with_fields(b"Content-Length: %d, %d\r\n" % (len(BODY), len(BODY))), BAD),
    Case("a list of lengths", with_fields(b"Content-Length: 0, %d\r\n" % len(BODY)), BAD),
    Case("two lengths", with_fields(LENGTH + b"Content-Length: 0\r\n"), BAD),
    Case("two lengths, the other way", with_fields(b"Content-Length: 0\r\n" + LENGTH), BAD),
    Case("the same length twice", with_fields(LENGTH + LENGTH), BAD),
    Case("2^63", with_fields(b"Content-Length: 9223372036854775808\r\n"), (413, 400)),
    Case("2^64", with_fields(b"Content-Length: 18446744073709551616\r\n"), (413, 400)),
    Case("2^64 and what is there", with_fields(b"Content-Length: %d\r\n" % ((1 << 64) + len(BODY))), (413, 400)),
    Case("a thousand digits", with_fields(b"Content-Length: " + b"1" * 1000 + b"\r\n"), (413, 400)),
    Case("beyond the limit", with_fields(b"Content-Length: 20971521\r\n"), (413,)),
    Case("longer than the body", with_fields(b"Content-Length: %d\r\n" % (len(BODY) + 10)), BAD),
    Case("shorter than the body", with_fields(b"Content-Length: %d\r\n" % (len(BODY) - 10)), BAD, answers=2),
    Case("a folded length", with_fields(b"Content-Length:\r\n %d\r\n" % len(BODY)), BAD),
    Case("a length with a vertical tab", with_fields(b"Content-Length: \x0b%d\r\n" % len(BODY)), BAD),
    Case("no length for a body", with_fields(b""), (200, 400, 411), answers=2),
]

CODINGS = [
    Case("length and chunks", with_chunks(chunk(BODY) + b"0\r\n\r\n", LENGTH + CHUNKED), BAD),
    Case("chunks and length", with_chunks(chunk(BODY) + b"0\r\n\r\n", CHUNKED + LENGTH), BAD),
    Case("gzip, chunked", with_chunks(chunk(BODY) + b"0\r\n\r\n", b"Transfer-Encoding: gzip, chunked\r\n"), (501, 400)),
    Case("chunked, gzip", with_chunks(chunk(BODY) + b"0\r\n\r\n", b"Transfer-Encoding: chunked, gzip\r\n"), (501, 400)),
    Case("chunked, identity", with_chunks(chunk(BODY) + b"0\r\n\r\n", b"Transfer-Encoding: chunked, identity\r\n"), (501, 400)),
    Case("identity", with_fields(b"Transfer-Encoding: identity\r\n" + LENGTH), (501, 400)),
    Case("a coding that is none", with_chunks(chunk(BODY) + b"0\r\n\r\n", b"Transfer-Encoding: xchunked\r\n"), (501, 400)),
    Case("chunked twice", with_chunks(chunk(BODY) + b"0\r\n\r\n", b"Transfer-Encoding: chunked, chunked\r\n"), (501, 400)),
    Case("chunked in two fields", with_chunks(chunk(BODY) + b"0\r\n\r\n", CHUNKED + CHUNKED), (501, 400)),
    Case("chunked, then a coding that is none", with_chunks(chunk(BODY) + b"0\r\n\r\n", CHUNKED + b"Transfer-Encoding: x\r\n"), (501, 400)),
    Case("a space before its colon", with_chunks(chunk(BODY) + b"0\r\n\r\n", b"Transfer-Encoding : chunked\r\n" + LENGTH), BAD),
    Case("a vertical tab before chunked", with_chunks(chunk(BODY) + b"0\r\n\r\n", b"Transfer-Encoding: \x0bchunked\r\n"), (400, 501)),
    Case("quotes around chunked", with_chunks(chunk(BODY) + b"0\r\n\r\n", b'Transfer-Encoding: "chunked"\r\n'), (400, 501)),
    Case("an empty coding", with_fields(b"Transfer-Encoding:\r\n" + LENGTH), (400, 501)),
    Case("folded chunked", with_chunks(chunk(BODY) + b"0\r\n\r\n", b"Transfer-Encoding:\r\n chunked\r\n"), BAD),
    Case("chunks in HTTP/1.0", b"POST /v1/logs HTTP/1.0\r\n" + HOST + TYPE + CHUNKED + b"\r\n" + chunk(BODY) + b"0\r\n\r\n", BAD),
    Case("CHUNKED", with_chunks(chunk(GOOD) + b"0\r\n\r\n", b"transfer-ENCODING: CHUNKED\r\n"), (200,), stored=1),
]

CHUNKS = [
    Case("a size that is none", with_chunks(b"zz\r\n" + BODY + b"\r\n0\r\n\r\n"), BAD),
    Case("a negative size", with_chunks(b"-1\r\n" + BODY + b"\r\n0\r\n\r\n"), BAD),
    Case("a size with 0x", with_chunks(b"0x%x\r\n" % len(BODY) + BODY + b"\r\n0\r\n\r\n"), BAD),
    Case("a size with a plus", with_chunks(b"+%x\r\n" % len(BODY) + BODY + b"\r\n0\r\n\r\n"), BAD),
    Case("a space before the size", with_chunks(b" %x\r\n" % len(BODY) + BODY + b"\r\n0\r\n\r\n"), BAD),
    Case("a size of 2^64", with_chunks(b"10000000000000000\r\n" + BODY), (400, 413)),
    Case("a size of 2^64 and what is there", with_chunks(b"1%016x\r\n" % len(BODY) + BODY + b"\r\n0\r\n\r\n"), (400, 413)),
    Case("a size of 2^63", with_chunks(b"8000000000000000\r\n" + BODY), (400, 413)),
    Case("a size beyond the limit", with_chunks(b"1400001\r\n" + BODY), (413, 400)),
    Case("ten thousand zeros before the size", with_chunks(b"0" * 10_000 + b"5\r\nhello\r\n0\r\n\r\n"), BAD),
    Case("no size", with_chunks(b";x=y\r\n" + BODY + b"\r\n0\r\n\r\n"), BAD),
    Case("an empty line for a size", with_chunks(b"\r\n" + chunk(BODY) + b"0\r\n\r\n"), BAD),
    Case("no line end behind the data", with_chunks(b"%x\r\n" % len(BODY) + BODY + b"0\r\n\r\n"), BAD),
    Case("more data than the size", with_chunks(b"3\r\n" + BODY + b"\r\n0\r\n\r\n"), BAD),
    Case("a bare line feed behind the size", with_chunks(b"%x\n" % len(BODY) + BODY + b"\r\n0\r\n\r\n"), BAD),
    Case("an extension of 100 KiB", with_chunks(b"%x;" % len(BODY) + b"x" * 102_400 + b"\r\n" + BODY + b"\r\n0\r\n\r\n"), BAD),
    Case("a trailer of 100 KiB", with_chunks(chunk(BODY) + b"0\r\nX-A: " + b"y" * 102_400 + b"\r\n\r\n"), (400, 431)),
    Case("a trailer of 10,000 fields", with_chunks(chunk(BODY) + b"0\r\n" + b"X-A: y\r\n" * 10_000 + b"\r\n"), (400, 431)),
    Case("a broken trailer", with_chunks(chunk(BODY) + b"0\r\nno colon\r\n\r\n"), BAD),
    Case("no last chunk", with_chunks(chunk(BODY)), BAD),
    Case("half a chunk", with_chunks(chunk(BODY)[:-20]), BAD),
    Case("a length in the trailer", with_chunks(chunk(BODY) + b"0\r\nContent-Length: 0\r\n\r\n"), BAD),
    Case("an extension", with_chunks(b"%x;a=b;c=\"d\"\r\n" % len(GOOD) + GOOD + b"\r\n0\r\n\r\n"), (200,), stored=1),
    Case("a byte a chunk", with_chunks(b"".join(chunk(GOOD[i : i + 1]) for i in range(len(GOOD))) + b"0\r\n\r\n"), (200,), stored=1),
]

# What one end takes for a body the other may take for a request.
SMUGGLING = [
    Case("CL.TE", with_chunks(b"0\r\n\r\n" + SECOND, b"Content-Length: %d\r\n" % (5 + len(SECOND)) + CHUNKED), BAD),
    Case("TE.CL", with_chunks(chunk(SECOND) + b"0\r\n\r\n", CHUNKED + b"Content-Length: 4\r\n"), BAD),
    Case("TE.TE", with_chunks(b"0\r\n\r\n" + SECOND, CHUNKED + b"Transfer-Encoding: identity\r\n"), (501, 400)),
    Case("CL.CL", with_fields(b"Content-Length: 0\r\nContent-Length: %d\r\n" % len(SECOND), SECOND), BAD),
    Case("behind a refused head", with_fields(b"X A: b\r\n" + b"Content-Length: 0\r\n", SECOND), BAD),
    Case("behind a refused length", with_fields(b"Content-Length: 20971521\r\n", SECOND), (413,)),
    Case("behind a refused coding", with_fields(b"Transfer-Encoding: gzip\r\n", SECOND), (501, 400)),
    Case("behind a broken chunk", with_chunks(b"zz\r\n\r\n" + SECOND), BAD),
    Case("behind a refused expectation", with_fields(b"Expect: coffee\r\nContent-Length: 0\r\n", SECOND), (417,)),
    Case("behind Connection: close", sized(GOOD, b"Connection: close\r\n") + SECOND, (200,), stored=1),
    Case("in a fold", with_fields(b"X-A: a\r\n\tTransfer-Encoding: chunked\r\n" + LENGTH), BAD),
    Case("a GET with a body", b"GET /v1/logs HTTP/1.1\r\n" + HOST + b"Content-Length: %d\r\n\r\n" % len(SECOND) + SECOND, (405,)),
    Case("a HEAD with chunks", b"HEAD /v1/logs HTTP/1.1\r\n" + HOST + CHUNKED + b"\r\n" + chunk(SECOND) + b"0\r\n\r\n", (405,)),
]

CASES = REQUEST_LINES + FIELDS + LENGTHS + CODINGS + CHUNKS + SMUGGLING
