"""Callers with an API key."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

from pharia_kernel.access.authenticator import Identity
from pharia_kernel.access.keys.file import read_keys
from pharia_kernel.access.keys.key import Key, new_key, parts_of
from pharia_kernel.errors import ConfigError, TokenRefused
from pharia_kernel.types import Rights

logger = logging.getLogger("pharia_kernel.access")

Stamp = tuple[int, int, int]


class FileKeys:
    """Implements :class:`~pharia_kernel.access.authenticator.Authenticator`.

    Follows changes of the file. While it is gone or wrong the last good keys hold, and the log says so.
    """

    def __init__(
        self, file: Path, *, look_seconds: float = 1.0, now: Callable[[], datetime] = lambda: datetime.now(UTC)
    ) -> None:
        self._file = file
        self._look_seconds = look_seconds
        self._now = now
        self._keys: dict[str, Key] = {}
        self._stamp: Stamp | None = None
        self._problem: str | None = None
        self._watching: asyncio.Task[None] | None = None
        self._nobody, _ = new_key("nobody", (), (), now(), None)

    async def __aenter__(self) -> FileKeys:
        """Raises :class:`ConfigError` if the file can not be used."""
        self._read()
        self._watching = asyncio.create_task(self._watch(), name="API keys")
        return self

    async def __aexit__(self, *exc: object) -> None:
        if self._watching is not None:
            self._watching.cancel()
            with suppress(asyncio.CancelledError):
                await self._watching

    async def identify(self, token: str) -> Identity:
        parts = parts_of(token)
        if parts is None:
            raise TokenRefused("not an API key")
        id, secret = parts
        key = self._keys.get(id, self._nobody)  # an unknown id takes as long as a wrong secret
        if not key.fits(secret) or key is self._nobody:
            raise TokenRefused(f"no such key (id {id})")
        if key.expires is not None and key.expires <= self._now():
            raise TokenRefused(f"key {id} has expired")
        actions = frozenset(key.actions)
        return Identity(f"key:{id}", Rights(dict.fromkeys(key.namespaces, actions)), forwarded=False)

    def look(self) -> None:
        """Read the file again if it has changed. Blocks for two system calls, or for reading a small file."""
        try:
            if _stamp(self._file) != self._stamp:
                self._read()
        except (ConfigError, OSError) as error:
            self._complain(str(error))
        else:
            self._problem = None

    def _read(self) -> None:
        stamp = None
        with suppress(OSError):
            stamp = _stamp(self._file)
        self._keys = {key.id: key for key in read_keys(self._file)}
        self._stamp = stamp  # of before: a change meanwhile is seen with the next look
        logger.info("%d API keys", len(self._keys), extra={"file": str(self._file)})

    def _complain(self, problem: str) -> None:
        if problem != self._problem:
            logger.error("the last good API keys stay in force: %s", problem)
        self._problem = problem

    async def _watch(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            await asyncio.sleep(self._look_seconds)
            try:
                await loop.run_in_executor(None, self.look)
            except Exception:
                logger.exception("looking at the API keys; it goes on")


def _stamp(file: Path) -> Stamp:
    found = file.stat()
    return found.st_mtime_ns, found.st_size, found.st_ino
