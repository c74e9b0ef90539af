"""``@agent``: a message-stream skill whose input is a conversation."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

from pydantic import BaseModel

from pharia_skill.csi.csi import Csi
from pharia_skill.csi.inference import Message
from pharia_skill.message_stream.decorator import message_stream
from pharia_skill.message_stream.writer import MessageWriter


class AgentMessage(BaseModel):
    role: Literal["user", "agent"]
    content: str

    def as_chat_message(self) -> Message:
        return Message.user(self.content) if self.role == "user" else Message.assistant(self.content)


class AgentInput(BaseModel):
    messages: list[AgentMessage]

    def as_chat_messages(self) -> list[Message]:
        return [message.as_chat_message() for message in self.messages]


AgentSkill = Callable[[Csi, MessageWriter[None], AgentInput], None]


def agent(func: AgentSkill) -> AgentSkill:
    """As :func:`~pharia_skill.message_stream`, for a function that takes :class:`AgentInput`."""
    return message_stream(func)
