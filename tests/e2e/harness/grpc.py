"""Unary gRPC calls over cleartext HTTP/2, one at a time on one connection."""

import base64
import gzip
import socket
import struct
from dataclasses import dataclass, field

from . import hpack
from . import protobuf as pb
from .http2 import (
    ACK,
    DATA,
    END_HEADERS,
    END_STREAM,
    GOAWAY,
    HEADERS,
    PING,
    RST_STREAM,
    SETTINGS,
    START,
    WINDOW_UPDATE,
    frame,
    unpadded,
)

OK, CANCELLED, INVALID_ARGUMENT, DEADLINE_EXCEEDED, ALREADY_EXISTS = 0, 1, 3, 4, 6
PERMISSION_DENIED, RESOURCE_EXHAUSTED, UNIMPLEMENTED, INTERNAL, UNAVAILABLE = 7, 8, 12, 13, 14


@dataclass
class GrpcResponse:
    status: int
    message: str
    metadata: dict = field(default_factory=dict)  # headers and trailers, lower-case names
    body: bytes = b""

    @property
    def receipt(self):
        return int(self.metadata.get("strata-receipt", 0))

    @property
    def details(self):
        """google.rpc.Status of grpc-status-details-bin; None when there is none."""
        raw = self.metadata.get("grpc-status-details-bin")
        if raw is None:
            return None
        return pb.status(base64.b64decode(raw + "=" * (-len(raw) % 4)))


class GrpcClient:
    def __init__(self, address, timeout=30):
        self._address, self._timeout = address, timeout
        self._socket = None

    def call(self, method, body, metadata=None, compress=None, deadline="20S"):
        """Raises ConnectionError when the peer goes away before it answered."""
        extra = dict(metadata or {})
        if compress == "gzip":
            body = gzip.compress(body, 1)
        if compress:
            extra.setdefault("grpc-encoding", compress)
        return self.call_raw(method, body, bool(compress), extra, deadline)

    def call_raw(self, method, body, compressed, metadata, deadline="20S"):
        """With a body that is compressed already, or says so."""
        if self._socket is None:
            self._connect()
        try:
            message = struct.pack(">BI", compressed, len(body)) + body
            return self._exchange(method, message, metadata, deadline)
        except OSError:
            self.close()
            raise

    def close(self):
        if self._socket is not None:
            self._socket.close()
        self._socket = None

    def _connect(self):
        host, port = self._address.rsplit(":", 1)
        self._socket = socket.create_connection((host, int(port)), timeout=self._timeout)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._decoder = hpack.Decoder()
        self._received = bytearray()
        self._stream = -1
        self._connection_window = self._initial_window = 65535
        self._socket.sendall(START + frame(WINDOW_UPDATE, payload=struct.pack(">I", 1 << 30)))

    def _exchange(self, method, message, metadata, deadline):
        self._stream += 2
        headers = [
            (":method", "POST"),
            (":scheme", "http"),
            (":path", method),
            (":authority", self._address),
            ("content-type", "application/grpc"),
            ("te", "trailers"),
            ("grpc-timeout", deadline),
            *metadata.items(),
        ]
        self._socket.sendall(
            frame(HEADERS, END_HEADERS, self._stream, hpack.encode(headers))
        )
        self._window, self._ended = self._initial_window, False
        self._headers, self._body = {}, bytearray()
        sent = 0
        while sent < len(message) and not self._ended:
            room = min(self._window, self._connection_window, 16384, len(message) - sent)
            if room <= 0:
                self._read_frame()
                continue
            last = END_STREAM if sent + room == len(message) else 0
            self._socket.sendall(
                frame(DATA, last, self._stream, message[sent : sent + room])
            )
            self._window -= room
            self._connection_window -= room
            sent += room
        while not self._ended:
            self._read_frame()
        return GrpcResponse(
            int(self._headers.get("grpc-status", 2)),
            self._headers.get("grpc-message", ""),
            self._headers,
            bytes(self._body[5:]),
        )

    def _read(self, size):
        while len(self._received) < size:
            chunk = self._socket.recv(1 << 18)
            if not chunk:
                raise ConnectionError("the server closed the connection")
            self._received += chunk
        data = bytes(self._received[:size])
        del self._received[:size]
        return data

    def _read_frame(self):
        head = self._read(9)
        size = int.from_bytes(head[:3], "big")
        kind, flags, stream = head[3], head[4], int.from_bytes(head[5:], "big") & 0x7FFFFFFF
        payload = self._read(size)
        if kind == SETTINGS and not flags & ACK:
            self._on_settings(payload)
        elif kind == PING and not flags & ACK:
            self._socket.sendall(frame(PING, ACK, 0, payload))
        elif kind == WINDOW_UPDATE:
            grown = int.from_bytes(payload, "big")
            if stream == 0:
                self._connection_window += grown
            elif stream == self._stream:
                self._window += grown
        elif kind == GOAWAY and int.from_bytes(payload[:4], "big") < self._stream:
            raise ConnectionError(f"GOAWAY {payload[8:].decode('latin-1')}")
        elif stream == self._stream:
            self._on_stream_frame(kind, flags, payload)
        elif kind == HEADERS:
            self._decoder.decode(unpadded(flags, payload))

    def _on_settings(self, payload):
        for at in range(0, len(payload), 6):
            key, value = struct.unpack_from(">HI", payload, at)
            if key == 4:
                if self._stream > 0:
                    self._window = getattr(self, "_window", value) + value - self._initial_window
                self._initial_window = value
        self._socket.sendall(frame(SETTINGS, ACK, 0))

    def _on_stream_frame(self, kind, flags, payload):
        if kind == HEADERS:
            if not flags & END_HEADERS:
                raise ConnectionError("CONTINUATION frames are not expected of this server")
            self._headers.update(self._decoder.decode(unpadded(flags, payload)))
        elif kind == DATA:
            self._body += payload
            if payload:
                grown = struct.pack(">I", len(payload))
                self._socket.sendall(
                    frame(WINDOW_UPDATE, 0, 0, grown)
                    + frame(WINDOW_UPDATE, 0, self._stream, grown)
                )
        elif kind == RST_STREAM:
            code = int.from_bytes(payload, "big")
            if "grpc-status" not in self._headers:
                raise ConnectionError(f"RST_STREAM {code}")
            self._ended = True
        if flags & END_STREAM and kind in (HEADERS, DATA):
            self._ended = True
