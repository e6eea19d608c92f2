"""Health, self-observation, settings and signals."""

import json
import re
import signal
import tempfile
from pathlib import Path

from harness.http import HttpClient
from harness.load import logs_body
from harness.server import Server, run_strata, shared_server, wait_until
from harness.testing import all_of, check, equal, test


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
    plain = server().client().get("/metrics")
    equal(plain.status, 200, "status")
    check(plain.headers["content-type"].startswith("text/plain"), str(plain.headers))
    families = metric_families(plain.body.decode())
    check(len(families) > 10, f"only {len(families)} families")
    foreign = [name for name in families if not name.startswith("strata_")]
    check(not foreign, f"without the prefix: {foreign}")
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


@test
def reload_on_sighup():
    """A wrong file is refused whole and the server goes on; a right one applies."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "strata.yaml"
        file.write_text("logging:\n  level: info\n")
        with Server(arguments=["--config", file]) as own:
            kept = HttpClient(own.addresses["http"])
            equal(kept.get("/livez").status, 200, "before")

            def reloaded(text, words):
                seen = own.log_path.stat().st_size
                file.write_text(text)
                own.process.send_signal(signal.SIGHUP)
                wait_until(
                    lambda: any(w in own.log_path.read_text()[seen:].lower() for w in words),
                    10,
                    f"one of {words} in the log",
                )

            reloaded("loging:\n  level: debug\n", ["loging", "refused", "unknown"])
            equal(kept.get("/livez").status, 200, "after a wrong file")
            reloaded("logging:\n  level: debug\n", ["reload", "applied", "configuration"])
            equal(kept.get("/readyz").status, 200, "the connection is kept")
            equal(own.terminate()[0], 0, "exit code")


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
def starts_again_quickly():
    with Server() as own:
        own.client("otlp_http").post("/v1/logs", logs_body("again", 5))
        own.terminate()
        own.start()
        equal(own.value("SELECT count(*) FROM logs"), 5, "rows")
