"""Health, self-observation, settings and signals."""

import json
import re
import signal
import tempfile
import time
from pathlib import Path

from harness import grpc, otlp
from harness.http import HttpClient
from harness.load import logs_body
from harness.server import Server, run_strata, shared_server, wait_until
from harness.testing import all_of, check, equal, test


ROOT = Path(__file__).resolve().parents[3]


def server():
    return shared_server("operation")


@test
def health():
    live, ready = server().client().get("/livez"), server().client().get("/readyz")
    equal((live.status, ready.status), (200, 200), "status")
    check("backend=" in ready.body.decode(), ready.body.decode())


SAMPLE = re.compile(
    r'^(?P<name>[a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{(?:[a-zA-Z_]\w*="(?:[^"\\\n]|\\.)*",?)*\})?'
    r" (?P<value>[-+0-9.eE]+|NaN|[-+]?Inf)(?: [-0-9.]+)?(?: # \{.*)?$"
)


def metric_families(text):
    """{family: type}; raises on a line that is no exposition format."""
    families = {}
    for line in text.splitlines():
        if line.startswith("# TYPE "):
            _, _, name, kind = line.split(" ")
            check(name not in families, f"{name} is declared twice")
            families[name] = kind
        elif line and not line.startswith("#"):
            found = SAMPLE.match(line)
            check(found, f"no sample: {line}")
            family = re.sub(r"_(bucket|sum|count|total|info|created)$", "", found["name"])
            known = found["name"] in families or family in families
            check(known, f"{found['name']} has no TYPE")
    return families


@test
def metrics():
    server().client("otlp_http").post("/v1/logs", logs_body("metrics", 3))
    server().sql("SELECT 1")
    plain = server().client().get("/metrics")
    equal(plain.status, 200, "status")
    check(plain.headers["content-type"].startswith("text/plain"), str(plain.headers))
    families = metric_families(plain.body.decode())
    documented = re.findall(r"^\| `(strata_\w+)`", (ROOT / "docs/metrics.md").read_text(), re.MULTILINE)
    check(len(documented) > 10, f"only {len(documented)} are documented")
    equal(sorted(set(documented) - families.keys()), [], "documented and not there")
    foreign = [name for name in families if not name.startswith("strata_")]
    check(not foreign, f"without the prefix: {foreign}")
    less = {"Accept": "application/openmetrics-text;q=0.1,text/plain;q=0.9"}
    check(server().client().get("/metrics", less).headers["content-type"].startswith("text/plain"), "q=0.1")
    accept = {"Accept": "application/openmetrics-text; version=1.0.0"}
    modern = server().client().get("/metrics", accept)
    check(modern.headers["content-type"].startswith("application/openmetrics-text"), str(modern.headers))
    check(modern.body.decode().endswith("# EOF\n"), "OpenMetrics ends with # EOF")
    metric_families(modern.body.decode())


@test
def debug_store():
    answer = server().client().get("/debug/store")
    equal(answer.status, 200, "status")
    found = answer.json()
    for word in ("segments", "cursors", "hot", "parts", "backend"):
        check(word in json.dumps(found), f"no {word} in {list(found)}")


@test
def openapi():
    document = server().client().get("/api/v1/openapi.json").json()
    check(document["openapi"].startswith("3."), str(document.get("openapi")))
    paths = document["paths"]
    for path in ("/livez", "/readyz", "/metrics", "/debug/store", "/api/v1/sql", "/v1/logs"):
        check(path in paths, f"{path} is not in {sorted(paths)}")
    for path in ("/v1/traces", "/v1/metrics"):
        check(path in paths, f"{path} is not in {sorted(paths)}")
    for path, item in paths.items():
        if "$ref" in item:  # #/components/pathItems/<name>
            item = document["components"]["pathItems"][item["$ref"].rsplit("/", 1)[1]]
        for verb in {"get", "post"} & set(item):
            real = re.sub(r"\{[^}]*\}", "1", path)
            answer = server().client().request(verb.upper(), real, b"" if verb == "post" else None)
            check(answer.status != 405, f"{verb} {path} is refused")


@test
def otlp_on_the_api_port():
    answer = server().client().post("/v1/logs", logs_body("on-8090", 2))
    equal(answer.status, 200, "status")
    equal(server().value("SELECT count(*) FROM logs WHERE attributes['rid'] = 'on-8090'"), 2, "rows")


@test
def listeners_file():
    found = json.loads((server().data_dir / "listeners.json").read_text())
    for name in ("otlp_grpc", "otlp_http", "http"):
        host, port = found[name].rsplit(":", 1)
        check(host == "127.0.0.1" and int(port) > 0, found[name])


@test
def logs_are_json_lines():
    with Server() as own:
        own.terminate()
        for line in own.log_path.read_text().splitlines():
            found = json.loads(line)
            check({"level", "message"} & set(found) or "msg" in found, line)


