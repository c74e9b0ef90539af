"""Which documents the filters of a search leave, as a condition for the index."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Sequence
from typing import TYPE_CHECKING

import msgspec

from pharia_kernel.csi.chunking.threads import Stopped, WorkThreads
from pharia_kernel.csi.documents.filters import Test, matcher
from pharia_kernel.csi.types import Filter

if TYPE_CHECKING:
    import pyarrow as pa

_KEPT = 16
_AT_ONCE = 1000

Selected = list[str] | None
"""Conditions; none for all documents, None where no document is left."""


class Selections:
    """The conditions of a search are those of the next one more often than not, so a few are kept."""

    def __init__(self, threads: WorkThreads) -> None:
        self._threads = threads
        self._kept: OrderedDict[bytes, Selected] = OrderedDict()

    def clear(self) -> None:
        """The documents have changed."""
        self._kept = OrderedDict()

    async def of(self, filters: Sequence[Filter], metadata: Callable[[], Awaitable[pa.Table]]) -> Selected:
        """``metadata`` gives the columns ``key`` and ``metadata`` of all documents."""
        test = matcher(filters)
        name, kept = msgspec.msgpack.encode(filters), self._kept
        if name not in kept:
            table = await metadata()
            kept[name] = await self._threads.run(lambda stop: _selected(table, test, stop))
            while len(kept) > _KEPT:
                kept.popitem(last=False)
        kept.move_to_end(name)
        return kept[name]


def _selected(table: pa.Table, test: Test, stop: threading.Event) -> Selected:
    left: list[int] = []
    out: list[int] = []
    for batch in table.to_batches(max_chunksize=_AT_ONCE):
        if stop.is_set():
            raise Stopped
        for key, text in zip(*(column.to_pylist() for column in batch.columns), strict=True):
            (left if test(None if text is None else msgspec.json.decode(text)) else out).append(key)
    if not left:
        return None
    if not out:
        return []
    within = len(left) <= len(out)
    keys = ", ".join(map(str, left if within else out))
    return [f"key {'IN' if within else 'NOT IN'} ({keys})"]
