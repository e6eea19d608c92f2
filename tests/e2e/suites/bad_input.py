"""What senders get wrong or do on purpose: a clear error each time, and the next good request works."""

import gzip
import random
import socket
import struct
import time

from harness import grpc, otlp
from harness import protobuf as pb
from harness.grpc import GrpcClient
from harness.http import HttpClient, raw_exchange
from harness.server import Server, shared_server
from harness.testing import all_of, check, equal, test

MIB = 1 << 20
NOW = 1_763_600_000_000_000_000
GOOD = [0]  # good requests sent to the shared server, for a unique name each


def server():
    return shared_server("bad_input")


def record(body="x", time_=NOW, attributes=(), **more):
    return otlp.log_record(time_, body, 9, attributes, **more)


def still_works(target=None):
    """A good request over HTTP and gRPC, and its rows."""
    target = target or server()
    for answer_of in (
        lambda body: HttpClient(target.addresses["otlp_http"]).post("/v1/logs", body).status == 200,
        lambda body: GrpcClient(target.addresses["otlp_grpc"]).call(otlp.METHODS["logs"], body).status == 0,
    ):
        GOOD[0] += 1
        name = f"good-{GOOD[0]}"
        check(answer_of(otlp.request([record(name, NOW + GOOD[0])])), f"{name} is refused\n{target.log_tail(5)}")
        equal(target.value(f"SELECT count(*) FROM logs WHERE body = '{name}'"), 1, name)


def post(body, headers=None, path="/v1/logs", content_type="application/x-protobuf"):
    return HttpClient(server().addresses["otlp_http"], timeout=60).post(path, body, content_type, headers)


def refused(answer, status, what):
    """With a google.rpc.Status in the encoding of the request."""
    check(answer.status == status, f"{what}: {answer.status} instead of {status}: {answer.body[:200]}")
    if answer.headers.get("content-type", "").startswith("application/json"):
        found = answer.json()
        check(found.get("message") and isinstance(found.get("code", 0), int), f"{what}: {found}")
        return found["message"]
    code, message, _ = pb.status(answer.body)
    check(message, f"{what}: no message in the status {code}")
    return message


# --- bodies -------------------------------------------------------------------------------------


@test
def truncated_bodies():
    body = otlp.request([record(f"r{i}", NOW + i, {"k": i}) for i in range(20)])
    with all_of() as attempt:
        for cut in sorted(random.Random(1).sample(range(1, len(body)), 60)):
            attempt(lambda: refused(post(body[:cut]), 400, f"cut at {cut}"))
        rpc = GrpcClient(server().addresses["otlp_grpc"])
        answer = rpc.call(otlp.METHODS["logs"], body[:-7])
        attempt(lambda: equal(answer.status, grpc.INVALID_ARGUMENT, "gRPC"))
        text = b'{"resourceLogs":[{"scopeLogs":[{"logRecords":[{"body":{"stringValue":"x"}}]}]}]}'
        for cut in (1, 20, len(text) - 1):
            answer = post(text[:cut], content_type="application/json")
            attempt(lambda: refused(answer, 400, f"JSON cut at {cut}"))
    still_works()


@test
def bit_flips():
    """Anything may come of them but a crash, a hang or a 5xx."""
    dice = random.Random(2)
    bodies = {
        "/v1/logs": otlp.request([record("body", NOW, {"k": "v", "l": [1, {"m": 2.5}]}, trace_id=b"t" * 16)]),
        "/v1/traces": otlp.request([otlp.span(NOW, NOW + 1, "s", b"t" * 16, b"s" * 8, {"k": 1})]),
        "/v1/metrics": otlp.request([otlp.gauge("m", NOW, 1.5, {"k": True})]),
    }
    client = HttpClient(server().addresses["otlp_http"])
    with all_of() as attempt:
        for path, body in bodies.items():
            for _ in range(250):
                flipped = bytearray(body)
                for _ in range(dice.choice((1, 1, 2, 8))):
                    flipped[dice.randrange(len(flipped))] ^= 1 << dice.randrange(8)
                answer = client.post(path, bytes(flipped))
                if answer.status != 200:
                    attempt(lambda: refused(answer, 400, f"{path} {bytes(flipped).hex()}"))
    still_works()


