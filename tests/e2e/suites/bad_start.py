"""Settings, ports, directories and disks that are wrong: what a start says, and how it ends."""

import socket
import tempfile
from pathlib import Path

from harness import grpc, otlp
from harness.disk import SmallDisk
from harness.load import Load, logs_body, verify
from harness.server import Server, run_strata, wait_until
from harness.testing import all_of, check, equal, test


def start_fails(code, words, *arguments, env=None, what=""):
    """`strata serve` ends by itself with an exit code and words on stderr."""
    ports = [f"--listen-{name}=127.0.0.1:0" for name in ("otlp-grpc", "otlp-http", "http")]
    ports = [p for p in ports if not any(str(a).startswith(p.split("=")[0]) for a in arguments)]
    done = run_strata("serve", *arguments, *ports, env=env, timeout=30)
    codes = code if isinstance(code, tuple) else (code,)
    check(done.returncode in codes, f"{what}: exit {done.returncode} instead of {codes}: {done.stderr[-500:]}")
    for word in words:
        check(word in done.stderr, f"{what}: {word!r} is not in {done.stderr[-500:]!r}")


@test
def wrong_settings():
    with tempfile.TemporaryDirectory() as folder, all_of() as attempt:
        data = Path(folder) / "data"
        file = Path(folder) / "strata.yaml"

        def with_file(text, words):
            file.write_text(text)
            start_fails(78, words, "--config", file, "--data-dir", data, what=text)
            checked = run_strata("config", "check", "--config", file)
            equal(checked.returncode, 78, f"config check {text!r}")

        attempt(lambda: with_file("hot:\n  memroy: 1GiB\n", ["memroy", "memory", "2"]))
        attempt(lambda: with_file("hot:\n  memory: lots\n", ["hot.memory", "lots"]))
        attempt(lambda: with_file("hot:\n  memory: 5 parsecs\n", ["hot.memory", "parsecs"]))
        attempt(lambda: with_file("seal:\n  age: 5\n", ["seal.age"]))
        attempt(lambda: with_file("hot: [\n", ["strata.yaml"]))
        attempt(lambda: with_file("log:\n  sync: sometimes\n", ["log.sync", "group"]))
        env = {"STRATA_QUERY_TIMEOUT": "soon"}
        attempt(lambda: start_fails(78, ["STRATA_QUERY_TIMEOUT"], "--data-dir", data, env=env, what="environment"))
        attempt(lambda: start_fails(2, ["--hot-memory"], "--data-dir", data, "--hot-memory", "lots", what="flag"))
        attempt(lambda: start_fails(2, ["--no-such-flag"], "--no-such-flag", what="unknown flag"))
        open_to_all = ("--data-dir", data, "--listen-http", "0.0.0.0:0")
        attempt(lambda: start_fails((2, 78), ["insecure"], *open_to_all, what="beyond loopback"))
        missing = Path(folder) / "missing.yaml"
        attempt(lambda: start_fails((4, 78), ["missing.yaml"], "--config", missing, what="no such file"))


@test
def port_in_use():
    with tempfile.TemporaryDirectory() as folder, socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with all_of() as attempt:
            for name in ("otlp-grpc", "otlp-http", "http"):
                arguments = ("--data-dir", Path(folder) / name, f"--listen-{name}", f"127.0.0.1:{port}")
                attempt(lambda: start_fails(6, [str(port)], *arguments, what=name))


@test
def directory_in_use():
    with Server() as first:
        start_fails(6, [str(first.data_dir)], "--data-dir", first.data_dir, what="locked")
        equal(first.client().get("/readyz").status, 200, "the first goes on")
        first.client("otlp_http").post("/v1/logs", logs_body("locked", 2))
        equal(first.value("SELECT count(*) FROM logs"), 2, "rows")


@test
def directory_that_cannot_be():
    with tempfile.TemporaryDirectory() as folder, all_of() as attempt:
        file = Path(folder) / "file"
        file.write_text("x")
        attempt(lambda: start_fails((1, 4, 5, 78), [str(file)], "--data-dir", file, what="a file"))
        below = file / "below"
        attempt(lambda: start_fails((1, 4, 5, 78), [str(file)], "--data-dir", below, what="below a file"))
        attempt(lambda: start_fails((1, 4, 5, 78), ["/proc/strata"], "--data-dir", "/proc/strata", what="/proc"))


SMALL = {"LOG_SEGMENT_BYTES": "1MiB", "SEAL_ROWS": 2000, "SEAL_AGE": "500ms", "HOT_RETENTION": "1s"}


