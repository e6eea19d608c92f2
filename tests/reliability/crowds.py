"""Many clients at once, most of whom mean no good: idle ones, slow ones, and those who open streams only
to reset them. Beside them well-behaved ones must not notice."""

import contextlib
import resource
import socket
import threading
import time

import broken_http2 as h2
from broken_http1 import HOST, LINE, TYPE, telemetry
from harness import grpc, otlp
from harness.grpc import GrpcClient
from harness.http import HttpClient
from harness.http2 import HEADERS, END_HEADERS, RST_STREAM, START, RawConnection, frame
from harness.memory import reset_peak
from harness.server import wait_until
from harness.testing import Skip, check, equal

CANCEL = b"\0\0\0\x08"


def need_descriptors(count):
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY and hard < count:
        with contextlib.suppress(ValueError, OSError):  # root may
            resource.setrlimit(resource.RLIMIT_NOFILE, (count, count))
            return
        raise Skip(f"{count} open files are needed, {hard} are allowed")
    if soft < count:
        resource.setrlimit(resource.RLIMIT_NOFILE, (count, hard))


def connect(address):
    host, port = address.rsplit(":", 1)
    return socket.create_connection((host, int(port)), timeout=30)


class Good:
    """Clients that send one request after the other on connections they keep, from a few threads.
    `with Good(…) as good: …`; afterwards all of their requests were acknowledged."""

    def __init__(self, target, connections, threads=4, service="good"):
        self.target, self.service = target, service
        self.failures, self.seconds = [], []
        self.acked = 0
        self._stop = threading.Event()
        self._lock = threading.Lock()
        share = [connections // threads] * threads
        self._threads = [threading.Thread(target=self._run, args=(i, n)) for i, n in enumerate(share)]

    def __enter__(self):
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self._stop.set()
        for thread in self._threads:
            thread.join()

    def _run(self, thread, connections):
        addresses = self.target.addresses
        clients = [
            HttpClient(addresses["otlp_http"], 30) if i % 2 else GrpcClient(addresses["otlp_grpc"], 30)
            for i in range(connections)
        ]
        number = 0
        while not self._stop.is_set():
            for client in clients:
                number += 1
                self._send(client, telemetry(self.service, f"{thread}-{number}"))
        for client in clients:
            client.close()

    def _send(self, client, body):
        began = time.monotonic()
        try:
            if isinstance(client, GrpcClient):
                acked = client.call(otlp.METHODS["logs"], body).status == grpc.OK
            else:
                acked = client.post("/v1/logs", body).status == 200
        except OSError as failure:
            acked = False
            client.close()
            self.failures.append(repr(failure))
        with self._lock:
            self.seconds.append(time.monotonic() - began)
            self.acked += acked
            if not acked and not self.failures:
                self.failures.append("refused")

    def check(self, what):
        check(not self.failures, f"{what}: {len(self.failures)} good requests failed, such as {self.failures[:3]}")
        check(self.acked, f"{what}: no good request was sent")
        stored = self.target.value(f"SELECT count(*) FROM logs WHERE service_name = '{self.service}'")
        equal(int(stored), self.acked, f"{what}: rows of good requests")

    def p99_ms(self):
        return round(1000 * sorted(self.seconds)[int(len(self.seconds) * 0.99)], 1)

    def wait_for(self, more):
        want = self.acked + more
        wait_until(lambda: self.acked >= want or self.failures, 60, f"{more} good requests")


def idle_connections(this, target, count, active):
    """Half of them speak HTTP and have been answered once, half gRPC and have greeted."""
    need_descriptors(count + active + 1000)
    with Good(target, active, service="alone") as alone:
        alone.wait_for(active * 3)
    alone.check("no idle connection")
    idle = []
    try:
        for listener, hello in (
            ("otlp_http", b"GET /v1/logs HTTP/1.1\r\n" + HOST + b"\r\n"),
            ("otlp_grpc", START),
        ):
            before = reset_peak(target)
            for _ in range(count // 2):
                connection = connect(target.addresses[listener])
                connection.sendall(hello)
                idle.append(connection)
            for connection in idle[-(count // 2) :]:
                check(connection.recv(4096), f"{listener}: an idle connection was closed")
            cost = (target.status_kib("VmRSS") - before) * 1024 // (count // 2)
            this.counts[f"idle_{listener.removeprefix('otlp_')}_bytes"] = max(cost, 0)
        with Good(target, active, service="beside idle") as beside:
            beside.wait_for(active * 5)
        beside.check(f"beside {count} idle connections")
        this.count("idle_connections", len(idle))
        this.count("active_connections", active)
        this.counts["active_p99_ms"] = beside.p99_ms()
        this.counts["active_alone_p99_ms"] = alone.p99_ms()
    finally:
        for connection in idle:
            connection.close()


def slow_bodies(this, target, count):
    """Each announces a large body and brings hardly anything; all are cut, others are not kept waiting."""
    need_descriptors(count + 1000)
    before = reset_peak(target)
    head = LINE + HOST + TYPE + b"Content-Length: 1000000\r\n\r\n\n"
    call = h2.headers() + h2.data(h2.message(b"\n", length=1_000_000), 0)
    bodies, calls = [], []
    try:
        for i in range(count):
            if i % 5 == 0:
                calls.append(RawConnection(target.addresses["otlp_grpc"], START + call))
            else:
                bodies.append(connect(target.addresses["otlp_http"]))
                bodies[-1].sendall(head)
        with Good(target, 20, service="beside slow") as good:
            good.wait_for(400)
            for connection in bodies:
                with contextlib.suppress(ConnectionError):
                    connection.sendall(b"\n")
            for connection in bodies:
                answer = read_to_the_end(connection)
                check(answer.startswith(b"HTTP/1.1 408"), f"a slow body: {answer[:100]}")
            for raw in calls:
                raw.read_until(lambda raw=raw: raw.over(1), 60)
                equal(raw.verdict(1), "grpc 4", "a slow message")
        good.check(f"beside {count} slow bodies")
        grown = (target.status_kib("VmHWM") - before) // 1024
        this.counts["slow_grown_mib"] = max(grown, 0)
        check(grown <= 64, f"{count} slow bodies: {grown} MiB more")
        this.count("slow_bodies", len(bodies) + len(calls))
    finally:
        for connection in bodies + [raw.socket for raw in calls]:
            connection.close()


def read_to_the_end(connection):
    connection.settimeout(60)
    received = b""
    while chunk := connection.recv(65536):
        received += chunk
    return received


def rapid_reset(this, target, streams):
    """Opens and resets streams as fast as it can, on a new connection when one is ended."""
    before = reset_peak(target)
    sent = connections = 0
    head = h2.block()
    with Good(target, 8, service="beside resets") as good:
        while sent < streams:
            connections += 1
            with RawConnection(target.addresses["otlp_grpc"]) as raw:
                stream = 1
                while not raw.closed and not raw.goaway and sent < streams:
                    batch = b""
                    for _ in range(500):
                        batch += frame(HEADERS, END_HEADERS, stream, head) + frame(RST_STREAM, 0, stream, CANCEL)
                        stream += 2
                    raw.send(batch)
                    sent += 500
                    raw.poll()
        good.wait_for(50)
    good.check("beside rapid resets")
    grown = (target.status_kib("VmHWM") - before) // 1024
    this.count("reset_streams", sent)
    this.count("reset_connections", connections)
    this.counts["reset_grown_mib"] = max(grown, 0)
    check(grown <= 64, f"{sent} streams that were reset: {grown} MiB more")
    check(connections >= sent // 20_000, f"{connections} connections for {sent} resets: no budget ends them")
