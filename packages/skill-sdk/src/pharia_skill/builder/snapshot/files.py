"""What the Python inside a component can read while it is built: folders of this machine, read-only, under other names.

Names, sizes and contents are all it sees: no times, no inode numbers and no order of the file system, so that the same
files give the same component on any machine. Everything asked for is noted, also what was not there.
"""

from __future__ import annotations

import hashlib
import posixpath
import stat
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

_NEVER_SEEN = ("__pycache__", "node_modules")
_BUILT = ".wasm"
_ENVIRONMENT = "pyvenv.cfg"
MISSING, FOLDER = "missing", "folder"


@dataclass(frozen=True, slots=True)
class Mount:
    """``folders`` as if they were one, under ``name``; only what is ``noted`` counts as an input of the build."""

    name: str
    """Begins with a slash and has no other."""
    folders: tuple[Path, ...]
    """Where several have a file, the first one's is seen."""
    noted: bool = False


@dataclass(frozen=True, slots=True)
class Entry:
    path: Path
    name: str
    """As the component sees it."""
    is_folder: bool
    size: int
    """Bytes."""


@dataclass(slots=True)
class Files:
    mounts: Sequence[Mount]
    seen: dict[str, str] = field(default_factory=dict)
    """By name: ``missing``, ``folder``, or the SHA-256 of the content; of the list of names where a slash ends it."""

    def root(self, number: int) -> Entry:
        mount = self.mounts[number]
        return Entry(mount.folders[0], mount.name, True, 0)

    def find(self, folder: Entry, path: str) -> Entry | None:
        """``None`` when there is no such file or folder, or it is hidden."""
        return self.at(posixpath.normpath(posixpath.join(folder.name, path)))

    def at(self, name: str) -> Entry | None:
        """As :meth:`find`, by the whole name."""
        place = self._place(name)
        if place is None:
            return None
        mount, relative = place
        entry = None
        if self._shown(relative):
            found = (_entry(folder / relative, name) for folder in mount.folders)
            entry = next((each for each in found if each is not None), None)
        if mount.noted and name not in self.seen and (entry is None or entry.is_folder):
            self.seen[name] = MISSING if entry is None else FOLDER
        return entry

    def read(self, entry: Entry) -> bytes:
        """Raises ``OSError``."""
        content = entry.path.read_bytes()
        self._note(entry.name, content)
        return content

    def names(self, folder: Entry) -> list[tuple[str, bool]]:
        """Names in a folder, in order, and whether each is a folder itself; raises ``OSError``."""
        found: dict[str, bool] = {}
        for place in self._places(folder):
            for each in place.iterdir() if place.is_dir() else ():
                found.setdefault(each.name, each.is_dir())
        shown = [(name, is_folder) for name, is_folder in sorted(found.items()) if self._shown(name)]
        self._note(f"{folder.name}/", "\0".join(name for name, _ in shown).encode())
        return shown

    def _places(self, folder: Entry) -> list[Path]:
        place = self._place(folder.name)
        return [] if place is None else [each / place[1] for each in place[0].folders]

    def _note(self, name: str, content: bytes) -> None:
        place = self._place(name)
        if place is not None and place[0].noted:
            self.seen[name] = hashlib.sha256(content).hexdigest()

    def _place(self, name: str) -> tuple[Mount, str] | None:
        """The mount a name belongs to, and the rest of the name."""
        for mount in self.mounts:
            if name == mount.name or name.startswith(f"{mount.name}/"):
                return mount, name[len(mount.name) + 1 :]
        return None

    def _shown(self, relative: str) -> bool:
        return not any(
            part in _NEVER_SEEN or part.startswith(".") or part.endswith(_BUILT) for part in relative.split("/")
        )


def unchanged(seen: Mapping[str, str], mounts: Sequence[Mount]) -> bool:
    """Whether a build that saw ``seen`` would see the same again."""
    files = Files(mounts)
    for name, before in seen.items():
        try:
            entry = files.at(name.rstrip("/"))
            if entry is not None and name.endswith("/"):
                files.names(entry)
            elif entry is not None and not entry.is_folder:
                files.read(entry)
        except OSError:
            return False
        if files.seen.get(name) != before:
            return False
    return True


def _entry(path: Path, name: str) -> Entry | None:
    try:
        found = path.stat()
        is_folder = stat.S_ISDIR(found.st_mode)
        if is_folder and (path / _ENVIRONMENT).exists():
            return None
    except (OSError, ValueError):
        return None
    return Entry(path, name, is_folder, 0 if is_folder else found.st_size)
