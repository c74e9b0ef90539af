"""Text files of the project, for ``open`` and what is built on it: a sandbox has no files of its own."""

from __future__ import annotations

import builtins
import io
import os
from collections.abc import Callable, Mapping
from typing import Any


def install(files: Mapping[str, str]) -> None:
    """Let ``open`` find these, for reading; every other file is missing as before."""
    if files:
        opened = _opener(files, io.open)
        io.open = opened  # pathlib calls this one
        builtins.open = opened


def _opener(files: Mapping[str, str], former: Callable[..., Any]) -> Callable[..., Any]:
    def open(file: Any, mode: str = "r", *arguments: Any, **options: Any) -> Any:
        text = None
        if isinstance(file, str | os.PathLike) and not set(mode) & set("wax+"):
            text = files.get(os.path.normpath(os.fspath(file)).lstrip("/"))
        if text is None:
            return former(file, mode, *arguments, **options)
        return io.BytesIO(text.encode()) if "b" in mode else io.StringIO(text)

    return open
