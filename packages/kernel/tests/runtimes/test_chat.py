"""Skills that are a model behind a system prompt."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from typing import Any

import msgspec
import pytest
from jsonschema import validate

from pharia_kernel.csi.types import Begin, ChatRequest, End, Finish, Part, TextPart, Turn, Usage, Used
from pharia_kernel.errors import BackendFailed, HostFault, SkillRejectedInput
from pharia_kernel.runtimes.chat import ChatSkill
from pharia_kernel.types import MessageAppend, MessageBegin, MessageEnd, OutputItem, SkillKind

SKILL = ChatSkill("1", "m", "You help.")


class Listener:
    def __init__(self) -> None:
        self.items: list[OutputItem] = []

    def try_write(self, item: OutputItem) -> bool:
        raise NotImplementedError

    async def write(self, item: OutputItem) -> None:
        self.items.append(item)


class TalkingCsi:
    def __init__(self, finish: Finish = "stop", fails: bool = False) -> None:
        self.finish = finish
        self.fails = fails
        self.asked: list[ChatRequest] = []

    async def chat_stream(self, request: ChatRequest) -> AsyncGenerator[Part, None]:
        self.asked.append(request)
        yield Begin("assistant")
        if self.fails:
            raise BackendFailed("out of words")
        yield TextPart("Hel")
        yield TextPart("lo")
        yield End(self.finish)
        yield Used(Usage(1, 2))


def messages(*turns: tuple[str, str]) -> bytes:
    return msgspec.json.encode({"messages": [{"role": role, "content": content} for role, content in turns]})


async def run(csi: Any, input: bytes) -> list[OutputItem]:
    output = Listener()
    assert await SKILL.run(input, csi, output) == b""
    return output.items


@pytest.mark.parametrize(
    ("finish", "payload"),
    [
        ("stop", b'"Stop"'),
        ("length", b'"Length"'),
        ("content-filter", b'"ContentFilter"'),
        ("tool-calls", b'"ToolCalls"'),
    ],
)
async def test_the_model_answers_as_one_message_that_ends_with_the_reason(finish: Finish, payload: bytes) -> None:
    items = await run(TalkingCsi(finish), messages(("user", "Hi")))
    assert items == [MessageBegin(), MessageAppend("Hel"), MessageAppend("lo"), MessageEnd(msgspec.Raw(payload))]


async def test_the_system_prompt_comes_before_the_conversation_and_nothing_else_is_asked_for() -> None:
    csi = TalkingCsi()
    await run(csi, messages(("system", "Be brief."), ("user", "Hi"), ("assistant", "Yes?"), ("user", "Help")))
    turns = (
        Turn("system", "You help."),
        Turn("system", "Be brief."),
        Turn("user", "Hi"),
        Turn("assistant", "Yes?"),
        Turn("user", "Help"),
    )
    assert csi.asked == [ChatRequest("m", turns)]


@pytest.mark.parametrize(
    ("input", "reason"),
    [
        (b"null", "Expected `object`"),
        (b"{}", "missing required field `messages`"),
        (b'{"messages": [{"role": "user"}]}', "missing required field `content`"),
        (messages(("tool", "x")), "Invalid role: tool"),
        (b"[" * 100_000, "a chat skill takes"),
    ],
)
async def test_another_input_is_refused_with_the_reason(input: bytes, reason: str) -> None:
    with pytest.raises(SkillRejectedInput, match=reason):
        await run(TalkingCsi(), input)


async def test_a_failure_of_the_model_is_a_failure_of_the_skill() -> None:
    with pytest.raises(BackendFailed, match="out of words"):
        await run(TalkingCsi(fails=True), messages(("user", "Hi")))


async def test_its_metadata_says_what_it_takes() -> None:
    metadata = await SKILL.metadata()
    assert (metadata.description, metadata.version) == ("A chat skill", "0.3")
    assert (metadata.skill_type, metadata.output_schema) == (SkillKind.MESSAGE_STREAM, None)
    assert metadata.input_schema["title"] == "SkillInput"
    assert metadata.input_schema["required"] == ["messages"]
    assert metadata.input_schema["properties"]["messages"]["title"] == "Messages"
    validate(msgspec.json.decode(messages(("user", "Hi"))), metadata.input_schema)


def test_its_digest_tells_whether_it_is_the_same_skill() -> None:
    assert SKILL.digest == ChatSkill("1", "m", "You help.").digest
    assert len({ChatSkill(*other).digest for other in (("2", "m", "p"), ("1", "n", "p"), ("1", "m", "q"))}) == 3


async def test_it_is_no_function() -> None:
    assert SKILL.kind is SkillKind.MESSAGE_STREAM
    with pytest.raises(HostFault):
        await SKILL.run(b"null", None, None)  # type: ignore[arg-type]
    await SKILL.aclose()
