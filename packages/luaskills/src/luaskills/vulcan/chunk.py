"""Lua files of the engine's own as functions of a runtime: parsed once per process, then loaded as bytecode.

The bytecode stays in memory and comes only from the files beside the modules of this package; what a skill brings is
loaded as source.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any


def chunk(runtime: Any, file: Path, name: str) -> Any:
    """The file as a function of `runtime`; `name` stands in tracebacks."""
    runtime_type: Any = type(runtime)
    return runtime.compile(_bytecode(runtime_type, file, name))


@cache
def _bytecode(runtime_type: Any, file: Path, name: str) -> bytes:
    """As this flavour of Lua dumps it, with the numbers of the lines."""
    parser = runtime_type(encoding=None, register_eval=False, register_builtins=False)
    dumped: bytes = parser.globals()[b"string"][b"dump"](parser.compile(file.read_bytes(), name=name.encode()))
    return dumped
