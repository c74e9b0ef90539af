"""Skills that are part of the kernel: namespace ``test-beta``, for trying a connection without any skill at hand.

They ignore their input.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import ClassVar

from pharia_kernel.csi.csi import Csi
from pharia_kernel.csi.types import ChatRequest, ToolError, ToolRequest, Turn
from pharia_kernel.errors import HostFault, SkillReportedError
from pharia_kernel.runtimes.chat import relay_chat
from pharia_kernel.types import MessageAppend, MessageBegin, MessageEnd, Output, SkillKind, SkillMetadata, SkillPath

NAMESPACE = "test-beta"

_DUMMY = "I am a dummy Skill"
_JOKE = ChatRequest("llama-3.1-8b-instruct", (Turn("user", "Tell me a joke!"),), max_tokens=300, temperature=0.3)


@dataclass(frozen=True)
class BuiltinSkill:
    """A message stream written in Python."""

    stream: Callable[[Csi, Output], Awaitable[None]]
    as_function: str | None = None
    """The error it reports when it is called as a function; none means that the kernel refuses the call."""
    metadata_error: str | None = None

    kind: ClassVar[SkillKind] = SkillKind.MESSAGE_STREAM
    digest: ClassVar[str] = "builtin"

    async def run(self, input: bytes, csi: Csi, output: Output | None) -> bytes:
        if output is None:
            raise HostFault("a built-in skill was called as a function")
        await self.stream(csi, output)
        return b""

    async def metadata(self) -> SkillMetadata:
        if self.metadata_error is not None:
            raise SkillReportedError(self.metadata_error)
        return SkillMetadata()

    async def aclose(self) -> None:
        pass


async def _hello(csi: Csi, output: Output) -> None:
    await output.write(MessageBegin())
    for letter in "Hello":
        await output.write(MessageAppend(letter))
    await output.write(MessageEnd())


async def _saboteur(csi: Csi, output: Output) -> None:
    raise SkillReportedError("Skill is a saboteur")


async def _tell_me_a_joke(csi: Csi, output: Output) -> None:
    await relay_chat(csi, _JOKE, output)


async def _tool_caller(csi: Csi, output: Output) -> None:
    (result,) = await csi.invoke_tools([ToolRequest("add", (("a", b"1"), ("b", b"2")))])
    if isinstance(result, ToolError):
        raise SkillReportedError(result.message)
    await output.write(MessageBegin())
    text = "".join(result.texts)
    await output.write(MessageAppend(f"The result of calling the add tool for a=1 and b=2 is: {text}"))
    await output.write(MessageEnd())


def builtin_skills() -> dict[SkillPath, BuiltinSkill]:
    return {
        SkillPath(NAMESPACE, "hello"): BuiltinSkill(_hello, as_function=_DUMMY),
        SkillPath(NAMESPACE, "saboteur"): BuiltinSkill(_saboteur),
        SkillPath(NAMESPACE, "tell_me_a_joke"): BuiltinSkill(
            _tell_me_a_joke, as_function=_DUMMY, metadata_error=_DUMMY
        ),
        SkillPath(NAMESPACE, "tool_caller"): BuiltinSkill(
            _tool_caller,
            as_function="I am a `message_stream` skill. Use the `message_stream` endpoint to invoke me.",
        ),
    }