@test
def wrong_wrapping():
    body = otlp.request([record()])
    with all_of() as attempt:
        attempt(lambda: refused(post(body, content_type="text/plain"), 415, "content type"))
        attempt(lambda: refused(post(body, {"Content-Encoding": "br"}), 415, "content encoding"))
        attempt(lambda: refused(post(b"{]", content_type="application/json"), 400, "no JSON"))
        attempt(lambda: refused(post(b"[]", content_type="application/json"), 400, "a JSON list"))
        attempt(lambda: refused(post(body, content_type="application/json"), 400, "protobuf as JSON"))
        client = HttpClient(server().addresses["otlp_http"])
        attempt(lambda: equal(client.get("/v1/logs").status, 405, "GET"))
        attempt(lambda: check("POST" in client.get("/v1/logs").headers.get("allow", ""), "Allow"))
        attempt(lambda: equal(client.post("/v1/nothing", body).status, 404, "path"))
        rpc = GrpcClient(server().addresses["otlp_grpc"])
        answer = rpc.call("/opentelemetry.proto.collector.logs.v1.LogsService/Import", body)
        attempt(lambda: equal(answer.status, grpc.UNIMPLEMENTED, "gRPC method"))
        attempt(lambda: equal(answer.details[0], grpc.UNIMPLEMENTED, "code of the status"))
        packed = b"\x8b\x0b\x80" + body  # as brotli frames begin; no OTLP message does
        answer = rpc.call(otlp.METHODS["logs"], packed, {"grpc-encoding": "br"}, compress="br")
        wrong = (grpc.UNIMPLEMENTED, grpc.INTERNAL, grpc.INVALID_ARGUMENT)
        attempt(lambda: check(answer.status in wrong, f"gRPC encoding {answer}"))
        # Success answers in the same encoding, without partial_success.
        fine = post(body)
        attempt(lambda: equal((fine.status, fine.body), (200, b""), "full success"))
        fine = post(otlp.json_logs([{"body": {"stringValue": "j"}}]), content_type="application/json")
        attempt(lambda: equal((fine.status, fine.json()), (200, {}), "full success in JSON"))
        fine = post(b"")
        attempt(lambda: equal((fine.status, fine.receipt), (200, 0), "an empty request"))
    still_works()


# --- compression --------------------------------------------------------------------------------


def growth_of(call):
    """How much resident memory a call leaves behind or needs at its peak, in MiB."""
    before = server().status_kib("VmHWM")
    call()
    return (server().status_kib("VmHWM") - before) / 1024


def zstd_frame(blocks, content_size):
    """`blocks`: bytes are a raw block, (byte, count) a run of one byte."""
    out = bytearray(b"\x28\xb5\x2f\xfd" + bytes([0xE0]) + struct.pack("<Q", content_size))
    for index, block in enumerate(blocks):
        last = index == len(blocks) - 1
        if isinstance(block, tuple):
            out += struct.pack("<I", last | 1 << 1 | block[1] << 3)[:3] + block[0]
        else:
            out += struct.pack("<I", last | len(block) << 3)[:3] + block
    return bytes(out)


