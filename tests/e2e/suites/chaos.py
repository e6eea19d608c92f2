"""`strata chaos`: its score board, and that it leaves nothing behind."""

import json
import os
import signal
import subprocess
import tempfile
from pathlib import Path

from harness.server import BINARY, clean_environment, run_strata, wait_until
from harness.testing import check, equal, test

COUNTS = ("kills", "acked_records", "lost", "duplicated", "flips", "flips_detected", "enospc_cycles", "seed")
LEDGERS = Path("/dev/shm")


def chaos(folder, *arguments):
    return run_strata("chaos", "--data-dir", folder, *arguments, timeout=120)


def leftovers(folder):
    """What a run made and did not remove."""
    return [str(p) for place in (folder, LEDGERS) for p in place.glob("strata-chaos-*")]


def servers_below(folder):
    """Processes that were started on a directory below the folder."""
    found = []
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            words = (entry / "cmdline").read_bytes()
        except OSError:
            continue
        if str(folder).encode() in words and b"\0serve\0" in words:
            found.append(int(entry.name))
    return found


@test
def score_board():
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name).resolve()
        (folder / "notes.txt").write_text("mine")
        before = leftovers(folder)
        done = chaos(folder, "--seconds", 12, "--seed", 7, "--output", "json")
        equal(done.returncode, 0, f"exit code\n{done.stdout}{done.stderr[-2000:]}")
        found = json.loads(done.stdout)
        for count in COUNTS:
            check(isinstance(found.get(count), int), f"{count} in {done.stdout}")
        equal(found["seed"], 7, "seed")
        equal((found["lost"], found["duplicated"]), (0, 0), "lost, duplicated")
        equal(found["flips_detected"], found["flips"], "flips that were detected")
        for count in ("kills", "acked_records", "flips", "enospc_cycles"):
            check(found[count] > 0, f"{count}: {done.stdout}")
        equal(sorted(p.name for p in folder.iterdir()), ["notes.txt"], "what is in the folder")
        equal(leftovers(folder), before, "leftovers")


@test
def an_interrupt_leaves_nothing():
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name).resolve()
        before = leftovers(folder)
        for number, code in ((signal.SIGINT, 130), (signal.SIGTERM, 143)):
            command = [BINARY, "chaos", "--data-dir", folder, "--seconds", "600"]
            with subprocess.Popen(
                command, env=clean_environment(), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
            ) as process:
                wait_until(lambda: servers_below(folder), 30, "a server")
                os.kill(process.pid, number)
                output, _ = process.communicate(timeout=60)
            equal(process.returncode, code, f"exit code\n{output}")
            equal(servers_below(folder), [], "servers that still run")
            equal(leftovers(folder), before, "leftovers")


@test
def what_it_refuses():
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name).resolve()
        (folder / "wal").mkdir()
        (folder / "wal" / "LOCK").touch()
        (folder / "parts").mkdir()
        done = chaos(folder / "parts")
        equal(done.returncode, 6, f"inside a data directory: {done.stderr}")
        check("is part of the data directory" in done.stderr, done.stderr)
        done = chaos(folder / "wal" / "LOCK")
        check(done.returncode == 6 and done.stderr.startswith("error: "), f"{done.returncode} {done.stderr}")
        (folder / "file").touch()
        done = chaos(folder / "file")
        equal(done.returncode, 1, f"a file: {done.stderr}")
        check("file" in done.stderr and not done.stdout, done.stderr)
        equal(chaos(folder, "--seconds", 1).returncode, 2, "too short")
        equal(sorted(p.name for p in folder.iterdir()), ["file", "parts", "wal"], "what is in the folder")
