"""An HTTP client that keeps its connection and hides nothing."""

import gzip
import http.client
import json
import socket
from dataclasses import dataclass


@dataclass
class Response:
    status: int
    headers: dict  # lower-case names
    body: bytes

    def json(self):
        return json.loads(self.body)

    @property
    def receipt(self):
        return int(self.headers.get("strata-receipt", 0))


class HttpClient:
    def __init__(self, address, timeout=30):
        self._address, self._timeout = address, timeout
        self._connection = None

    def request(self, verb, path, body=None, headers=None):
        if self._connection is None:
            host, port = self._address.rsplit(":", 1)
            self._connection = http.client.HTTPConnection(host, int(port), timeout=self._timeout)
            self._connection.connect()
            self._connection.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        try:
            self._connection.request(verb, path, body, headers or {})
            answer = self._connection.getresponse()
            data = answer.read()
        except Exception:
            self.close()
            raise
        headers = {k.lower(): v for k, v in answer.getheaders()}
        if answer.will_close:
            self.close()
        return Response(answer.status, headers, data)

    def get(self, path, headers=None):
        return self.request("GET", path, None, headers)

    def post(self, path, body, content_type="application/x-protobuf", headers=None, compress=None):
        headers = {"Content-Type": content_type, **(headers or {})}
        if isinstance(body, (dict, list)):
            body = json.dumps(body)
        if isinstance(body, str):
            body = body.encode()
        if compress == "gzip":
            body, headers["Content-Encoding"] = gzip.compress(body, 1), "gzip"
        return self.request("POST", path, body, headers)

    def close(self):
        if self._connection is not None:
            self._connection.close()
        self._connection = None


def raw_exchange(address, data, timeout=10, shutdown=False):
    """Sends bytes as they are and returns all that comes back until the server closes or falls
    silent for `timeout`."""
    host, port = address.rsplit(":", 1)
    received = b""
    with socket.create_connection((host, int(port)), timeout=timeout) as connection:
        try:
            connection.sendall(data)
            if shutdown:
                connection.shutdown(socket.SHUT_WR)
            while chunk := connection.recv(65536):
                received += chunk
        except (TimeoutError, ConnectionError):
            pass
    return received
