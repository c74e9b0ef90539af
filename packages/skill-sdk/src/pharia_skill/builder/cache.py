"""Built components by what they were made of, in the user's cache.

A *request* is everything about a build but the contents of files: which module, which folders, which interface. Under
each lie a few *records* of what earlier builds of that request read, and which component came out. A component appears
in one rename, so processes that build at the same time do not disturb each other.
"""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from pharia_skill.builder.snapshot.base import Workshop
from pharia_skill.builder.snapshot.files import Mount, unchanged

_RECORDS_PER_REQUEST = 8
_LARGEST = 1 << 29
"""Bytes kept of each sort of file; what was used last stays."""


@dataclass(frozen=True, slots=True)
class Record:
    component: str
    """SHA-256, and name of the file."""
    seen: Mapping[str, str]
    """What :class:`~pharia_skill.builder.snapshot.files.Files` noted."""
    warnings: Sequence[str]


class BuildCache:
    def __init__(self, folder: Path) -> None:
        self._folder = folder

    @property
    def workshop(self) -> Workshop:
        return Workshop(self._folder)

    def look_up(self, request: str, mounts: Sequence[Mount]) -> tuple[Record, bytes] | None:
        """What an earlier build with the same inputs gave."""
        for file in _newest(self._folder / "requests" / request, "*.json"):
            try:
                record = Record(**json.loads(file.read_text()))
                if unchanged(record.seen, mounts):
                    path = self._component(record.component)
                    content = path.read_bytes()
                    if hashlib.sha256(content).hexdigest() == record.component:
                        os.utime(path)
                        os.utime(file)
                        return record, content
            except (OSError, ValueError, TypeError):
                continue
        return None

    def store(self, request: str, component: bytes, seen: Mapping[str, str], warnings: Sequence[str]) -> None:
        """Keep a component; a cache that can not be written is no reason to fail."""
        record = Record(hashlib.sha256(component).hexdigest(), dict(seen), list(warnings))
        text = json.dumps(asdict(record)).encode()
        folder = self._folder / "requests" / request
        try:
            _write(self._component(record.component), component)
            _write(folder / f"{hashlib.sha256(text).hexdigest()[:32]}.json", text)
            for old in _newest(folder, "*.json")[_RECORDS_PER_REQUEST:]:
                old.unlink(missing_ok=True)
            forget(self._folder / "components", "*.wasm", _LARGEST)
            forget(self.workshop.machine_code, "*.cwasm", _LARGEST)
        except OSError:
            return

    def _component(self, digest: str) -> Path:
        return self._folder / "components" / f"{digest}.wasm"


def forget(folder: Path, pattern: str, largest: int) -> None:
    """Remove what was not used for longest, until no more than ``largest`` bytes are left."""
    left = largest
    for file in _newest(folder, pattern):
        left -= file.stat().st_size
        if left < 0:
            file.unlink(missing_ok=True)


def _newest(folder: Path, pattern: str) -> list[Path]:
    return sorted(folder.glob(pattern), key=_age)


def _age(file: Path) -> tuple[int, str]:
    try:
        return -file.stat().st_mtime_ns, file.name
    except FileNotFoundError:
        # Another process cleans up at the same time.
        return 0, file.name


def _write(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile(dir=path.parent, prefix=".new-", delete=False) as file:
        file.write(content)
    Path(file.name).replace(path)
