"""A strata server of its own for a test: temporary data directory, ports of the system's choice."""

import atexit
import json
import os
import pathlib
import shutil
import signal
import subprocess
import tempfile
import time

from .grpc import GrpcClient
from .http import HttpClient

ROOT = pathlib.Path(__file__).resolve().parents[3]
BINARY = pathlib.Path(os.environ.get("STRATA_BINARY", ROOT / "build/release/strata")).resolve()
START_SECONDS = 180


def wait_until(condition, seconds=10, what="the condition"):
    """Polls; returns the first true value. For what another process will do, which cannot signal
    this one."""
    deadline = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            raise AssertionError(f"{what} did not come within {seconds} s")
        time.sleep(0.01)


def clean_environment(extra=None):
    keep = {k: v for k, v in os.environ.items() if not k.startswith(("STRATA_", "OTEL_"))}
    return {**keep, **(extra or {})}


def run_strata(*arguments, stdin=None, env=None, timeout=60, cwd=None):
    """Runs a command of the binary to its end."""
    return subprocess.run(
        [BINARY, *map(str, arguments)],
        input=stdin,
        env=clean_environment(env),
        capture_output=True,
        timeout=timeout,
        text=True,
        cwd=cwd,
    )


class SqlFailed(AssertionError):
    def __init__(self, response):
        super().__init__(f"SQL {response.status}: {response.body[:2000].decode(errors='replace')}")
        self.response = response


class Server:
    """`settings` are environment variables without their prefix: {"SEAL_ROWS": 1000}. Segments of the
    log are smaller than the default, for every start prepares some."""

    def __init__(self, data_dir=None, settings=None, arguments=(), launcher=()):
        self._own = data_dir is None
        self.data_dir = pathlib.Path(data_dir or tempfile.mkdtemp(prefix="strata-e2e-"))
        self.settings = {"LOG_SEGMENT_BYTES": "32MiB", **(settings or {})}
        self.arguments = list(arguments)
        self.launcher = list(launcher)  # what stands before the command
        self.process, self.addresses = None, {}
        self.log_path = self.data_dir.with_name(self.data_dir.name + ".log")
        self._clients = {}

    def __enter__(self):
        try:
            return self.start()
        except BaseException:
            self.__exit__()
            raise

    def __exit__(self, *_):
        if self.process is not None and self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        self._close_clients()
        if self._own:
            shutil.rmtree(self.data_dir, ignore_errors=True)
            self.log_path.unlink(missing_ok=True)

    def spawn(self, same_ports=False):
        """Starts the process and does not wait for it to serve."""
        listeners = self.data_dir / "listeners.json"
        listeners.unlink(missing_ok=True)
        command = [*self.launcher, BINARY, "serve", "--data-dir", self.data_dir]
        for name in ("otlp_grpc", "otlp_http", "http"):
            address = self.addresses[name] if same_ports else "127.0.0.1:0"
            command += [f"--listen-{name.replace('_', '-')}", address]
        with open(self.log_path, "ab") as log:
            self.process = subprocess.Popen(
                [*command, *self.arguments],
                env=clean_environment(self.environment()),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        return self

    def environment(self):
        return {f"STRATA_{k}": str(v) for k, v in self.settings.items()}

    def start(self, same_ports=False):
        self.spawn(same_ports)
        self.wait_for_listeners()
        wait_until(self.ready, START_SECONDS, "readiness")
        return self

    def wait_for_listeners(self):
        self.addresses = wait_until(self._read_listeners, START_SECONDS, "listeners.json")

    def _read_listeners(self):
        if self.process.poll() is not None:
            raise AssertionError(f"strata exited with {self.process.returncode}:\n{self.log_tail()}")
        try:
            found = json.loads((self.data_dir / "listeners.json").read_text())
        except (FileNotFoundError, ValueError):
            return None
        return found.get("listeners", found)

    def ready(self):
        if self.process.poll() is not None:
            raise AssertionError(f"strata exited with {self.process.returncode}:\n{self.log_tail()}")
        try:
            return HttpClient(self.addresses["http"], timeout=5).get("/readyz").status == 200
        except OSError:
            return False

    def log_tail(self, lines=25):
        if not self.log_path.exists():
            return ""
        return "\n".join(self.log_path.read_text(errors="replace").splitlines()[-lines:])

    @property
    def http_url(self):
        return f"http://{self.addresses['http']}"

    def client(self, listener="http"):
        """A connection that is kept for this server: otlp_grpc, otlp_http or http."""
        if listener not in self._clients:
            make = GrpcClient if listener == "otlp_grpc" else HttpClient
            self._clients[listener] = make(self.addresses[listener])
        return self._clients[listener]

    def _close_clients(self):
        for client in self._clients.values():
            client.close()
        self._clients = {}

    # --- asking ---------------------------------------------------------------------------------

    def sql_response(self, statement, format="json", namespace=None, params=None):
        headers = {"X-Scope-OrgID": namespace} if namespace else {}
        body, kind = statement, "text/plain"
        if params is not None:
            body, kind = {"sql": statement, "params": params}, "application/json"
        return self.client().post(f"/api/v1/sql?format={format}", body, kind, headers)

    def sql(self, statement, namespace=None, params=None):
        """The rows of a statement, as lists."""
        response = self.sql_response(statement, namespace=namespace, params=params)
        if response.status != 200:
            raise SqlFailed(response)
        return response.json()["rows"]

    def records(self, statement, namespace=None):
        """The rows of a statement, as dicts by column name."""
        response = self.sql_response(statement, namespace=namespace)
        if response.status != 200:
            raise SqlFailed(response)
        answer = response.json()
        names = [column["name"] for column in answer["columns"]]
        return [dict(zip(names, row)) for row in answer["rows"]]

    def value(self, statement, namespace=None):
        """The one value of a statement; integers beyond 2^53 come as text and stay so."""
        return self.sql(statement, namespace)[0][0]

    # --- ending ---------------------------------------------------------------------------------

    def kill(self):
        """kill -9."""
        self.process.kill()
        self.process.wait()
        self._close_clients()

    def terminate(self, seconds=15):
        """SIGTERM; returns (exit code, seconds it took)."""
        began = time.monotonic()
        self.process.send_signal(signal.SIGTERM)
        try:
            code = self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise AssertionError(f"still running {seconds} s after SIGTERM\n{self.log_tail()}")
        self._close_clients()
        return code, time.monotonic() - began

    def restart(self, same_ports=False):
        return self.start(same_ports)

    def status_kib(self, field):
        """VmRSS or VmHWM of the process."""
        for line in pathlib.Path(f"/proc/{self.process.pid}/status").read_text().splitlines():
            if line.startswith(field + ":"):
                return int(line.split()[1])
        raise AssertionError(f"{field} is not in /proc/{self.process.pid}/status")


_SHARED = {}


def shared_server(name="", settings=None):
    """One server for the tests of a suite that leave each other alone; ends with the process."""
    if name not in _SHARED:
        server = Server(settings=settings)
        atexit.register(server.__exit__)
        _SHARED[name] = server.start()
    return _SHARED[name]
