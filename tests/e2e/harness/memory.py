"""Memory of a server: how much it has, how much a call makes it take, and a limit from outside."""

import os
import pathlib

from .testing import Skip

V2 = pathlib.Path("/sys/fs/cgroup")
V1 = V2 / "memory"


class MemoryLimit:
    """A cgroup of its own for the processes that `launcher` starts. Skip says why it cannot be had."""

    def __init__(self, limit_bytes):
        if os.geteuid() != 0:
            raise Skip("a memory cgroup needs root")
        controllers = V2 / "cgroup.controllers"
        if controllers.exists() and "memory" in controllers.read_text().split():
            parent, limits = V2, {"memory.max": limit_bytes, "memory.swap.max": 0}
        elif (V1 / "memory.limit_in_bytes").exists():
            parent, limits = V1, {"memory.limit_in_bytes": limit_bytes}
        else:
            raise Skip("no memory controller below /sys/fs/cgroup")
        self.path = parent / f"strata-test-{os.getpid()}"
        try:
            if parent == V2:
                (V2 / "cgroup.subtree_control").write_text("+memory")
            self.path.mkdir()
            for name, value in limits.items():
                if (self.path / name).exists():
                    (self.path / name).write_text(str(value))
        except OSError as failure:
            raise Skip(f"memory cgroup: {failure}") from failure

    @property
    def launcher(self):
        """What stands before a command, so that all of its memory is counted."""
        return ["sh", "-c", 'echo $$ >"$0" && exec "$@"', self.path / "cgroup.procs"]

    def close(self):
        """Requires: its processes have ended."""
        self.path.rmdir()


def reset_peak(server):
    """From here on VmHWM counts anew; the memory that the server has now, in KiB."""
    pathlib.Path(f"/proc/{server.process.pid}/clear_refs").write_text("5")
    return server.status_kib("VmRSS")
