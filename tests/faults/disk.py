"""A disk of its own that is full, or read-only, when a test says so."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

SIZE = 8 << 20
_BALLAST = "ballast"


class Disk:
    """Mounted at ``root``."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def fill(self) -> None:
        with (self.root / _BALLAST).open("wb", buffering=0) as file:
            try:
                while file.write(bytes(4096)):
                    pass
            except OSError:
                return

    def free(self) -> None:
        (self.root / _BALLAST).unlink()

    def freeze(self) -> None:
        """Nothing can be written any more; files that are open for writing keep a disk from that."""
        _mount("-o", "remount,ro", str(self.root))

    def thaw(self) -> None:
        _mount("-o", "remount,rw", str(self.root))


def can_mount() -> bool:
    return os.name == "posix" and os.geteuid() == 0 and shutil.which("mount") is not None


@contextmanager
def mounted(root: Path) -> Iterator[Disk]:
    root.mkdir()
    _mount("-t", "tmpfs", "-o", f"size={SIZE},mode=700", "tmpfs", str(root))
    try:
        yield Disk(root)
    finally:
        subprocess.run(["umount", "-l", str(root)], check=True)


def _mount(*arguments: str) -> None:
    subprocess.run(["mount", *arguments], check=True, capture_output=True)
