"""Writing and removing files so that a process killed at any moment leaves nothing half done under its final name."""

from __future__ import annotations

import os
import shutil
from pathlib import Path


def write_text(path: Path, text: str) -> None:
    """Put a whole file under its name, on disk before this returns."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = partial_of(path)
    with partial.open("w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    os.replace(partial, path)
    sync_directory(path.parent)


def partial_of(path: Path) -> Path:
    """Where a file is written before it gets its name."""
    return path.with_name(f".{path.name}.part")


def sync_directory(path: Path) -> None:
    """Let the names in a directory reach the disk."""
    number = os.open(path, os.O_RDONLY)
    try:
        os.fsync(number)
    finally:
        os.close(number)


def remove(path: Path) -> None:
    """Remove a file, a link or a whole directory; nothing there is fine."""
    if not path.is_dir() or path.is_symlink():
        path.unlink(missing_ok=True)
        return
    try:
        shutil.rmtree(path)
    except PermissionError:
        _open_up(path)
        shutil.rmtree(path)


def _open_up(path: Path) -> None:
    """Make directories writable that somebody wrote-protected, as packages copied by hand may be."""
    path.chmod(0o700)
    for parent, directories, _ in os.walk(path):
        for name in directories:
            child = Path(parent) / name
            if not child.is_symlink():
                child.chmod(0o700)


def prune_empty(path: Path) -> None:
    """Remove a directory when nothing is in it."""
    try:
        path.rmdir()
    except OSError:
        return
