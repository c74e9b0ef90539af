"""The tokenizers in use."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Sequence
from weakref import WeakValueDictionary

from pharia_kernel.csi.chunking.measure import Tokens
from pharia_kernel.csi.chunking.sources import Build, TokenizerSource
from pharia_kernel.csi.chunking.threads import WorkThreads
from pharia_kernel.errors import NotConfigured
from pharia_kernel.types import Caller


class Tokenizers:
    """Made once per tokenizer, however many ask at the same time; failures are not kept."""

    def __init__(self, sources: Sequence[TokenizerSource], threads: WorkThreads, keep: int) -> None:
        """The first source that has a model's tokenizer is asked. Of all, the ``keep`` latest used stay in memory."""
        self._sources = sources
        self._threads = threads
        self._keep = keep
        self._kept: OrderedDict[str, Tokens] = OrderedDict()
        self._making: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    async def of(self, model: str, caller: Caller) -> Tokens:
        """Raises :class:`~pharia_kernel.errors.CsiError`."""
        for source in self._sources:
            if (key := await source.key(model)) is not None:
                return await self._from(source, key, model, caller)
        raise NotConfigured(
            f"there is no tokenizer for model {model!r} to measure chunks with (put its tokenizer.json into the "
            "directory of CHUNKING__DIRECTORY, set CHUNKING__URL, or measure in characters with "
            "CHUNKING__FALLBACK=characters)"
        )

    async def _from(self, source: TokenizerSource, key: str, model: str, caller: Caller) -> Tokens:
        lock = self._making.setdefault(key, asyncio.Lock())
        async with lock:
            if (known := self._kept.get(key)) is not None:
                self._kept.move_to_end(key)
                return known
            build = await source.fetch(model, caller)
            made = await self._threads.run(lambda stop: _made(build))
            self._kept[key] = made
            while len(self._kept) > self._keep:
                self._kept.popitem(last=False)
            return made


def _made(build: Build) -> Tokens:
    return Tokens(build())
