"""The skills of ``test-beta``."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from typing import Any

import pytest

from pharia_kernel.csi.types import (
    Begin,
    ChatRequest,
    End,
    Finish,
    Part,
    TextPart,
    ToolError,
    ToolOutput,
    ToolRequest,
    ToolResult,
    Turn,
)
from pharia_kernel.errors import BackendFailed, SkillReportedError
from pharia_kernel.runtimes.builtin import BuiltinSkill, builtin_skills
from pharia_kernel.types import MessageAppend, MessageBegin, MessageEnd, OutputItem, SkillKind, SkillMetadata, SkillPath


class Listener:
    def __init__(self) -> None:
        self.items: list[OutputItem] = []

    def try_write(self, item: OutputItem) -> bool:
        self.items.append(item)
        return True

    async def write(self, item: OutputItem) -> None:
        self.items.append(item)

    @property
    def text(self) -> list[str]:
        return [item.text for item in self.items if isinstance(item, MessageAppend)]

    @property
    def payload(self) -> bytes:
        last = self.items[-1]
        assert isinstance(last, MessageEnd)
        return bytes(last.payload)


class CannedCsi:
    def __init__(self, finish: Finish = "stop", result: ToolResult | None = None, fail: bool = False) -> None:
        self.finish = finish
        self.result = result or ToolOutput(("3",))
        self.fail = fail
        self.asked: list[ChatRequest | ToolRequest] = []
        self.closed = False

    async def chat_stream(self, request: ChatRequest) -> AsyncGenerator[Part, None]:
        self.asked.append(request)
        try:
            yield Begin("assistant")
            yield TextPart("Knock ")
            if self.fail:
                raise BackendFailed("the model is asleep")
            yield TextPart("knock")
            yield End(self.finish)
        finally:
            self.closed = True

    async def invoke_tools(self, requests: Sequence[ToolRequest]) -> list[ToolResult]:
        self.asked.extend(requests)
        return [self.result]


def skill(name: str) -> BuiltinSkill:
    return builtin_skills()[SkillPath("test-beta", name)]


async def run(name: str, csi: Any = None) -> Listener:
    listener = Listener()
    assert await skill(name).run(b"null", csi, listener) == b""
    return listener


def test_there_are_four_and_all_are_streams() -> None:
    skills = builtin_skills()
    assert [str(path) for path in sorted(skills)] == [
        "test-beta/hello",
        "test-beta/saboteur",
        "test-beta/tell_me_a_joke",
        "test-beta/tool_caller",
    ]
    assert {each.kind for each in skills.values()} == {SkillKind.MESSAGE_STREAM}


async def test_hello_says_hello_letter_by_letter() -> None:
    heard = await run("hello")
    assert heard.items[0] == MessageBegin()
    assert heard.text == ["H", "e", "l", "l", "o"]
    assert heard.payload == b"null"


async def test_saboteur_fails() -> None:
    with pytest.raises(SkillReportedError, match=r"^Skill is a saboteur$"):
        await run("saboteur")


@pytest.mark.parametrize(
    ("finish", "payload"),
    [
        ("stop", b'"Stop"'),
        ("length", b'"Length"'),
        ("content-filter", b'"ContentFilter"'),
        ("tool-calls", b'"ToolCalls"'),
    ],
)
async def test_tell_me_a_joke_streams_the_models_answer(finish: Finish, payload: bytes) -> None:
    csi = CannedCsi(finish)
    heard = await run("tell_me_a_joke", csi)
    assert csi.asked == [
        ChatRequest("llama-3.1-8b-instruct", (Turn("user", "Tell me a joke!"),), max_tokens=300, temperature=0.3)
    ]
    assert heard.items[0] == MessageBegin()
    assert heard.text == ["Knock ", "knock"]
    assert heard.payload == payload


async def test_tell_me_a_joke_passes_the_backends_error_on_and_closes_the_stream() -> None:
    csi = CannedCsi(fail=True)
    with pytest.raises(BackendFailed, match="asleep"):
        await run("tell_me_a_joke", csi)
    assert csi.closed


async def test_tool_caller_adds_one_and_two() -> None:
    csi = CannedCsi()
    heard = await run("tool_caller", csi)
    assert csi.asked == [ToolRequest("add", (("a", b"1"), ("b", b"2")))]
    assert heard.text == ["The result of calling the add tool for a=1 and b=2 is: 3"]
    assert heard.payload == b"null"


async def test_tool_caller_reports_the_tools_error() -> None:
    with pytest.raises(SkillReportedError, match=r"^no such tool$"):
        await run("tool_caller", CannedCsi(result=ToolError("no such tool")))


@pytest.mark.parametrize("name", ["hello", "saboteur", "tool_caller"])
async def test_metadata_is_empty(name: str) -> None:
    assert await skill(name).metadata() == SkillMetadata(skill_type=SkillKind.FUNCTION)


async def test_tell_me_a_joke_has_no_metadata() -> None:
    with pytest.raises(SkillReportedError, match=r"^I am a dummy Skill$"):
        await skill("tell_me_a_joke").metadata()
