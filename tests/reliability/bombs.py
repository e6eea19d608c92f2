"""Requests that are small where they come from and large where they go: compressed, nested, lying.

Each bomb is what a sender puts on the wire and which answers are right. `build` is called when its turn
comes, so that not all of them are in memory at once."""

import gzip
import struct
import zlib
from dataclasses import dataclass, field

from harness import otlp
from harness import protobuf as pb

KIB, MIB = 1 << 10, 1 << 20
NOW = 1_763_600_000_000_000_000
HTTP_LIMIT = 20 * MIB  # of a body, decompressed
PROTOBUF, JSON = "application/x-protobuf", "application/json"

# Answers: HTTP statuses are numbers, gRPC ones names of harness.grpc.
TOO_LARGE, BAD, UNSUPPORTED = (413,), (400,), (415,)
EXHAUSTED = ("RESOURCE_EXHAUSTED",)


@dataclass
class Bomb:
    name: str
    build: object  # () -> bytes
    answers: tuple
    encoding: str = ""
    content_type: str = PROTOBUF
    protocol: str = "http"  # or "grpc": a message
    headers: dict = field(default_factory=dict)


def gzip_zeros(mebibytes):
    """A member of 16 MiB, over and over: compressing them all would take seconds."""
    member = gzip.compress(bytes(16 * MIB), 9)
    return member * (mebibytes // 16)


def zlib_zeros(mebibytes):
    """One stream. A full flush ends a block on a byte, so that blocks can be repeated; the checksum
    that does not fit any more comes behind what must not be read."""
    packer = zlib.compressobj(9)
    block = packer.compress(bytes(16 * MIB)) + packer.flush(zlib.Z_FULL_FLUSH)
    return block[:2] + block[2:] * (mebibytes // 16) + b"\x03\x00" + bytes(4)


def raw_deflate(data):
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    return packer.compress(data) + packer.flush()


def tiny_gzip_members(count):
    """Members of nothing: twenty bytes each, and no byte of output that a limit could count."""
    return gzip.compress(b"", 1, mtime=0) * count


ZSTD_MAGIC = b"\x28\xb5\x2f\xfd"


def zstd_blocks(blocks):
    """(byte, count) is a run of one byte, bytes a raw block."""
    out = bytearray()
    for index, block in enumerate(blocks):
        last = index == len(blocks) - 1
        run = isinstance(block, tuple)
        size = block[1] if run else len(block)
        out += struct.pack("<I", last | run << 1 | size << 3)[:3] + (block[0] if run else block)
    return bytes(out)


def zstd_zeros(mebibytes):
    return zstd_blocks([(b"\0", 128 * KIB)] * (8 * mebibytes))


def zstd_sized(content, declared):
    return ZSTD_MAGIC + b"\xe0" + struct.pack("<Q", declared) + content


def zstd_windowed(content, window_log):
    """No size; a window that a decoder would have to keep."""
    return ZSTD_MAGIC + b"\x00" + bytes([(window_log - 10) << 3]) + content


def log_request(record, count=1):
    return otlp.request([record] * count, service="bomb")


def empty_attributes(count):
    return log_request(pb.fixed64(1, NOW) + b"\x32\x00" * count)


def empty_records(count):
    """Two bytes each on the wire, a row each in memory."""
    return pb.message(1, pb.message(2, b"\x12\x00" * count))


def nested_json(levels):
    deep = b'{"arrayValue":{"values":[' * levels + b"]}}" * levels
    return b'{"resourceLogs":[{"scopeLogs":[{"logRecords":[{"body":' + deep + b"}]}]}]}"


def json_keys(count):
    pairs = b",".join(b'{"key":"k%d","value":{"intValue":"1"}}' % i for i in range(count))
    return b'{"resourceLogs":[{"scopeLogs":[{"logRecords":[{"attributes":[' + pairs + b"]}]}]}]}"


def distinct_attributes(count):
    """As many keys as records: each would be a column."""
    return otlp.request(
        (otlp.log_record(NOW + i, "k", 9, {f"key-{i:07d}": i}) for i in range(count)), service="bomb"
    )


def snappy_lie(declared):
    """A block that says how long it is; forty bytes follow."""
    return pb.varint(declared) + b"\x9c" + b"x" * 40


GOOD_BODY = log_request(otlp.log_record(NOW, "in a bomb"))

BOMBS = [
    # Zeros without end.
    Bomb("gzip, 1 GiB of zeros", lambda: gzip_zeros(1024), TOO_LARGE, "gzip"),
    Bomb("deflate, 1 GiB of zeros", lambda: zlib_zeros(1024), TOO_LARGE, "deflate"),
    Bomb("zstd, 1 GiB of zeros, its size said", lambda: zstd_sized(zstd_zeros(1024), 1 << 30), TOO_LARGE, "zstd"),
    Bomb("zstd, 1 GiB of zeros, no size said", lambda: zstd_windowed(zstd_zeros(1024), 21), TOO_LARGE, "zstd"),
    Bomb("gRPC gzip, 1 GiB of zeros", lambda: gzip_zeros(1024), EXHAUSTED, "gzip", protocol="grpc"),
    Bomb("gRPC deflate, 1 GiB of zeros", lambda: zlib_zeros(1024), EXHAUSTED, "deflate", protocol="grpc"),
    Bomb("gRPC zstd, 1 GiB of zeros", lambda: zstd_windowed(zstd_zeros(1024), 21), EXHAUSTED, "zstd", protocol="grpc"),
    # One in the other. Only the outer one is what the header says; the inner is no telemetry.
    Bomb("gzip in gzip", lambda: gzip.compress(gzip_zeros(1024), 9), BAD, "gzip"),
    Bomb("gzip in zstd", lambda: zstd_sized(zstd_blocks([gzip_zeros(64)]), len(gzip_zeros(64))), BAD, "zstd"),
    Bomb("a list of codings", lambda: gzip.compress(gzip_zeros(1024), 9), UNSUPPORTED, "gzip, gzip"),
    # Lies about sizes.
    Bomb("gzip that says 4 GiB", lambda: gzip.compress(GOOD_BODY)[:-4] + b"\xff" * 4, BAD, "gzip"),
    Bomb("zstd that says 1 TiB", lambda: zstd_sized(zstd_blocks([GOOD_BODY]), 1 << 40), (400, 413), "zstd"),
    Bomb("zstd that says less than it holds", lambda: zstd_sized(zstd_zeros(1024), 1000), BAD, "zstd"),
    Bomb("zstd with a window of 2 GiB", lambda: zstd_windowed(zstd_blocks([GOOD_BODY]), 31), BAD, "zstd"),
    Bomb("zstd, a frame of 4 GiB to skip", lambda: b"\x50\x2a\x4d\x18" + b"\xff" * 4 + bytes(64), BAD, "zstd"),
    Bomb("snappy that says 2.5 GiB", lambda: snappy_lie(5 << 29), UNSUPPORTED, "snappy"),
    Bomb("a field of 1 GB in protobuf", lambda: b"\x0a" + pb.varint(10**9) + GOOD_BODY, BAD),
    # Not what the header says.
    Bomb("deflate called gzip", lambda: zlib.compress(GOOD_BODY), BAD, "gzip"),
    Bomb("deflate without its header", lambda: raw_deflate(bytes(64 * MIB)), BAD, "deflate"),
    Bomb("gzip and bytes behind it", lambda: gzip.compress(GOOD_BODY) + b"tail" * 1000, BAD, "gzip"),
    Bomb("zstd and bytes behind it", lambda: zstd_sized(zstd_blocks([GOOD_BODY]), len(GOOD_BODY)) + b"tail" * 1000, BAD, "zstd"),
    # Many of nothing: bytes of output say little about the work.
    Bomb("10^6 gzip members of nothing", lambda: tiny_gzip_members(10**6), (200, 400), "gzip"),
    Bomb("10^6 zstd frames of nothing", lambda: zstd_sized(zstd_blocks([b""]), 0) * 10**6, (200, 400), "zstd"),
    Bomb("10^7 empty attributes", lambda: empty_attributes(10**7), (200, 413)),
    Bomb("10^7 empty attributes in gzip", lambda: gzip.compress(empty_attributes(10**7), 9), (200, 413), "gzip"),
    Bomb("10^7 empty records in gzip", lambda: gzip.compress(empty_records(10**7), 9), (200, 400, 413, 503), "gzip"),
    Bomb("10^5 records with a key each", lambda: gzip.compress(distinct_attributes(10**5), 1), (200, 413), "gzip"),
    Bomb("JSON with 10^5 attributes", lambda: json_keys(10**5), (200, 413), content_type=JSON),
    # Deep.
    Bomb("AnyValue 10^5 levels deep", lambda: log_request(pb.fixed64(1, NOW) + pb.message(5, otlp.nested_value(10**5))), (200,)),
    Bomb("JSON 10^5 levels deep", lambda: nested_json(10**5), (200, 400), content_type=JSON),
    Bomb("JSON lists 10^6 levels deep", lambda: b"[" * 10**6, BAD, content_type=JSON),
    # Headers.
    Bomb("an HTTP/1 header of 1 MiB", lambda: GOOD_BODY, (431,), headers={"X-Long": "x" * MIB}),
]
