"""The order in which messages may be written, as the kernel wants it."""

from __future__ import annotations

from typing import Any

from pharia_skill.errors import MessageOutOfOrder
from pharia_skill.message_stream.items import MessageBegin, MessageEnd, MessageItem


def check_order(last: MessageItem[Any] | None, item: MessageItem[Any]) -> None:
    """Raise :class:`~pharia_skill.errors.MessageOutOfOrder` unless ``item`` may follow ``last``.

    ``last`` is ``None`` for the first item of a skill.
    """
    is_open = not (last is None or isinstance(last, MessageEnd))
    if is_open is not isinstance(item, MessageBegin):
        return
    if is_open:
        raise MessageOutOfOrder("Consecutive `MessageBegin`s must be preceded by a `MessageEnd`")
    if last is None:
        raise MessageOutOfOrder("The first item must be a `MessageBegin`")
    if isinstance(item, MessageEnd):
        raise MessageOutOfOrder("A `MessageEnd` must not be preceded by another `MessageEnd`")
    raise MessageOutOfOrder(f"A `{type(item).__name__}` must not be preceded by a `MessageEnd`: begin a message first")
