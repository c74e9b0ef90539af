"""The order in which a message-stream skill may write its items."""

from __future__ import annotations

from pharia_kernel.errors import ProtocolViolation
from pharia_kernel.invocations.payload import check_output
from pharia_kernel.types import MessageAppend, MessageBegin, MessageEnd, OutputItem

_BLAME = "This is a bug in the skill. Please contact its developer."


class MessageOrder:
    """Inside or outside a message; any number of messages may follow each other, the last may stay open."""

    __slots__ = ("_open",)

    def __init__(self) -> None:
        self._open = False

    def check(self, item: OutputItem) -> None:
        """Raises :class:`ProtocolViolation`, or :class:`InvalidOutput` for an end payload that is not JSON."""
        kind = type(item)
        if kind is MessageAppend:
            if not self._open:
                raise _not_begun("message append")
        elif kind is MessageBegin:
            if self._open:
                raise ProtocolViolation(
                    "The skill inserted a message begin into while the previous message has not been ended yet. "
                    + _BLAME
                )
            self._open = True
        elif isinstance(item, MessageEnd):
            check_output(bytes(item.payload), "the payload of a message end")
            if not self._open:
                raise _not_begun("message end")
            self._open = False
        elif not self._open:
            raise _not_begun("reasoning message")


def _not_begun(what: str) -> ProtocolViolation:
    return ProtocolViolation(
        f"The skill inserted a {what} into the stream, which has not been preceded by a message begin. {_BLAME}"
    )
