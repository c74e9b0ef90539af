"""``pharia_skill.message_stream`` under the name it had in SDK 0.11."""

from pharia_skill.message_stream import (
    MessageAppend,
    MessageBegin,
    MessageEnd,
    MessageItem,
    MessageWriter,
    message_stream,
)

__all__ = ["MessageAppend", "MessageBegin", "MessageEnd", "MessageItem", "MessageWriter", "message_stream"]