@test
def disk_below_the_watermark():
    with SmallDisk(400) as disk:
        with Server(disk.path / "data", {**SMALL, "DISK_FREE_MIN": "100MiB"}) as server:
            http, rpc = server.client("otlp_http"), server.client("otlp_grpc")
            equal(http.post("/v1/logs", logs_body("before", 5)).status, 200, "before")
            disk.fill(50)

            def refuses():
                return http.post("/v1/logs", logs_body("full", 1)).status == 503

            wait_until(refuses, 15, "a refusal")
            answer = http.post("/v1/logs", logs_body("full", 1))
            check("retry-after" in answer.headers, f"{answer.headers}")
            answer = rpc.call(otlp.METHODS["logs"], logs_body("full", 1))
            equal(answer.status, grpc.UNAVAILABLE, "gRPC")
            check(any("RetryInfo" in d for d in answer.details[2]), f"{answer.details}")
            equal(server.client().get("/readyz").status, 503, "/readyz")
            equal(server.value("SELECT count(*) FROM logs WHERE body LIKE 'before%'"), 5, "queries go on")
            disk.relieve()
            wait_until(lambda: http.post("/v1/logs", logs_body("after", 1)).status == 200, 30, "an ack")


@test
def disk_that_is_full():
    """No watermark: writes fail in earnest. What was acked is there, then and after a restart."""
    ledger = {}
    with SmallDisk(300) as disk:
        with Server(disk.path / "data", {**SMALL, "DISK_FREE_MIN": "0B"}) as server:
            with Load(server, ledger) as load:
                wait_until(lambda: load.acked() > 50, 20, "load")
                disk.fill(0)
                seen = load.acked()
                wait_until(lambda: load.acked() == seen or len(ledger) > 5000, 30, "the load to stall")
            check(server.process.poll() is None, f"strata ended: {server.log_tail()}")
            check(not load.problems, f"{load.problems[:3]}")
            disk.relieve()
            server.kill()
            server.restart()
            problems = verify(server, ledger)
            check(not problems, f"{len(problems)} problems: {problems[:5]}")
            wait_until(
                lambda: server.client("otlp_http").post("/v1/logs", logs_body("after", 1)).status == 200,
                30,
                "an ack",
            )


def metric(server, name):
    for line in server.client().get("/metrics").body.decode().splitlines():
        if line.startswith(name + " "):
            return float(line.split()[1])
    raise AssertionError(f"no metric {name}")


@test
def reserve_of_a_full_disk():
    """Without a free byte: ingest is refused as retryable, queries answer, what is in memory is sealed
    on the reserve, and the reserve comes back with the space."""
    with SmallDisk(400) as disk:
        settings = {**SMALL, "SEAL_ROWS": 1000000, "SEAL_AGE": "3s", "SEAL_SMALL_PART_INTERVAL": "3s",
                    "DISK_FREE_MIN": "20MiB", "DISK_RESERVE": "16MiB", "MERGE_ENABLED": "false"}
        with Server(disk.path / "data", settings) as server:
            http = server.client("otlp_http")
            reserve = server.data_dir / "disk.reserve"
            equal(reserve.stat().st_size, 16 << 20, "the reserve")
            for number in range(20):
                equal(http.post("/v1/logs", logs_body(f"full-{number}", 500)).status, 200, "before")
            before = metric(server, "strata_store_sealed_parts_total")
            disk.fill(0)
            wait_until(lambda: http.post("/v1/logs", logs_body("full", 1)).status == 503, 15, "a refusal")
            wait_until(lambda: metric(server, "strata_store_sealed_parts_total") > before, 30, "sealing")
            wait_until(lambda: metric(server, "strata_hot_unsealed_rows") == 0, 30, "all sealed")
            equal(server.value("SELECT count(*) FROM logs WHERE body LIKE 'full-%'"), 10000, "rows")
            equal(server.client().get("/livez").status, 200, "/livez")
            equal(server.client().get("/readyz").status, 503, "/readyz")
            if metric(server, "strata_disk_reserve_uses_total") > 0:
                check(not reserve.exists(), "the reserve was used")
            server.kill()
            server.spawn()
            server.addresses = wait_until(server._read_listeners, 60, "a start on a full disk")
            wait_until(lambda: server.sql_response("SELECT 1").status == 200, 60, "queries")
            equal(server.value("SELECT count(*) FROM logs WHERE body LIKE 'full-%'"), 10000, "after a kill")
            http = server.client("otlp_http")
            equal(http.post("/v1/logs", logs_body("full", 1)).status, 503, "still full")
            disk.relieve()
            wait_until(lambda: http.post("/v1/logs", logs_body("after", 1)).status == 200, 30, "an ack")
            equal(reserve.stat().st_size, 16 << 20, "the reserve is back")