class Reloaded:
    """A server whose file of settings is replaced while it runs."""

    def __init__(self, own, file):
        self._own, self._file = own, file

    def __call__(self, text, word):
        """SIGHUP with a new file; returns the line of the log that has the word."""
        seen = self._own.log_path.stat().st_size
        self._file.write_text(text)
        self._own.process.send_signal(signal.SIGHUP)

        def line():
            lines = self._own.log_path.read_text()[seen:].splitlines()
            return next((found for found in lines if word in found), None)

        return wait_until(line, 10, f"{word!r} in the log")


@test
def reload_on_sighup():
    """A wrong file is refused whole and the server goes on; a right one applies."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "strata.yaml"
        file.write_text("logging:\n  level: info\n")
        with Server(arguments=["--config", file]) as own:
            kept = HttpClient(own.addresses["http"])
            equal(kept.get("/livez").status, 200, "before")
            reloaded = Reloaded(own, file)
            refusal = reloaded("loging:\n  level: debug\n", "configuration refused")
            check("loging" in refusal, refusal)
            equal(kept.get("/livez").status, 200, "after a wrong file")
            reloaded("logging:\n  level: debug\n", "configuration applied")
            equal(kept.get("/readyz").status, 200, "the connection is kept")
            equal(own.terminate()[0], 0, "exit code")


def sent(own, name, **more):
    """Sends one log record on a connection that is kept; returns the answer."""
    record = otlp.log_record(time.time_ns(), name, **more)
    return own.client("otlp_http").post("/v1/logs", otlp.request([record], service=name))


@test
def reload_changes_limits():
    """On connections that are open too."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "strata.yaml"
        file.write_text("")
        with Server(arguments=["--config", file]) as own, all_of() as attempt:
            reloaded = Reloaded(own, file)
            keys = {f"k{i}": i for i in range(10)}
            equal(sent(own, "before", attributes=keys).body, b"", "before")
            many = "SELECT * FROM range(100)"
            equal(len(own.sql(many)), 100, "rows before")
            text = (
                "limits: {attributes: 4, value_bytes: 1KiB, http_body: 64KiB, grpc_message: 64KiB}\n"
                "query: {max_rows: 7, timeout: 300ms, memory: 64MiB}\n"
                "dedup: {payload: false}\n"
            )
            reloaded(text, "configuration applied")
            equal(otlp.partial_success(sent(own, "cut", attributes=keys).body)[0], 0, "a warning")
            count = "SELECT length(map_keys(attributes)) FROM logs WHERE service_name = 'cut'"
            attempt(lambda: equal(own.value(count), 4, "attributes"))
            attempt(lambda: equal(sent(own, "l" * 70_000).status, 413, "HTTP"))
            rpc = own.client("otlp_grpc").call(otlp.METHODS["logs"], b"\n" * 70_000)
            attempt(lambda: equal(rpc.status, grpc.RESOURCE_EXHAUSTED, "gRPC"))
            attempt(lambda: equal(len(own.sql(many)), 7, "rows"))
            slow = "SELECT count(*) FROM range(100000) a, range(100000) b WHERE a.range % 7 = b.range % 11"
            attempt(lambda: equal(own.sql_response(slow).status, 504, "timeout"))
            large = own.sql_response("SELECT max(s) FROM (SELECT string_agg(range::VARCHAR, ',') AS s FROM range(8000000))")
            attempt(lambda: check(large.status in (413, 504), f"memory: {large.status}"))
            body = otlp.request([otlp.log_record(1_763_600_000_000_000_000, "twice")])
            first, second = (own.client("otlp_http").post("/v1/logs", body) for _ in range(2))
            attempt(lambda: check(first.receipt < second.receipt, "dedup.payload: false"))
            reloaded("", "configuration applied")
            attempt(lambda: equal(len(own.sql(many)), 100, "rows by default again"))
            attempt(lambda: equal(sent(own, "l" * 60_000).body, b"", "values by default again"))


@test
def reload_changes_tiers():
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "strata.yaml"
        file.write_text("seal: {age: 1h}\n")
        with Server(arguments=["--config", file]) as own:
            reloaded = Reloaded(own, file)
            equal(sent(own, "sealed").status, 200, "status")
            reloaded("seal: {rows: 1}\ndisk: {free_min: 900TB}\n", "configuration applied")

            def parts():
                return list(own.data_dir.rglob("*.parquet"))

            wait_until(parts, 30, "a part")
            wait_until(lambda: own.client().get("/readyz").status == 503, 10, "the watermark")
            equal(sent(own, "refused").status, 503, "below the watermark")
            reloaded("", "configuration applied")
            wait_until(own.ready, 10, "readiness")
            equal(sent(own, "accepted").status, 200, "above it again")


