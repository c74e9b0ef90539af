"""Tokenizers of a backend's models, under the names that skills ask for."""

from __future__ import annotations

from collections.abc import Callable

from pharia_kernel.csi.chunking.sources import Build, TokenizerSource
from pharia_kernel.errors import ModelNotFound
from pharia_kernel.types import Caller


class RenamedTokenizers:
    """A :class:`~pharia_kernel.csi.chunking.sources.TokenizerSource`; enters and leaves the one it asks."""

    def __init__(self, source: TokenizerSource, name: Callable[[str], str | None]) -> None:
        """``name`` says what a model is called by the source; None for models that are none of its."""
        self._source = source
        self._name = name

    async def __aenter__(self) -> RenamedTokenizers:
        await self._source.__aenter__()
        return self

    async def __aexit__(self, *exc: object) -> None:
        await self._source.__aexit__(*exc)

    async def key(self, model: str) -> str | None:
        name = self._name(model)
        return None if name is None else await self._source.key(name)

    async def fetch(self, model: str, caller: Caller) -> Build:
        if (name := self._name(model)) is None:
            raise ModelNotFound(f"model {model!r} has no tokenizer here")
        return await self._source.fetch(name, caller)
