"""Third-party senders: installed once below build/e2e, from pinned versions, or a reason to skip."""

import hashlib
import os
import shutil
import subprocess

from .server import ROOT
from .testing import Skip

CACHE = ROOT / "build" / "e2e"


def _run(command, cwd, timeout, env=None):
    try:
        done = subprocess.run(
            command, cwd=cwd, env=env, capture_output=True, text=True, timeout=timeout
        )
    except (OSError, subprocess.TimeoutExpired) as failure:
        raise Skip(f"{command[0]}: {failure}") from None
    if done.returncode != 0:
        lines = (done.stderr or done.stdout).strip().splitlines()
        raise Skip(f"{' '.join(map(str, command[:3]))}: {lines[-1] if lines else 'failed'}")


def require(tool):
    path = shutil.which(tool)
    if path is None:
        raise Skip(f"{tool} is not installed")
    return path


def installed(name, pins, install):
    """The folder in which `install(folder)` has put the package; it runs again when a file of
    `pins` has changed since."""
    folder = CACHE / name
    digest = hashlib.sha256(b"".join(pin.read_bytes() for pin in pins)).hexdigest()
    stamp = folder / ".installed"
    if stamp.is_file() and stamp.read_text() == digest:
        return folder
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    install(folder)
    stamp.write_text(digest)
    return folder


def npm(name, source):
    """`source`: a folder with package.json, package-lock.json and the scripts to run."""
    require("npm")
    pins = [source / "package.json", source / "package-lock.json", source / ".npmrc"]

    def install(folder):
        for pin in pins:
            shutil.copy(pin, folder)
        _run(["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"], folder, 300)

    folder = installed(name, pins, install)
    for script in source.glob("*.mjs"):
        shutil.copy(script, folder)
    return folder


def pip(name, requirements):
    """The interpreter of a virtual environment with the requirements."""

    def install(folder):
        _run(["python3", "-m", "venv", folder / "venv"], folder, 120)
        _run([folder / "venv/bin/pip", "install", "-q", "-r", requirements], folder, 300)

    return installed(name, [requirements], install) / "venv/bin/python"


def go_install(program, package):
    """`package`: path@version of a Go command; the path of its program."""
    require("go")
    folder = CACHE / program / package.rsplit("@", 1)[1]
    if not (folder / program).is_file():
        environment = {**os.environ, "GOBIN": str(folder), "GOFLAGS": "-buildvcs=false"}
        _run(["go", "install", package], ROOT, 900, environment)
    return folder / program


def go_build(program, source):
    """The program that the Go module in `source` builds."""
    require("go")
    pins = sorted(source.glob("*.go")) + [source / "go.mod", source / "go.sum"]
    environment = {**os.environ, "GOFLAGS": "-buildvcs=false -mod=readonly"}

    def install(folder):
        _run(["go", "build", "-o", folder / program, "."], source, 900, environment)

    return installed(program, pins, install) / program
