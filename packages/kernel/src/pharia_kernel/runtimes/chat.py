"""Skills that are a conversation with a model behind a system prompt: no code, only a line of configuration."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from contextlib import aclosing
from dataclasses import dataclass
from typing import ClassVar, Literal

import msgspec

from pharia_kernel.csi.csi import Csi
from pharia_kernel.csi.types import ChatRequest, End, Finish, TextPart, Turn
from pharia_kernel.errors import HostFault, SkillRejectedInput
from pharia_kernel.types import JsonValue, MessageAppend, MessageBegin, MessageEnd, Output, SkillKind, SkillMetadata

_FINISH: Mapping[Finish, str] = {
    "stop": "Stop",
    "length": "Length",
    "content-filter": "ContentFilter",
    "tool-calls": "ToolCalls",
}
_ROLES = ("system", "user", "assistant")
_INTERFACE = "0.3"


class _Message(msgspec.Struct, frozen=True):
    role: str
    content: str


class _Input(msgspec.Struct, frozen=True):
    messages: tuple[_Message, ...]


_decoder = msgspec.json.Decoder(_Input)


@dataclass(frozen=True)
class ChatSkill:
    """Implements :class:`~pharia_kernel.runtimes.skill.Skill` as a message stream."""

    version: str
    """As whoever configured it counts."""
    model: str
    system_prompt: str

    kind: ClassVar[Literal[SkillKind.MESSAGE_STREAM]] = SkillKind.MESSAGE_STREAM

    @property
    def digest(self) -> str:
        """Of what was configured."""
        content = msgspec.json.encode([self.version, self.model, self.system_prompt])
        return f"sha256:{hashlib.sha256(content).hexdigest()}"

    async def run(self, input: bytes, csi: Csi, output: Output | None) -> bytes:
        if output is None:
            raise HostFault("a chat skill was called as a function")
        turns = (Turn("system", self.system_prompt), *_turns(input))
        await relay_chat(csi, ChatRequest(self.model, turns), output)
        return b""

    async def metadata(self) -> SkillMetadata:
        return SkillMetadata("A chat skill", _INTERFACE, SkillKind.MESSAGE_STREAM, _INPUT_SCHEMA)

    async def aclose(self) -> None:
        pass


async def relay_chat(csi: Csi, request: ChatRequest, output: Output) -> None:
    """Write what the model says as one message, whose payload is the reason for its end."""
    finish: Finish = "stop"
    await output.write(MessageBegin())
    async with aclosing(csi.chat_stream(request)) as parts:
        async for part in parts:
            if isinstance(part, TextPart):
                await output.write(MessageAppend(part.text))
            elif isinstance(part, End):
                finish = part.finish
    await output.write(MessageEnd(msgspec.Raw(msgspec.json.encode(_FINISH[finish]))))


def _turns(input: bytes) -> list[Turn]:
    try:
        messages = _decoder.decode(input).messages
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise SkillRejectedInput(f'a chat skill takes {{"messages": [{{"role", "content"}}, …]}}: {error}') from None
    for message in messages:
        if message.role not in _ROLES:
            raise SkillRejectedInput(f"Invalid role: {message.role} (roles are {', '.join(_ROLES)})")
    return [Turn(message.role, message.content) for message in messages]


_MESSAGE: JsonValue = {
    "type": "object",
    "title": "Message",
    "properties": {
        "role": {"type": "string", "title": "Role", "enum": list(_ROLES)},
        "content": {"type": "string", "title": "Content"},
    },
    "required": ["role", "content"],
}
_INPUT_SCHEMA: JsonValue = {
    "type": "object",
    "title": "SkillInput",
    "properties": {"messages": {"type": "array", "title": "Messages", "items": _MESSAGE}},
    "required": ["messages"],
}
