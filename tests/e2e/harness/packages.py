"""Third-party senders: installed once below build/e2e, from pinned versions, or a reason to skip."""

import hashlib
import os
import re
import shutil
import subprocess

from .server import ROOT
from .testing import Skip

CACHE = ROOT / "build" / "e2e"
_failed = {}  # what could not be installed, and why: it is not tried again for each test


def _reason(output):
    """The line of a tool's output that says most: the first that speaks of an error, else the last."""
    plain = re.sub(r"\x1b\[[0-9;]*m", "", output)
    lines = [line.strip() for line in plain.splitlines() if line.strip()] or ["failed without a word"]
    return next((line for line in lines if "error" in line.lower()), lines[-1])


def _run(command, cwd, timeout, env=None):
    try:
        done = subprocess.run(
            command, cwd=cwd, env=env, capture_output=True, text=True, timeout=timeout
        )
    except (OSError, subprocess.TimeoutExpired) as failure:
        raise Skip(f"{command[0]}: {failure}") from None
    if done.returncode != 0:
        raise Skip(f"{' '.join(map(str, command[:3]))}: {_reason(done.stderr + done.stdout)}")


def require(tool):
    path = shutil.which(tool)
    if path is None:
        raise Skip(f"{tool} is not installed")
    return path


def _bytes_of(files):
    return b"".join(file.read_bytes() for file in files)


def installed(name, pin, install):
    """The folder in which `install(folder)` has put the package; it runs again when the bytes of
    `pin` have changed since."""
    folder = CACHE / name
    digest = hashlib.sha256(pin).hexdigest()
    stamp = folder / ".installed"
    if stamp.is_file() and stamp.read_text() == digest:
        return folder
    if name in _failed:
        raise _failed[name]
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    try:
        install(folder)
    except Skip as reason:
        _failed[name] = reason
        raise
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

    folder = installed(name, _bytes_of(pins), install)
    for script in source.glob("*.mjs"):
        shutil.copy(script, folder)
    return folder


def pip(name, requirements):
    """The interpreter of a virtual environment with the requirements."""

    def install(folder):
        _run(["python3", "-m", "venv", folder / "venv"], folder, 120)
        _run([folder / "venv/bin/pip", "install", "-q", "-r", requirements], folder, 300)

    return installed(name, requirements.read_bytes(), install) / "venv/bin/python"


def maven(name, source):
    """The class path of the Java programs in `source`, compiled, with what its pom.xml names."""
    java, pom = require("javac"), source / "pom.xml"
    programs = sorted(source.glob("*.java"))

    def install(folder):
        copied = f"-DoutputDirectory={folder / 'lib'}"
        _run(["mvn", "-q", "-B", "-C", "-f", pom, "dependency:copy-dependencies", copied], folder, 600)
        _run([java, "-cp", folder / "lib/*", "-d", folder / "classes", *programs], folder, 300)

    require("mvn")
    folder = installed(name, _bytes_of([pom, *programs]), install)
    return f"{folder / 'classes'}:{folder / 'lib'}/*"


def go_install(program, package):
    """`package`: path@version of a Go command; the path of its program."""
    require("go")

    def install(folder):
        environment = {**os.environ, "GOBIN": str(folder), "GOFLAGS": "-buildvcs=false"}
        _run(["go", "install", package], ROOT, 900, environment)

    return installed(program, package.encode(), install) / program


def go_build(program, source):
    """The program that the Go module in `source` builds."""
    require("go")
    pins = sorted(source.glob("*.go")) + [source / "go.mod", source / "go.sum"]
    environment = {**os.environ, "GOFLAGS": "-buildvcs=false -mod=readonly"}

    def install(folder):
        _run(["go", "build", "-o", folder / program, "."], source, 900, environment)

    return installed(program, _bytes_of(pins), install) / program
