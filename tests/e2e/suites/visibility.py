"""Ack means visible, with neither gap nor double while rows move between tiers."""

import threading

from harness.load import Load, logs_body
from harness.server import Server, wait_until
from harness.testing import check, equal, test

# Everything seals, merges and leaves memory all the time.
RESTLESS = {
    "LOG_SEGMENT_BYTES": "1MiB",
    "SEAL_ROWS": 500,
    "SEAL_AGE": "100ms",
    "SEAL_SMALL_PART_INTERVAL": "200ms",
    "HOT_RETENTION": "0s",
}


@test
def query_sees_the_ack():
    with Server() as server:
        for i in range(200):
            server.client("otlp_http").post("/v1/logs", logs_body(f"see-{i}", 3))
            equal(server.value("SELECT count(*) FROM logs"), 3 * (i + 1), f"rows after ack {i}")


def query_without_pause(rounds):
    """A sender knows its acked total before a query starts and the sent total when it has ended:
    each count lies between the two."""
    with Server(settings=RESTLESS) as server:
        sent = acked = 0
        stop = threading.Event()
        failures = []

        def sender():
            nonlocal sent, acked
            client = server.client("otlp_http")
            index = 0
            while not stop.is_set():
                sent += 20
                answer = client.post("/v1/logs", logs_body(f"v-{index}", 20))
                if answer.status != 200:
                    failures.append(answer)
                    return
                acked += 20
                index += 1

        thread = threading.Thread(target=sender)
        thread.start()
        try:
            for _ in range(rounds):
                at_least = acked
                rows, requests = map(
                    int, server.sql("SELECT count(*), count(DISTINCT position) FROM logs")[0]
                )
                at_most = sent
                check(at_least <= rows <= at_most, f"{rows} rows, {at_least} acked, {at_most} sent")
                equal(rows, 20 * requests, "rows of whole requests")
                by_key = int(
                    server.value("SELECT count(DISTINCT (attributes['rid'], ordinal)) FROM logs")
                )
                check(at_least <= by_key <= sent, f"{by_key} by key, {at_least} acked, {sent} sent")
        finally:
            stop.set()
            thread.join()
        check(not failures, f"{failures[:1]}")
        equal(server.value("SELECT count(*) FROM logs"), acked, "rows at the end")
        wait_until(lambda: list(server.data_dir.rglob("*.parquet")), 20, "a part")


@test
def count_never_wavers():
    query_without_pause(150)


@test(nightly=True)
def count_never_wavers_for_long():
    query_without_pause(5000)


@test
def all_kinds_under_load():
    """Six senders over three protocols; counts by request stay whole while parts come and go."""
    ledger = {}
    with Server(settings=RESTLESS) as server, Load(server, ledger) as load:
        for _ in range(30):
            before = {n: e for n, e in list(ledger.items()) if e.receipt}
            for kind in ("logs", "spans", "metrics"):
                stored = {
                    name: int(count)
                    for name, count in server.sql(
                        f"SELECT attributes['rid'], count(*) FROM {kind} GROUP BY ALL"
                    )
                }
                wrong = [
                    (name, stored.get(name), entry.records)
                    for name, entry in before.items()
                    if entry.kind == kind and stored.get(name) != entry.records
                ]
                check(not wrong, f"{kind}: {len(wrong)} wrong, such as {wrong[:3]}")
        check(not load.problems, f"{load.problems[:3]}")
