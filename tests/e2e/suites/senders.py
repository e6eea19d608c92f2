"""Real senders besides the JavaScript SDK. Each is fetched once, pinned, and skipped with the reason
where its registry or tool is not there."""

import functools
import json
import pathlib
import subprocess

from harness.packages import go_install, pip
from harness.rows import differences
from harness.server import Server, clean_environment, shared_server
from harness.testing import check, equal, test

FOLDER = pathlib.Path(__file__).resolve().parents[1]
TELEMETRYGEN = "github.com/open-telemetry/opentelemetry-collector-contrib/cmd/telemetrygen@v0.161.0"


def run(command, timeout=120):
    done = subprocess.run(
        command, env=clean_environment(), capture_output=True, text=True, timeout=timeout
    )
    check(done.returncode == 0, f"{command[0]}: exit {done.returncode}: {done.stderr[-1000:]}")
    return done


@functools.cache
def python_sdk():
    """{(signal, protocol, compression): (sent, rows of SQL)}"""
    interpreter = pip("python_sdk", FOLDER / "python_sdk/requirements.txt")
    with Server() as server:
        addresses = server.addresses["otlp_grpc"], server.addresses["otlp_http"]
        done = run([interpreter, FOLDER / "python_sdk/send.py", *addresses])
        check("ERROR" not in done.stderr, done.stderr[-1000:])
        outcome = {}
        for line in done.stdout.splitlines():
            sent = json.loads(line)
            rows = server.records(
                f"SELECT * FROM {sent['signal']} WHERE service_name = '{sent['service']}'"
                " ORDER BY position, ordinal"
            )
            outcome[sent["signal"], sent["protocol"], sent["compression"]] = sent["rows"], rows
        return outcome


@test(
    cases=[
        (signal, protocol, compression)
        for signal in ("logs", "spans", "metrics")
        for protocol in ("grpc", "http")
        for compression in ("none", "gzip")
    ]
)
def python(signal, protocol, compression):
    sent, rows = python_sdk()[signal, protocol, compression]
    if signal == "metrics":  # the last collection exports once more
        check(len(rows) >= len(sent), f"{len(rows)} rows")
        rows = rows[: len(sent)]
    equal(len(rows), len(sent), "rows")
    for got, want in zip(rows, sent):
        exemplar = want.pop("exemplar", None)
        found = differences(got, want)
        check(not found, "; ".join(found))
        equal(got["resource_attributes"]["host.cpus"], "8", "resource")
        if exemplar is not None:
            check(got["exemplars"], f"{want['name']} has no exemplar")
            for key, value in exemplar.items():
                equal(got["exemplars"][0][key], value, key)


def telemetrygen(signal, transport, *arguments):
    """Runs it against the server of this suite and returns the service it played."""
    program = go_install("telemetrygen", TELEMETRYGEN)
    server = shared_server("telemetrygen")
    service = f"gen-{signal}-{transport}-{len(arguments)}"
    listener = "otlp_http" if transport == "http" else "otlp_grpc"
    command = [program, signal, "--otlp-insecure", "--rate", "0", "--workers", "2"]
    command += ["--otlp-endpoint", server.addresses[listener], "--service", service, *arguments]
    if transport == "http":
        command.append("--otlp-http")
    run(command)
    return server, service


@test(cases=[("grpc",), ("http",)])
def telemetrygen_logs(transport):
    server, service = telemetrygen("logs", transport, "--logs", "500", "--body", "from telemetrygen")
    where = f"service_name = '{service}' AND body = 'from telemetrygen'"
    equal(server.value(f"SELECT count(*) FROM logs WHERE {where}"), 1000, "rows")


@test(cases=[("grpc",), ("http",)])
def telemetrygen_traces(transport):
    server, service = telemetrygen("traces", transport, "--traces", "200", "--child-spans", "3")
    found = server.sql(
        "SELECT count(*), count(DISTINCT trace_id), count(*) FILTER (parent_span_id IS NULL)"
        f" FROM spans WHERE service_name = '{service}'"
    )
    equal(found, [[1600, 400, 400]], "spans, traces, roots")


@test(
    cases=[
        (kind, transport)
        for kind in ("Gauge", "Sum", "Histogram", "ExponentialHistogram")
        for transport in ("grpc", "http")
    ]
)
def telemetrygen_metrics(kind, transport):
    server, service = telemetrygen(
        "metrics", transport, "--metrics", "50", "--metric-type", kind, "--otlp-metric-name", kind
    )
    found = server.sql(
        f"SELECT type, count(*) FROM metrics WHERE service_name = '{service}' AND name = '{kind}'"
        " GROUP BY ALL"
    )
    name = "exponential_histogram" if kind == "ExponentialHistogram" else kind.lower()
    equal(found, [[name, 100]], "points")
