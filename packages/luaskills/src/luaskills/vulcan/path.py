"""`vulcan.path`: path texts, with the separator of the host; the file system is not asked."""

from __future__ import annotations

import os
from collections.abc import Mapping

from luaskills.errors import HostFunctionError
from luaskills.vulcan.arguments import Arguments, argument, path_text
from luaskills.vulcan.function import HostFunction


def functions() -> Mapping[str, HostFunction]:
    """The table, by function name."""
    single = {
        "dirname": dirname,
        "basename": os.path.basename,
        "stem": stem,
        "extname": extname,
        "normalize": normalize,
        "is_abs": os.path.isabs,
    }
    return {"join": join} | {name: _of_path(name, f) for name, f in single.items()}


def join(given: Arguments) -> object:
    """Parts joined; an absolute part replaces what stands before it."""
    if not given:
        raise HostFunctionError("path.join: expected at least one path segment")
    return os.path.join(*(path_text("path.join", f"part[{i}]", part) for i, part in enumerate(given, start=1)))


def dirname(path: str) -> str:
    """The parent; `.` for a bare name."""
    trimmed = path.rstrip(os.sep) or path
    return os.path.dirname(trimmed) or "."


def stem(path: str) -> str:
    """The name without its last extension."""
    return os.path.splitext(os.path.basename(path))[0]


def extname(path: str) -> str:
    """The extension with its dot, or an empty text."""
    return os.path.splitext(os.path.basename(path))[1]


def normalize(path: str) -> str:
    """`.` and `..` resolved in the text; `..` at the start of a relative path stays."""
    clean = os.path.normpath(path)
    return clean[1:] if clean.startswith("//") else clean


def _of_path(name: str, f: object) -> HostFunction:
    def call(given: Arguments) -> object:
        assert callable(f)
        return f(path_text(f"path.{name}", "path", argument(given, 0)))

    return call
