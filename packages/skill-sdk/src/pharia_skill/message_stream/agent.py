"""``@agent``: a message-stream skill whose input is a conversation."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from typing import Any, Literal, Self, overload

from pydantic import BaseModel

from pharia_skill.csi.csi import Csi
from pharia_skill.csi.inference import Message
from pharia_skill.entry import Options
from pharia_skill.message_stream.decorator import stream_skill
from pharia_skill.message_stream.writer import MessageWriter


class AgentMessage(BaseModel):
    role: Literal["user", "agent"]
    content: str

    @classmethod
    def user(cls, content: str) -> Self:
        return cls(role="user", content=content)

    @classmethod
    def agent(cls, content: str) -> Self:
        return cls(role="agent", content=content)

    def as_chat_message(self) -> Message:
        return Message.user(self.content) if self.role == "user" else Message.assistant(self.content)


class AgentInput(BaseModel):
    """A conversation, oldest message first."""

    messages: list[AgentMessage]

    def as_chat_messages(self, system: str | None = None) -> list[Message]:
        """What a model is sent; ``system`` goes first."""
        first = [] if system is None else [Message.system(system)]
        return first + [message.as_chat_message() for message in self.messages]

    @property
    def question(self) -> str | None:
        """What the user wrote last; ``None`` before the user wrote anything."""
        return next((message.content for message in reversed(self.messages) if message.role == "user"), None)


AgentSkill = Callable[[Csi, MessageWriter[None], AgentInput], None]


@overload
def agent(func: AgentSkill, /) -> AgentSkill: ...


@overload
def agent(
    *, name: str | None = None, description: str | None = None, examples: Sequence[Any] = (), tags: Sequence[str] = ()
) -> Callable[[AgentSkill], AgentSkill]: ...


def agent(
    func: AgentSkill | None = None,
    /,
    *,
    name: str | None = None,
    description: str | None = None,
    examples: Sequence[Any] = (),
    tags: Sequence[str] = (),
) -> AgentSkill | Callable[[AgentSkill], AgentSkill]:
    """As :func:`~pharia_skill.message_stream`, for a function that takes :class:`AgentInput`."""
    scope = sys._getframe(1).f_locals
    options = Options(name, description, examples, tags)
    if func is not None:
        return stream_skill(func, "agent", scope, options)
    return lambda func: stream_skill(func, "agent", scope, options)
