"""Real senders besides the JavaScript SDK. Each is fetched once, pinned, and skipped with the reason
where its registry or tool is not there."""

import functools
import pathlib
import subprocess

from harness import sdk
from harness.packages import go_build, go_install, maven, pip, require
from harness.server import clean_environment, shared_server
from harness.testing import check, equal, test

FOLDER = pathlib.Path(__file__).resolve().parents[1]
TELEMETRYGEN = "github.com/open-telemetry/opentelemetry-collector-contrib/cmd/telemetrygen@v0.161.0"


def run(command, timeout=120):
    done = subprocess.run(
        command, env=clean_environment(), capture_output=True, text=True, timeout=timeout
    )
    check(done.returncode == 0, f"{command[0]}: exit {done.returncode}: {done.stderr[-1000:]}")
    return done


def python_program():
    interpreter = pip("python_sdk", FOLDER / "python_sdk/requirements.txt")
    return [interpreter, FOLDER / "python_sdk/send.py"]


def go_program():
    return [go_build("go_sdk", FOLDER / "go_sdk")]


def java_program():
    return [require("java"), "-cp", maven("java_sdk", FOLDER / "java_sdk"), "Send"]


PROGRAMS = {"python": python_program, "go": go_program, "java": java_program}


@functools.cache
def outcome(language):
    return sdk.sent_and_stored(PROGRAMS[language]())


@test(
    cases=[
        (language, signal, protocol, compression)
        for language in PROGRAMS
        for signal in ("logs", "spans", "metrics")
        for protocol in ("grpc", "http")
        for compression in ("none", "gzip")
    ]
)
def sdk_for(language, *key):
    sdk.compare(*outcome(language)[key])


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
