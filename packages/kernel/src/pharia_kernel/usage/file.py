"""Usage that outlives the process: one file, written anew whenever something has changed."""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

import msgspec

from pharia_kernel.usage.amounts import Row
from pharia_kernel.usage.book import UsageBook

logger = logging.getLogger("pharia_kernel.usage")

SAVE_SECONDS = 10.0
_LARGEST = 64 * 1024 * 1024
_decoder = msgspec.json.Decoder(list[Row])


@asynccontextmanager
async def kept_in(file: Path, book: UsageBook, seconds: float = SAVE_SECONDS) -> AsyncGenerator[None, None]:
    """Read the file into the book, and keep it up to date while the context is open.

    A file that can not be read, or written, is reported and harms nothing else.
    """
    book.take(await asyncio.to_thread(read, file))
    saving = asyncio.create_task(_save_often(file, book, seconds), name="usage file")
    try:
        yield
    finally:
        saving.cancel()
        await asyncio.wait({saving})
        await asyncio.to_thread(_save, file, book.rows())


async def _save_often(file: Path, book: UsageBook, seconds: float) -> None:
    saved = book.changes
    while True:
        await asyncio.sleep(seconds)
        if book.changes != saved:
            saved = book.changes
            await asyncio.to_thread(_save, file, book.rows())


def read(file: Path) -> list[Row]:
    try:
        with file.open("rb") as opened:
            data = opened.read(_LARGEST)
        return _decoder.decode(data)
    except FileNotFoundError:
        return []
    except (OSError, msgspec.DecodeError, UnicodeDecodeError) as error:
        logger.error("the usage in %s can not be read, it begins anew: %s", file, error)
        return []


def _save(file: Path, rows: list[Row]) -> None:
    part = file.with_name(f"{file.name}.part")
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        with part.open("wb") as opened:
            opened.write(msgspec.json.encode(rows))
            opened.flush()
            os.fsync(opened.fileno())
        part.replace(file)
    except OSError as error:
        logger.error("the usage can not be written to %s: %s", file, error)
