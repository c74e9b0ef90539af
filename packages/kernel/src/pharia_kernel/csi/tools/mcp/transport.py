"""What a session of the SDK reads from and writes to."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from anyio.streams.memory import MemoryObjectSendStream
from mcp.shared.message import ClientMessageMetadata, SessionMessage
from mcp.types import JSONRPCError, JSONRPCMessage, JSONRPCNotification, JSONRPCRequest, JSONRPCResponse, RequestId
from pydantic import ValidationError

from pharia_kernel.csi.tools.mcp.failures import ServerFailed

_LIST_CHANGED = "notifications/tools/list_changed"
_ID_DIGITS = 20

Delivery = MemoryObjectSendStream[SessionMessage | Exception]


class Transport(Protocol):
    """Sends in the task of who asks: failure, deadline, cancellation and trace are those of one request.

    The transports of the SDK send in a task of their own, whose first failure ends all other requests, and take answers
    of any size.
    """

    lost: asyncio.Event
    """Set when no further request will be answered."""

    @property
    def has_session(self) -> bool:
        """The server may have something to say by itself."""
        ...

    async def send(self, message: SessionMessage) -> None:
        """Raises :class:`~pharia_kernel.csi.tools.mcp.failures.ServerFailed`."""
        ...

    async def listen(self) -> None:
        """Deliver what the server says by itself, until it does not offer that any longer."""
        ...

    async def __aenter__(self) -> Transport: ...

    async def __aexit__(self, *exc: object) -> None: ...


@dataclass
class Sent(ClientMessageMetadata):
    """Goes with a request through the session, to learn which id it got."""

    request_id: RequestId | None = None


def note_id(message: SessionMessage) -> None:
    root = message.message.root
    if isinstance(message.metadata, Sent) and isinstance(root, JSONRPCRequest):
        message.metadata.request_id = root.id


def encoded(message: SessionMessage) -> bytes:
    return message.message.model_dump_json(by_alias=True, exclude_none=True).encode()


def decoded(data: bytes) -> JSONRPCMessage:
    """Raises :class:`ServerFailed`."""
    try:
        return JSONRPCMessage.model_validate_json(data)
    except ValidationError:
        raise ServerFailed("it sent something that is not a message of the protocol") from None


def answers(message: JSONRPCMessage) -> RequestId | None:
    """The id of the request that the message answers."""
    root = message.root
    return root.id if isinstance(root, JSONRPCResponse | JSONRPCError) else None


def concerns_us(message: JSONRPCMessage) -> bool:
    """Not what the session would only write into the log: other notifications, answers to nobody."""
    root = message.root
    if isinstance(root, JSONRPCNotification):
        return root.method == _LIST_CHANGED
    found = answers(message)
    return found is None or (isinstance(found, int) or (len(found) < _ID_DIGITS and found.isdecimal()))


def same(found: RequestId | None, asked: RequestId) -> bool:
    """Some servers make texts of numbers."""
    return found is not None and str(found) == str(asked)


async def ended(tasks: Sequence[asyncio.Task[None]]) -> None:
    """Cancel them, and wait for their end."""
    for task in tasks:
        task.cancel()
    if tasks:
        await asyncio.wait(tasks)
