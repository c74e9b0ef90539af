"""One message, from its begin to its end."""

from __future__ import annotations

from types import TracebackType
from typing import TYPE_CHECKING, Generic, Self

from pharia_skill.errors import MessageOutOfOrder
from pharia_skill.message_stream.items import Payload

if TYPE_CHECKING:
    from pharia_skill.message_stream.writer import MessageWriter


class OpenMessage(Generic[Payload]):
    """Begins when its ``with`` block is entered and ends with it at the latest.

    A block that is left by an exception leaves the message open: the kernel tells the caller about the failure instead.
    """

    def __init__(self, writer: MessageWriter[Payload], role: str | None) -> None:
        self._writer = writer
        self._role = role
        self._ended = False

    def __enter__(self) -> Self:
        self._writer.begin_message(self._role)
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc_value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if exc_type is None and not self._ended:
            self.end()

    def append(self, text: str) -> None:
        """Raises :class:`~pharia_skill.errors.MessageOutOfOrder` once the message has ended, as the others do."""
        self._require_open("append")
        self._writer.append_to_message(text)

    def reason(self, text: str) -> None:
        """Needs a skill built for WIT 0.4."""
        self._require_open("reason")
        self._writer.append_to_reasoning(text)

    def end(self, payload: Payload | None = None) -> None:
        """``payload`` reaches the caller as JSON with the end of the message."""
        self._require_open("end")
        self._ended = True
        self._writer.end_message(payload)

    def _require_open(self, method: str) -> None:
        if self._ended:
            raise MessageOutOfOrder(f"`{method}` was called on a message that has ended: begin another one")
