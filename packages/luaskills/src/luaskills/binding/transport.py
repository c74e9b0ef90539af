"""How a call of the JSON FFI reaches an engine: one protocol, and its form for the built-in engine."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol

from luaskills.ffi import EXPORTS, JsonEngine, process_engine
from luaskills.types import Json

Callback = Callable[[Any], Json]


class Transport(Protocol):
    """One library, or what stands in its place. Thread safe."""

    @property
    def path(self) -> Path | None:
        """Where the library is; None for the built-in engine."""

    @property
    def library(self) -> object:
        """What answers: the loaded library, or the built-in engine."""

    def call(self, function: str, request: bytes | None) -> bytes:
        """The envelope a function answers with; None calls it without input. Raises LuaSkillsError."""

    def set_callback(self, kind: str, callback: Callback | None) -> None:
        """Register a callback or take it away; raises LuaSkillsError."""

    def exports(self, function: str) -> bool:
        """Whether the library has a function."""


class BuiltinTransport:
    """The engine of this package, in this process; all of them share one."""

    path: Path | None = None

    def __init__(self, engine: JsonEngine | None = None) -> None:
        self.library = engine or process_engine()

    def call(self, function: str, request: bytes | None) -> bytes:
        return self.library.call(function, request)

    def set_callback(self, kind: str, callback: Callback | None) -> None:
        self.library.set_callback(kind, callback)

    def exports(self, function: str) -> bool:
        return function in EXPORTS
