"""Working for a client only as long as it is there."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager

from starlette.types import Receive


class ClientGone(Exception):
    """The client closed the connection; there is nobody to answer."""


@asynccontextmanager
async def while_connected(watch: Coroutine[None, None, None]) -> AsyncIterator[None]:
    """Run ``watch`` beside the body, which is cancelled when ``watch`` raises :class:`ClientGone`.

    Errors of the body come out as they are.
    """
    try:
        async with asyncio.TaskGroup() as group:
            watcher = group.create_task(watch)
            yield
            watcher.cancel()
    except BaseExceptionGroup as errors:
        error = next((error for error in errors.exceptions if isinstance(error, ClientGone)), errors.exceptions[0])
        raise error from error.__cause__


async def until_gone(receive: Receive) -> None:
    """Wait for the client to leave and raise :class:`ClientGone`. The request body must have been read."""
    while (await receive())["type"] != "http.disconnect":
        pass
    raise ClientGone
