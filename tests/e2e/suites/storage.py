"""What stays bounded: memory, the log, the number of files."""

import json

from harness import otlp
from harness.http import HttpClient
from harness.load import logs_body
from harness.server import Server, run_strata, wait_until
from harness.testing import check, equal, test

MIB = 1024  # KiB


def parts(server):
    return list(server.data_dir.rglob("*.parquet"))


def unsealed(server):
    """Rows that are in memory only, and in the log."""
    page = server.client().get("/metrics").body.decode().splitlines()
    return sum(float(line.split()[-1]) for line in page if line.startswith("strata_hot_unsealed_rows"))


def bench(server, *arguments):
    """Sends with `strata bench ingest`; returns its figures. Refused requests are not sent again."""
    done = run_strata(
        "bench",
        "ingest",
        "--url",
        f"http://{server.addresses['otlp_http']}",
        "--no-control",
        "--output",
        "json",
        *arguments,
        timeout=300,
    )
    check(done.returncode == 0, f"strata bench: {done.stderr}\n{server.log_tail(5)}")
    return json.loads(done.stdout)


@test
def a_thousand_small_collections():
    settings = {"SEAL_AGE": "1s"}
    with Server(settings=settings) as server:
        before = server.status_kib("VmRSS")
        client = HttpClient(server.addresses["otlp_http"])
        for i in range(1000):
            headers = {"X-Scope-OrgID": f"tenant-{i}"}
            equal(client.post("/v1/logs", logs_body(f"t-{i}", 3), headers=headers).status, 200, "ack")
        grown = (server.status_kib("VmHWM") - before) / MIB
        check(grown < 300, f"{grown:.0f} MiB more for a thousand collections")
        equal(server.value("SELECT count(*) FROM logs", "tenant-7"), 3, "rows")
        server.kill()
        server.restart()
        for i in (0, 500, 999):
            equal(server.value("SELECT count(*) FROM logs", f"tenant-{i}"), 3, f"rows of {i}")
        equal(server.terminate()[0], 0, "exit code")
        check(len(parts(server)) <= 1000, f"{len(parts(server))} parts")


@test
def steady_load_is_merged():
    """Each request would be a part of its own; merging keeps them few."""
    settings = {"SEAL_ROWS": 10, "HOT_RETENTION": "0s"}
    with Server(settings=settings) as server:
        client = HttpClient(server.addresses["otlp_http"])
        for i in range(50):
            equal(client.post("/v1/logs", logs_body(f"steady-{i}", 10)).status, 200, "ack")
            wait_until(lambda: unsealed(server) == 0, 10, "sealing")
        wait_until(lambda: len(parts(server)) <= 20, 60, "merging to few parts")
        equal(server.value("SELECT count(*) FROM logs"), 500, "rows")
        server.kill()
        server.restart()
        equal(server.value("SELECT count(*) FROM logs"), 500, "rows after kill -9")


@test
def hot_memory_is_a_limit():
    """Eight times the memory passes through; what was acked is there."""
    settings = {"HOT_MEMORY": "64MiB", "SEAL_BYTES": "16MiB"}
    with Server(settings=settings) as server:
        sent = bench(server, "--requests", "1200", "--prepared", "32MiB")
        peak = server.status_kib("VmHWM") / MIB
        check(sent["records"] > 0, str(sent))
        equal(int(server.value("SELECT count(*) FROM logs")), int(sent["records"]), "rows")
        check(peak < 900, f"{peak:.0f} MiB at the peak")


@test
def the_log_is_bounded():
    settings = {"LOG_SEGMENT_BYTES": "4MiB", "LOG_MAX_BYTES": "64MiB", "SEAL_BYTES": "16MiB"}
    with Server(settings=settings) as server:
        sent = bench(server, "--requests", "600", "--prepared", "32MiB")
        log_bytes = sum(f.stat().st_size for f in (server.data_dir / "wal").rglob("*") if f.is_file())
        check(log_bytes <= 80 << 20, f"the log has {log_bytes >> 20} MiB")
        equal(int(server.value("SELECT count(*) FROM logs")), int(sent["records"]), "rows")
        # A full log refuses as retryable until segments are released.
        wait_until(lambda: server.client("otlp_http").post("/v1/logs", logs_body("after", 1)).status == 200, 10, "an ack")


@test
def all_of_a_request_survives_sealing():
    """Parts give back what memory gave, column by column."""
    statement = "SELECT * EXCLUDE (position) FROM {} ORDER BY ordinal"
    bodies = {
        "logs": [
            otlp.log_record(1_763_600_000_000_000_000 + i, value, i % 25, {"k": value, "i": i, f"own-{i}": 0.5}, b"t" * 16)
            for i, value in enumerate(("text", 1, 0.25, True, b"\0\xff", ["a", [1]], {"m": {"n": None}}, ""))
        ],
        "spans": [otlp.span(10**18 + i, 10**18 + 9, f"s{i}", b"t" * 16, bytes([i] * 8), {"i": i}) for i in range(1, 9)],
        "metrics": [otlp.gauge("g", 10**18 + i, i if i % 2 else i / 8, {"i": i}) for i in range(8)],
    }
    settings = {"SEAL_ROWS": 1, "SEAL_AGE": "100ms", "SEAL_SMALL_PART_INTERVAL": "100ms", "HOT_RETENTION": "0s"}
    with Server() as hot, Server(settings=settings) as sealed:
        for kind, records in bodies.items():
            for server in (hot, sealed):
                answer = server.client("otlp_http").post(otlp.PATHS[kind], otlp.request(records, resource={"r": 1}))
                equal((answer.status, answer.body), (200, b""), kind)
        wait_until(lambda: len(parts(sealed)) >= 3, 30, "three parts")
        sealed.kill()
        sealed.restart()
        for kind in bodies:
            want, got = (s.records(statement.format(kind)) for s in (hot, sealed))
            equal(len(got), 8, f"{kind}: rows")
            for one, other in zip(want, got):
                for column, value in one.items():
                    equal(other[column], value, f"{kind}.{column}")
