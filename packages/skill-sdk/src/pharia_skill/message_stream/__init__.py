"""Skills that write messages while they run."""

from pharia_skill.message_stream.agent import AgentInput, AgentMessage, agent
from pharia_skill.message_stream.decorator import message_stream
from pharia_skill.message_stream.message import OpenMessage
from pharia_skill.message_stream.writer import (
    MessageAppend,
    MessageBegin,
    MessageEnd,
    MessageItem,
    MessageWriter,
)

__all__ = [
    "AgentInput",
    "AgentMessage",
    "MessageAppend",
    "MessageBegin",
    "MessageEnd",
    "MessageItem",
    "MessageWriter",
    "OpenMessage",
    "agent",
    "message_stream",
]
