"""Where the tokenizer of a model comes from."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from pharia_kernel.errors import NotConfigured
from pharia_kernel.types import Caller

if TYPE_CHECKING:
    from tokenizers import Tokenizer

Build = Callable[[], "Tokenizer"]
"""Makes the tokenizer; blocks, for up to a second."""


class TokenizerSource(Protocol):
    """An async context manager."""

    async def key(self, model: str) -> str | None:
        """What tells this tokenizer from others, or None if the source has none for the model."""
        ...

    async def fetch(self, model: str, caller: Caller) -> Build:
        """Raises :class:`~pharia_kernel.errors.CsiError`."""
        ...

    async def __aenter__(self) -> TokenizerSource: ...

    async def __aexit__(self, *exc: object) -> None: ...


class TokenizerFiles:
    """``MODEL.json`` or ``MODEL/tokenizer.json`` in a directory, in Hugging Face's format; read again if changed."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory

    async def __aenter__(self) -> TokenizerFiles:
        return self

    async def __aexit__(self, *exc: object) -> None:
        pass

    async def key(self, model: str) -> str | None:
        return await asyncio.to_thread(self._key, model)

    async def fetch(self, model: str, caller: Caller) -> Build:
        file = await asyncio.to_thread(self._file, model)
        if file is None:
            raise NotConfigured(f"the tokenizer of model {model!r} was just removed from {self._directory}")
        return lambda: _from_file(file, model)

    def _key(self, model: str) -> str | None:
        if (file := self._file(model)) is None:
            return None
        state = file.stat()
        return f"{file} {state.st_mtime_ns} {state.st_size}"

    def _file(self, model: str) -> Path | None:
        """Skills choose the name, so it must not lead out of the directory."""
        if not model or "\0" in model or any(part in ("", ".", "..") for part in model.split("/")):
            return None
        places = (self._directory / f"{model}.json", self._directory / model / "tokenizer.json")
        try:
            return next((place for place in places if place.is_file()), None)
        except (OSError, ValueError):
            return None  # names that no file can have


def _from_file(file: Path, model: str) -> Tokenizer:
    from tokenizers import Tokenizer

    try:
        return Tokenizer.from_file(str(file))
    except Exception as error:  # the library raises nothing narrower
        raise NotConfigured(f"the tokenizer of model {model!r} can not be read from {file}: {error}") from None
