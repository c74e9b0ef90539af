"""Whether the Lua files of a package compile."""

from __future__ import annotations

import os
import re
from pathlib import Path

from luaskills.engine import lua
from luaskills.testing.validation.finding import Findings
from luaskills.types import Flavour

_FOLDERS = ("runtime", "help")
_LARGEST_BYTES = 16 * 1024 * 1024
_CHUNK = "file"
_LINE = re.compile(rf"{_CHUNK}:(\d+): ")
_COMPILE = """
local load = loadstring or load
return function(source) local _, message = load(source, '=file'); return message end
"""


def check_lua(package: Path, findings: Findings, flavour: Flavour) -> None:
    """Enter the syntax errors of every file below ``runtime/`` and ``help/``; nothing is run."""
    compile_only = lua.new_runtime(flavour).execute(_COMPILE)
    for folder in _FOLDERS:
        for file in _sources(package / folder):
            try:
                source = file.read_bytes() if file.stat().st_size <= _LARGEST_BYTES else None
            except OSError as error:
                findings.error(file, 1, f"can not be read: {error.strerror}")
                continue
            if source is None:
                findings.error(file, 1, f"is larger than {_LARGEST_BYTES} bytes")
            elif source.startswith(b"\x1b"):
                findings.error(file, 1, "is compiled Lua; only sources are loaded")
            elif message := compile_only(source):
                found = _LINE.search(message)
                findings.error(file, int(found[1]) if found else 1, _LINE.sub("", message, count=1))


def _sources(folder: Path) -> list[Path]:
    """Without what links lead to."""
    places = os.walk(folder) if not folder.is_symlink() else ()
    files = (Path(place, name) for place, _, names in places for name in names if name.endswith(".lua"))
    return sorted(file for file in files if file.is_file() and not file.is_symlink())
