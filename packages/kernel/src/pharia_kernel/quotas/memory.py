"""Where the counts are."""

from __future__ import annotations

from types import TracebackType
from typing import Protocol


class Memory(Protocol):
    """``with memory:`` nobody else reads or writes. Not to be entered twice."""

    @property
    def bytes(self) -> memoryview: ...

    def __enter__(self) -> object: ...

    def __exit__(
        self, exc_type: type[BaseException] | None, exc: BaseException | None, traceback: TracebackType | None
    ) -> None: ...


class OwnMemory:
    """Of one event loop, which does nothing else meanwhile."""

    def __init__(self, size: int) -> None:
        self.bytes = memoryview(bytearray(size))

    def __enter__(self) -> None:
        pass

    def __exit__(self, *exc: object) -> None:
        pass
