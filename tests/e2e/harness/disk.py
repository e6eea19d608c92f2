"""A file system of its own that can be filled: ext4 in a file, or in memory."""

import ctypes
import os
import shutil
import subprocess
import tempfile
from pathlib import Path

from .testing import Skip

CLONE_NEWNS = 0x20000
_private = False


def keep_mounts_private():
    """From here on nobody else sees what this thread and its children mount, and the kernel unmounts it
    when they have ended, however they ended."""
    global _private
    if _private:
        return
    if os.geteuid() != 0:
        raise Skip("mounting a small file system needs root")
    if ctypes.CDLL(None, use_errno=True).unshare(CLONE_NEWNS) != 0:
        raise Skip(f"unshare: {os.strerror(ctypes.get_errno())}")
    _run("mount", "--make-rprivate", "/")
    _private = True


def _run(*command):
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode != 0:
        raise Skip(f"{command[0]}: {done.stderr.strip()}")


class SmallDisk:
    """`kind`: "ext4" is a real file system on a loop device, "tmpfs" needs no device."""

    def __init__(self, mebibytes, kind="tmpfs"):
        keep_mounts_private()
        self.kind = kind
        self.path = Path(tempfile.mkdtemp(prefix="strata-disk-"))
        self._image = self.path.with_suffix(".image")
        self._size = mebibytes << 20
        try:
            self._mount()
        except Skip:
            self._clean_up()
            raise

    def _mount(self):
        if self.kind == "tmpfs":
            _run("mount", "-t", "tmpfs", "-o", f"size={self._size}", "strata-test", self.path)
            return
        with open(self._image, "wb") as image:
            image.truncate(self._size)
        # No blocks for root alone: the server may be root, and full is full.
        _run("mkfs.ext4", "-q", "-m", "0", "-E", "lazy_itable_init=0,lazy_journal_init=0", self._image)
        _run("mount", "-o", "loop", self._image, self.path)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        subprocess.run(["umount", "-l", self.path], check=False)
        self._clean_up()

    def _clean_up(self):
        self.path.rmdir()
        self._image.unlink(missing_ok=True)

    @property
    def free_bytes(self):
        return shutil.disk_usage(self.path).free

    def fill(self, leave_mebibytes):
        """Takes what is free but for so much; 0: to the last block that can be had."""
        with open(self.path / "filler", "ab") as filler:
            piece = 64 << 20
            while piece >= 4096:
                piece = min(piece, self.free_bytes - (leave_mebibytes << 20))
                piece -= piece % 4096
                if piece <= 0:
                    return
                try:
                    os.posix_fallocate(filler.fileno(), filler.tell(), piece)
                    filler.seek(0, os.SEEK_END)
                except OSError:
                    piece //= 2  # metadata take their share

    def leave(self, mebibytes):
        """Gives back of what fill() took until so much is free."""
        missing = (mebibytes << 20) - self.free_bytes
        if missing > 0:
            filler = self.path / "filler"
            os.truncate(filler, max(0, filler.stat().st_size - missing))

    def relieve(self):
        (self.path / "filler").unlink()
