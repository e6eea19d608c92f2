"""HTTP/2 frame by frame: what a well-behaved client hides, and what a hostile one sends."""

import socket
import struct
import time

from . import hpack

DATA, HEADERS, PRIORITY, RST_STREAM, SETTINGS = 0, 1, 2, 3, 4
PUSH_PROMISE, PING, GOAWAY, WINDOW_UPDATE, CONTINUATION = 5, 6, 7, 8, 9
# Flags; END_STREAM and ACK share a bit.
END_STREAM, ACK, END_HEADERS, PADDED, PRIORITIZED = 1, 1, 4, 8, 32

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
# No dynamic table, and windows that no answer of a test fills.
CLIENT_SETTINGS = struct.pack(">HIHI", 1, 0, 4, 1 << 24)


def frame(kind, flags=0, stream=0, payload=b"", length=None):
    """`length`: what the header says when it shall lie."""
    length = len(payload) if length is None else length
    return struct.pack(">I", length)[1:] + struct.pack(">BBI", kind, flags, stream) + payload


START = PREFACE + frame(SETTINGS, payload=CLIENT_SETTINGS)


class RawConnection:
    """The caller writes the bytes, this keeps what the peer makes of them. Nothing is answered for the
    caller but SETTINGS."""

    def __init__(self, address, start=START, timeout=10):
        host, port = address.rsplit(":", 1)
        self.socket = socket.create_connection((host, int(port)), timeout=timeout)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._received, self._decoder = bytearray(), hpack.Decoder()
        self.closed = False
        self.goaway = None  # (last stream, code, text)
        self.resets = {}  # stream: code
        self.headers = {}  # stream: fields of headers and trailers
        self.bodies = {}  # stream: bytes
        self.ended = set()
        self.pongs = []
        self.send(start)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def send(self, data):
        """A peer that has had enough may have closed: that is an answer too."""
        try:
            self.socket.sendall(data)
        except (ConnectionError, TimeoutError):
            self.closed = True

    def over(self, stream):
        """The peer has said its last word about a stream."""
        return self.closed or self.goaway or stream in self.resets or stream in self.ended

    def read_until(self, condition, seconds=10):
        """Reads until the condition holds, the peer closes or the time is over; the last value of
        the condition."""
        deadline = time.monotonic() + seconds
        while not (value := condition()) and not self.closed:
            left = deadline - time.monotonic()
            if left <= 0:
                break
            self._read(left)
            value = condition()
        return value

    def poll(self):
        """Reads what is there already."""
        self._read(0)

    def _read(self, seconds):
        before = self.socket.gettimeout()
        try:
            self.socket.settimeout(seconds)
            chunk = self.socket.recv(1 << 16)
        except (TimeoutError, BlockingIOError):
            return
        except ConnectionError:
            chunk = b""
        finally:
            self.socket.settimeout(before)
        self.closed = self.closed or not chunk
        self._received += chunk
        while len(self._received) >= 9:
            size = int.from_bytes(self._received[:3], "big")
            if len(self._received) < 9 + size:
                return
            kind, flags, stream = struct.unpack_from(">BBI", self._received, 3)
            payload = bytes(self._received[9 : 9 + size])
            del self._received[: 9 + size]
            self._on_frame(kind, flags, stream & 0x7FFFFFFF, payload)

    def _on_frame(self, kind, flags, stream, payload):
        if kind == SETTINGS and not flags & ACK:
            self.send(frame(SETTINGS, ACK))
        elif kind == PING and flags & ACK:
            self.pongs.append(payload)
        elif kind == GOAWAY:
            last, code = struct.unpack_from(">II", payload)
            self.goaway = (last, code, payload[8:].decode("latin-1"))
        elif kind == RST_STREAM:
            self.resets[stream] = int.from_bytes(payload, "big")
        elif kind == HEADERS:
            fields = self.headers.setdefault(stream, {})
            fields.update(self._decoder.decode(unpadded(flags, payload)))
        elif kind == DATA:
            self.bodies[stream] = self.bodies.get(stream, b"") + payload
        if kind in (HEADERS, DATA) and flags & END_STREAM:
            self.ended.add(stream)

    def verdict(self, stream):
        """What became of a stream, in words: "grpc 0", "http 415", "reset 1", "goaway 1", "closed" or
        "silence"."""
        fields = self.headers.get(stream, {})
        if "grpc-status" in fields:
            return f"grpc {fields['grpc-status']}"
        if fields.get(":status", "200") != "200":
            return f"http {fields[':status']}"
        if self.goaway and self.goaway[1]:
            return f"goaway {self.goaway[1]}"
        if stream in self.resets:
            return f"reset {self.resets[stream]}"
        return "closed" if self.closed else "silence"


def unpadded(flags, payload):
    """The fragment of a HEADERS frame."""
    padding = 0
    if flags & PADDED:
        padding, payload = payload[0], payload[1:]
    if flags & PRIORITIZED:
        payload = payload[5:]
    return payload[: len(payload) - padding]
