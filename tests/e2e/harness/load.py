"""Senders that remember: every request carries its own name, and the ledger knows what became of it."""

import random
import threading
import time
from dataclasses import dataclass

from . import grpc, otlp
from .grpc import GrpcClient
from .http import HttpClient

BASE_NS = 1_763_600_000_000_000_000


@dataclass
class Entry:
    kind: str
    protocol: str
    records: int
    body: object
    receipt: int = 0  # 0: not acked


def logs_body(name, count):
    start = BASE_NS + random.getrandbits(40)
    return otlp.request(
        otlp.log_record(
            start + i, f"{name} record {i}", 9, {"rid": name, "i": i}, trace_id=random.randbytes(16)
        )
        for i in range(count)
    )


def spans_body(name, count):
    start = BASE_NS + random.getrandbits(40)
    return otlp.request(
        otlp.span(
            start + i, start + i + 5, name, random.randbytes(16), random.randbytes(8), {"rid": name}
        )
        for i in range(count)
    )


def metrics_body(name, count):
    start = BASE_NS + random.getrandbits(40)
    return otlp.request(
        otlp.gauge("e2e.load", start + i, random.random(), {"rid": name}) for i in range(count)
    )


def json_body(name, count):
    start = BASE_NS + random.getrandbits(40)
    return otlp.json_logs(
        [
            {
                "timeUnixNano": str(start + i),
                "severityNumber": 9,
                "body": {"stringValue": f"{name} record {i}"},
                "attributes": otlp.json_attributes({"rid": name, "i": i}),
            }
            for i in range(count)
        ]
    )


# Each a kind, a protocol and what builds the body.
SENDERS = [
    ("logs", "http", logs_body),
    ("spans", "http", spans_body),
    ("metrics", "http", metrics_body),
    ("logs", "grpc", logs_body),
    ("spans", "grpc", spans_body),
    ("logs", "json", json_body),
]


def send(clients, entry, metadata=None):
    """(acked, receipt, answer). `clients`: {"http": …, "grpc": …}."""
    if entry.protocol == "grpc":
        answer = clients["grpc"].call(otlp.METHODS[entry.kind], entry.body, metadata)
        return answer.status == grpc.OK, answer.receipt, answer
    content_type = "application/json" if entry.protocol == "json" else "application/x-protobuf"
    answer = clients["http"].post(otlp.PATHS[entry.kind], entry.body, content_type, metadata)
    return answer.status == 200, answer.receipt, answer


class Load:
    """One thread a sender; `with Load(server) as load: …` sends until the block ends."""

    def __init__(self, server, ledger, records_max=40, senders=SENDERS):
        self._server, self._ledger, self._senders = server, ledger, senders
        self._records_max = records_max
        self._stop = threading.Event()
        self._threads = []
        self.problems = []

    def __enter__(self):
        for index, sender in enumerate(self._senders):
            thread = threading.Thread(target=self._run, args=(index, *sender), daemon=True)
            self._threads.append(thread)
            thread.start()
        return self

    def __exit__(self, *_):
        self._stop.set()
        for thread in self._threads:
            thread.join(60)

    def acked(self):
        return sum(1 for entry in list(self._ledger.values()) if entry.receipt)

    def _run(self, index, kind, protocol, body_of):
        addresses = self._server.addresses
        clients = {
            "http": HttpClient(addresses["otlp_http"]),
            "grpc": GrpcClient(addresses["otlp_grpc"]),
        }
        while not self._stop.is_set():
            name = f"{index}-{time.monotonic_ns()}"
            count = random.randint(1, self._records_max)
            entry = Entry(kind, protocol, count, body_of(name, count))
            self._ledger[name] = entry
            try:
                acked, receipt, answer = send(clients, entry)
            except OSError:
                return  # the server is gone; the entry stays without an ack
            except Exception as failure:  # a broken answer while the server dies
                if not self._stop.is_set():
                    self.problems.append(f"{kind} {protocol}: {failure!r}")
                return
            if acked and receipt == 0:
                self.problems.append(f"{kind} {protocol}: a success without strata-receipt")
            if acked:
                entry.receipt = receipt
            elif answer.status not in (503, 429, grpc.UNAVAILABLE, grpc.CANCELLED):
                self.problems.append(f"{kind} {protocol}: answered {answer.status}: {answer}")


def verify(server, ledger, exactly=()):
    """What the ledger and SQL disagree about. Acked: there once, whole, at its receipt. Not acked: at
    most once, and whole. `exactly`: names that must be there once though they were not acked."""
    problems = []
    stored = {}
    for kind in ("logs", "spans", "metrics"):
        for name, position, count, ordinals in server.sql(
            f"SELECT attributes['rid'], position, count(*), count(DISTINCT ordinal) FROM {kind}"
            " WHERE attributes['rid'] IS NOT NULL GROUP BY ALL"
        ):
            stored.setdefault(name, []).append((kind, int(position), int(count), int(ordinals)))
    for name, entry in ledger.items():
        found = stored.pop(name, [])
        if not found and not entry.receipt and name not in exactly:
            continue
        position = entry.receipt or (found[0][1] if found else 0)
        want = [(entry.kind, position, entry.records, entry.records)]
        if found != want:
            problems.append(f"{name} ({entry.protocol}): stored {found}, want {want}")
    if stored:
        problems.append(f"{len(stored)} requests that nobody sent, such as {next(iter(stored))}")
    return problems