@test
def reload_is_whole_or_not_at_all():
    """A setting that needs a restart is named, and what else the file changes does not apply."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "strata.yaml"
        file.write_text("")
        with Server(arguments=["--config", file]) as own, all_of() as attempt:
            reloaded = Reloaded(own, file)
            reloaded("data_dir: /nowhere\n", "configuration applied")  # the flag wins: it stays
            for name, text in (
                ("threads.io", "threads: {io: 3}"),
                ("query.concurrency", "query: {concurrency: 3}"),
                ("log.sync", "log: {sync: interval}"),
                ("insecure", "insecure: true"),
            ):
                refusal = reloaded(f"{text}\nlimits: {{attributes: 4}}\n", "configuration refused")
                attempt(lambda: check(name in refusal, refusal))
            keys = {f"k{i}": i for i in range(10)}
            attempt(lambda: equal(sent(own, "whole", attributes=keys).body, b"", "all attributes"))


@test
def version_and_config():
    with all_of() as attempt:
        version = run_strata("version")
        attempt(lambda: equal(version.returncode, 0, version.stderr))
        attempt(lambda: check(re.search(r"\d+\.\d+", version.stdout), version.stdout))
        printed = run_strata("config", "print", "--with-origin", env={"STRATA_HOT_MEMORY": "2GiB"})
        attempt(lambda: equal(printed.returncode, 0, printed.stderr))
        attempt(lambda: check("STRATA_HOT_MEMORY" in printed.stdout, printed.stdout[:500]))
        unknown = run_strata("frobnicate")
        attempt(lambda: equal(unknown.returncode, 2, "unknown command"))
        for words, near in ((("qery",), "'query'"), (("config", "chek"), "'check'")):
            unknown = run_strata(*words)
            attempt(lambda: equal(unknown.returncode, 2, f"{words}"))
            attempt(lambda: check(words[-1] in unknown.stderr and near in unknown.stderr, unknown.stderr))


@test
def wal_inspect_and_verify():
    with Server() as own:
        own.client("otlp_http").post("/v1/logs", logs_body("inspected", 5))
        own.kill()
        for command in ("inspect", "verify"):
            done = run_strata("wal", command, "--data-dir", own.data_dir)
            equal(done.returncode, 0, f"wal {command}: {done.stderr}")
            check(done.stdout.strip(), f"wal {command} printed nothing")


@test
def largest_request():
    """limits.http_body as large as it may be."""
    settings = {"LIMITS_HTTP_BODY": "64MiB", "LOG_SEGMENT_BYTES": "128MiB"}
    with Server(settings=settings) as own:
        records = [otlp.log_record(time.time_ns(), "l" * 60_000) for _ in range(700)]
        equal(own.client("otlp_http").post("/v1/logs", otlp.request(records)).status, 200, "40 MiB")
        equal(own.value("SELECT count(*) FROM logs"), 700, "rows")


@test
def ready_means_ready():
    """Who sees /readyz answer 200 may send and ask at once."""
    with Server() as own:
        own.terminate()
        for attempt in range(5):
            own.spawn()
            own.wait_for_listeners()
            client = HttpClient(own.addresses["http"])
            wait_until(lambda: client.get("/readyz").status == 200, 30, "readiness")
            equal(client.post("/v1/logs", logs_body(f"at once {attempt}", 1)).status, 200, "ingest")
            equal(own.value("SELECT count(*) FROM logs"), attempt + 1, "rows")
            own.terminate()


@test
def starts_again_quickly():
    with Server() as own:
        own.client("otlp_http").post("/v1/logs", logs_body("again", 5))
        own.terminate()
        own.start()
        equal(own.value("SELECT count(*) FROM logs"), 5, "rows")


@test
def ready_only_after_replay():
    """From the first moment that the ports answer: no success for anybody before replay is over, and
    everything is there at the first one."""
    settings = {"SEAL_AGE": "1h", "SEAL_SMALL_PART_INTERVAL": "1h", "LOG_SEGMENT_BYTES": "8MiB"}
    with Server(settings=settings) as own:
        sent = 0
        for number in range(60):
            answer = own.client("otlp_http").post("/v1/logs", logs_body(f"replay-{number}", 2000))
            equal(answer.status, 200, "before")
            sent += 2000
        own.kill()
        own.spawn()
        own.addresses = wait_until(own._read_listeners, 60, "listeners.json")
        refused = {}

        def refuse(what, status):
            check(status == 503, f"{what} answered {status} before /readyz did")
            refused[what] = refused.get(what, 0) + 1

        def ready():
            api, otlp = HttpClient(own.addresses["http"]), HttpClient(own.addresses["otlp_http"])
            try:
                query = own.sql_response("SELECT count(*) FROM logs").status
                ingest = otlp.post("/v1/logs", logs_body("early", 1)).status
                receipt = api.get("/api/v1/receipts/2").status
                alive = api.get("/livez").status
                status = api.get("/readyz").status
            except OSError:
                return False
            equal(alive, 200, "/livez")
            if status == 200:
                return True  # the three before it may have come a moment too early
            equal(status, 503, "/readyz")
            for what, answer in (("query", query), ("ingest", ingest), ("receipt", receipt)):
                if answer != 503:
                    # It became ready in between, or is a liar: then it stays so for the next one.
                    refuse(what, 503 if api.get("/readyz").status == 200 else answer)
                else:
                    refuse(what, answer)
            return False

        wait_until(ready, 60, "readiness")
        check(refused, "replay was over before anybody asked: the test says nothing")
        early = own.value("SELECT count(*) FROM logs WHERE attributes['rid'] = 'early'")
        equal(own.value("SELECT count(*) FROM logs") - early, sent, "rows at readiness")