@test
def gzip_lies():
    body = otlp.request([record("compressed")])
    packed = gzip.compress(body)
    encoding = {"Content-Encoding": "gzip"}
    with all_of() as attempt:
        attempt(lambda: equal(post(packed, encoding).status, 200, "good gzip"))
        lying = packed[:-4] + struct.pack("<I", 1 << 30)
        attempt(lambda: refused(post(lying, encoding), 400, "a size that is none"))
        attempt(lambda: refused(post(packed[:-8] + b"\0" * 8, encoding), 400, "a wrong checksum"))
        attempt(lambda: refused(post(packed[: len(packed) // 2], encoding), 400, "half of it"))
        attempt(lambda: refused(post(packed + b"tail", encoding), 400, "bytes behind it"))
        attempt(lambda: refused(post(body, encoding), 400, "not compressed"))
        attempt(lambda: refused(post(b"", encoding), 400, "nothing") if post(b"", encoding).status != 200 else None)
        rpc = GrpcClient(server().addresses["otlp_grpc"])
        framed = {"grpc-encoding": "gzip"}
        answer = rpc.call(otlp.METHODS["logs"], body, framed, compress="gzip")
        attempt(lambda: equal(answer.status, 0, f"good gzip over gRPC {answer}"))
    still_works()


@test
def zstd_lies():
    body = otlp.request([record("zstd")])
    encoding = {"Content-Encoding": "zstd"}
    with all_of() as attempt:
        attempt(lambda: equal(post(zstd_frame([body], len(body)), encoding).status, 200, "good zstd"))
        for size in (len(body) + 1, len(body) - 1, 1 << 40, (1 << 64) - 3):
            answer = post(zstd_frame([body], size), encoding)
            attempt(lambda: check(answer.status in (400, 413), f"size {size}: {answer.status}"))
        attempt(lambda: refused(post(zstd_frame([body], len(body))[:-5], encoding), 400, "cut off"))
        attempt(lambda: refused(post(b"\x28\xb5\x2f\xfd", encoding), 400, "a magic number"))
    still_works()


@test
def bombs():
    """1 GiB of zeros in a few kilobytes: 413, and memory stays within what one request may need."""
    member = gzip.compress(b"\0" * (16 * MIB), 9)
    gzip_bomb = member * 64
    run = (b"\0", 128 * 1024)
    zstd_bomb = zstd_frame([run] * 8192, 1 << 30)
    quiet_bomb = zstd_frame([run] * 8192, 1 << 30)
    quiet_bomb = b"\x28\xb5\x2f\xfd" + b"\x00\x58" + quiet_bomb[13:]  # says no size, window 2 MiB
    with all_of() as attempt:
        for name, bomb, coding in (
            ("gzip", gzip_bomb, "gzip"),
            ("zstd", zstd_bomb, "zstd"),
            ("zstd without a size", quiet_bomb, "zstd"),
        ):
            grown = growth_of(
                lambda: attempt(lambda: refused(post(bomb, {"Content-Encoding": coding}), 413, name))
            )
            attempt(lambda: check(grown < 100, f"{name}: {grown:.0f} MiB more"))
        rpc = GrpcClient(server().addresses["otlp_grpc"])
        message = struct.pack(">BI", 1, len(gzip_bomb))
        check(len(gzip_bomb) + len(message) < 4 * MIB, "the bomb itself is small")

        def over_grpc():
            answer = rpc.call(otlp.METHODS["logs"], b"\0" * (64 * MIB), compress="gzip", deadline="60S")
            equal(answer.status, grpc.RESOURCE_EXHAUSTED, f"gRPC {answer.message}")
            details = answer.details
            check(not details or not any("RetryInfo" in d for d in details[2]), "must not be retried")

        grown = growth_of(lambda: attempt(over_grpc))
        attempt(lambda: check(grown < 100, f"gRPC: {grown:.0f} MiB more"))
    still_works()


@test
def too_large():
    with all_of() as attempt:
        attempt(lambda: refused(post(b"\n" * (21 * MIB)), 413, "21 MiB"))
        rpc = GrpcClient(server().addresses["otlp_grpc"])
        answer = rpc.call(otlp.METHODS["logs"], b"\n" * (5 * MIB))
        attempt(lambda: equal(answer.status, grpc.RESOURCE_EXHAUSTED, f"gRPC {answer.message}"))
        under = otlp.request([record("l" * 60000, NOW + i) for i in range(60)])
        attempt(lambda: equal(rpc.call(otlp.METHODS["logs"], under).status, 0, "3.6 MB over gRPC"))
        under = otlp.request([record("l" * 60000, NOW + i) for i in range(300)])
        attempt(lambda: equal(post(under).status, 200, "18 MB over HTTP"))
    still_works()


# --- records ------------------------------------------------------------------------------------


def partly(records, rejected, what, words=(), kind="logs"):
    """Sends; the answer is a success that names how many were rejected and why."""
    answer = post(otlp.request(records, service=what.replace("'", "")), path=otlp.PATHS[kind])
    equal(answer.status, 200, f"{what} {answer.body[:200]}")
    verdict = otlp.partial_success(answer.body)
    check(verdict is not None, f"{what}: no partial_success")
    equal(verdict[0], rejected, f"{what}: rejected")
    for word in words:
        check(word in verdict[1].lower(), f"{what}: {word!r} is not in {verdict[1]!r}")
    stored = server().value(f"SELECT count(*) FROM {kind} WHERE service_name = '{what}'")
    equal(stored, len(records) - rejected, f"{what}: stored")
    return verdict[1]


@test
def records_that_are_rejected():
    good = record("good beside it")
    deep = pb.fixed64(1, NOW) + pb.message(5, otlp.nested_value(100_000))
    with all_of() as attempt:
        for what, bad in (
            ("deep", deep),
            ("40 levels", pb.fixed64(1, NOW) + pb.message(5, otlp.nested_value(40))),
            ("short trace id", record(trace_id=b"t" * 15)),
            ("long trace id", record(trace_id=b"t" * 17)),
            ("short span id", record(span_id=b"s" * 7)),
            ("year 2500", record(time_=16_725_225_600_000_000_000)),
            ("latest time", record(time_=(1 << 64) - 1)),
            ("no utf8", pb.fixed64(1, NOW) + pb.message(5, pb.message(1, b"\xff\xfe"))),
            ("no utf8 key", pb.fixed64(1, NOW) + pb.message(6, pb.message(1, b"\xc3\x28"))),
        ):
            attempt(lambda: partly([good, bad, good], 1, what))
        bad = otlp.span(NOW, NOW, "s", b"t" * 4, b"s" * 8)
        fine = otlp.span(NOW, NOW, "s", b"t" * 16, b"s" * 8)
        attempt(lambda: partly([bad, fine], 1, "bad span", kind="spans"))
        attempt(lambda: partly([record(trace_id=b"t")], 1, "wholly rejected"))
        answer = post(otlp.request([record(trace_id=b"t")]))
        attempt(lambda: equal(answer.receipt, 0, "receipt of a wholly rejected request"))
        levels_30 = otlp.request([pb.fixed64(1, NOW) + pb.message(5, otlp.nested_value(30))], service="30 levels")
        attempt(lambda: equal(post(levels_30).body, b"", "30 levels"))
        rpc = GrpcClient(server().addresses["otlp_grpc"])
        answer = rpc.call(otlp.METHODS["logs"], otlp.request([good, record(span_id=b"s")]))
        attempt(lambda: equal(answer.status, 0, "gRPC"))
        attempt(lambda: equal(otlp.partial_success(answer.body)[0], 1, "gRPC rejected"))
    still_works()


@test
def json_records_that_are_rejected():
    with all_of() as attempt:
        for what, bad in (
            ("trace id no hex", {"traceId": "zz" * 16}),
            ("trace id short", {"traceId": "ab" * 15}),
            ("span id base64", {"spanId": "t7rXFpIDMzE="}),
        ):
            sent = otlp.json_logs([{"timeUnixNano": str(NOW), **bad}, {"timeUnixNano": str(NOW)}])
            answer = post(sent, content_type="application/json")
            attempt(lambda: equal(answer.status, 200, what))
            verdict = attempt(lambda: answer.json()["partialSuccess"])
            attempt(lambda: equal(int(verdict["rejectedLogRecords"]), 1, what))
        good = b'{"body":{"stringValue":"beside it"}}'
        for what, bad in (
            ("33 levels", b'{"arrayValue":{"values":[' * 33 + b"]}}" * 33),
            ("50,000 levels", b'{"arrayValue":{"values":[' * 50_000 + b"]}}" * 50_000),
            ("no UTF-8", b'{"stringValue":"\xff"}'),
            ("half a character", b'{"stringValue":"cut \\ud83d"}'),
        ):
            records = good + b',{"body":' + bad + b"}," + good
            body = b'{"resourceLogs":[{"scopeLogs":[{"logRecords":[' + records + b"]}]}]}"
            answer = post(body, content_type="application/json")
            attempt(lambda: equal(answer.status, 200, f"{what} {answer.body[:200]}"))
            verdict = attempt(lambda: answer.json()["partialSuccess"])
            attempt(lambda: equal(int(verdict["rejectedLogRecords"]), 1, what))
        levels_32 = good[:8] + b'{"arrayValue":{"values":[' * 32 + b'{"boolValue":true}' + b"]}}" * 32 + b"}"
        body = b'{"resourceLogs":[{"scopeLogs":[{"logRecords":[' + levels_32 + b"]}]}]}"
        attempt(lambda: equal(post(body, content_type="application/json").body, b"{}", "32 levels"))
    still_works()


@test
def records_that_are_cut():
    many = [(f"key-{i:05d}", i) for i in range(5000)]
    with all_of() as attempt:
        post(otlp.request([record("many", attributes=many)], service="many"))
        row = server().records("SELECT * FROM logs WHERE service_name = 'many'")[0]
        attempt(lambda: equal(len(row["attributes"]), 1024, "attributes"))
        attempt(lambda: equal(row["dropped_attributes_count"], 5000 - 1024, "dropped"))
        message = attempt(lambda: partly([record("l" * 100_000)], 0, "long body"))
        attempt(lambda: check(message, "a warning"))
        size = server().value("SELECT length(body) FROM logs WHERE service_name = 'long body'")
        attempt(lambda: equal(size, 64 * 1024, "bytes of the body"))

        def a_million():
            empty = pb.fixed64(1, NOW) + b"\x32\x00" * 1_000_000
            equal(post(otlp.request([empty], service="million")).status, 200, "10^6 empty attributes")

        grown = growth_of(lambda: attempt(a_million))
        attempt(lambda: check(grown < 200, f"10^6 empty attributes: {grown:.0f} MiB more"))
    still_works()


# --- connections --------------------------------------------------------------------------------

HEAD = b"POST /v1/logs HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-protobuf\r\n"


def chunk(data):
    return b"%x\r\n" % len(data) + data + b"\r\n"


@test
def chunked_bodies():
    address = server().addresses["otlp_http"]
    body = otlp.request([record("in chunks")], service="in chunks")
    pieces = [body[i : i + 7] for i in range(0, len(body), 7)]
    whole = HEAD + b"Transfer-Encoding: chunked\r\nConnection: close\r\n\r\n"
    answer = raw_exchange(address, whole + b"".join(map(chunk, pieces)) + b"0\r\n\r\n")
    check(answer.startswith(b"HTTP/1.1 200"), f"{answer[:200]}")
    equal(server().value("SELECT count(*) FROM logs WHERE service_name = 'in chunks'"), 1, "rows")
    # One that never ends: beyond the limit it is refused, below it others are not kept waiting.
    host, port = address.rsplit(":", 1)
    with socket.create_connection((host, int(port)), timeout=30) as endless:
        endless.sendall(HEAD + b"Transfer-Encoding: chunked\r\n\r\n" + chunk(b"\n" * 1000))
        still_works()
        received = b""
        try:
            for _ in range(64):
                endless.sendall(chunk(b"\n" * MIB))
            received = endless.recv(4096)
        except ConnectionError:
            pass
        check(not received or received.startswith(b"HTTP/1.1 413"), f"{received[:200]}")
    cut = raw_exchange(address, whole + chunk(body), timeout=5, shutdown=True)
    check(not cut.startswith(b"HTTP/1.1 200"), f"half a chunked body: {cut[:200]}")
    still_works()


@test
def slow_bodies():
    """Two hundred clients that send a byte at a time hold up nobody."""
    host, port = server().addresses["otlp_http"].rsplit(":", 1)
    slow = [socket.create_connection((host, int(port)), timeout=10) for _ in range(200)]
    try:
        for connection in slow:
            connection.sendall(HEAD + b"Content-Length: 1000\r\n\r\n")
        for _ in range(5):
            for connection in slow:
                connection.sendall(b"\n")
            began = time.monotonic()
            still_works()
            check(time.monotonic() - began < 5, "a good request waited for the slow ones")
    finally:
        for connection in slow:
            connection.close()
    still_works()


@test
def broken_http():
    address = server().addresses["otlp_http"]
    with all_of() as attempt:
        for what, data in (
            ("noise", bytes(range(256)) * 8 + b"\r\n\r\n"),
            ("no version", b"GET /\r\n\r\n"),
            ("a length that is none", HEAD + b"Content-Length: many\r\n\r\n"),
            ("a negative length", HEAD + b"Content-Length: -1\r\n\r\n"),
            ("two lengths", HEAD + b"Content-Length: 1\r\nContent-Length: 2\r\n\r\nab"),
            ("endless headers", b"GET / HTTP/1.1\r\n" + b"x: y\r\n" * 100_000 + b"\r\n"),
            ("a bad chunk", HEAD + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n"),
        ):
            answer = raw_exchange(address, data, timeout=10, shutdown=True)
            good = not answer or answer.startswith((b"HTTP/1.1 4", b"HTTP/1.0 4"))
            attempt(lambda: check(good, f"{what}: {answer[:100]}"))
        raw_exchange(server().addresses["otlp_grpc"], bytes(range(256)) * 64, timeout=2)
        raw_exchange(server().addresses["otlp_grpc"], b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + b"\xff" * 999, timeout=2)
        cut = HEAD + b"Content-Length: 100\r\n\r\nonly this"
        answer = raw_exchange(address, cut, timeout=5, shutdown=True)
        attempt(lambda: check(not answer.startswith(b"HTTP/1.1 200"), f"half a body: {answer[:100]}"))
    still_works()


@test
def nothing_was_lost():
    """The good requests of all tests above are there, once each, also after kill -9."""
    statement = "SELECT count(*), count(DISTINCT body) FROM logs WHERE body LIKE 'good-%'"
    equal(server().sql(statement), [[GOOD[0], GOOD[0]]], "before")
    server().kill()
    server().restart()
    equal(server().sql(statement), [[GOOD[0], GOOD[0]]], "after kill -9")
