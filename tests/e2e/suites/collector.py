"""The OpenTelemetry Collector between a sender and strata, over gRPC and HTTP."""

import json
import pathlib
import socket
import subprocess
import tempfile

from harness import otlp
from harness.http import HttpClient
from harness.load import logs_body, metrics_body, spans_body
from harness.packages import go_build
from harness.server import Server, clean_environment, wait_until
from harness.testing import equal, test

SOURCE = pathlib.Path(__file__).resolve().parents[1] / "collector"
BODIES = {"logs": logs_body, "spans": spans_body, "metrics": metrics_body}


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        return taken.getsockname()[1]


class Collector:
    """OTLP/HTTP in; out to strata through `exporter`: otlp (gRPC) or otlphttp."""

    def __init__(self, server, exporter, compression):
        self.address = f"127.0.0.1:{free_port()}"
        listener = "otlp_grpc" if exporter == "otlp" else "otlp_http"
        scheme = "" if exporter == "otlp" else "http://"
        settings = {
            "receivers": {"otlp": {"protocols": {"http": {"endpoint": self.address}}}},
            "exporters": {
                exporter: {
                    "endpoint": scheme + server.addresses[listener],
                    "compression": compression,
                    "tls": {"insecure": True},
                    "retry_on_failure": {"initial_interval": "100ms", "max_interval": "500ms"},
                }
            },
            "service": {
                "telemetry": {"metrics": {"level": "none"}},
                "pipelines": {
                    name: {"receivers": ["otlp"], "exporters": [exporter]}
                    for name in ("logs", "traces", "metrics")
                },
            },
        }
        self._folder = tempfile.TemporaryDirectory()
        self._file = pathlib.Path(self._folder.name) / "collector.yaml"
        self._file.write_text(json.dumps(settings))  # JSON is YAML

    def __enter__(self):
        program = go_build("collector", SOURCE)
        self._log = open(self._file.with_suffix(".log"), "w")
        self._process = subprocess.Popen(
            [program, "--config", f"file:{self._file}"],
            env=clean_environment(),
            stdout=self._log,
            stderr=self._log,
        )
        wait_until(self._listens, 20, "the collector")
        return self

    def _listens(self):
        try:
            socket.create_connection(self.address.rsplit(":", 1)).close()
            return True
        except OSError:
            return False

    def __exit__(self, *_):
        self._process.terminate()
        self._process.wait(20)
        self._log.close()
        self._folder.cleanup()


def send(collector, kind, name, records):
    answer = HttpClient(collector.address).post(otlp.PATHS[kind], BODIES[kind](name, records))
    equal(answer.status, 200, "the collector's answer")


def count(server, kind, name):
    return int(server.value(f"SELECT count(*) FROM {kind} WHERE attributes['rid'] = '{name}'"))


@test(nightly=True, cases=[(e, c) for e in ("otlp", "otlphttp") for c in ("none", "gzip", "zstd")])
def passes_on(exporter, compression):
    with Server() as server, Collector(server, exporter, compression) as collector:
        for kind in BODIES:
            send(collector, kind, f"{kind}-1", 500)
            wait_until(lambda: count(server, kind, f"{kind}-1") == 500, 20, f"500 {kind}")


@test(nightly=True, cases=[("otlp",), ("otlphttp",)])
def retries_over_a_kill(exporter):
    """What the collector could not deliver it sends again; strata keeps each record once."""
    with Server() as server, Collector(server, exporter, "gzip") as collector:
        for i in range(60):
            send(collector, "logs", f"kill-{i}", 100)
            if i == 20:
                server.kill()
            if i == 40:
                server.restart(same_ports=True)
        for i in range(60):
            wait_until(lambda: count(server, "logs", f"kill-{i}") >= 100, 30, f"request {i}")
            equal(count(server, "logs", f"kill-{i}"), 100, f"request {i}")
