"""How runs begin and end, and how much they may use."""

from __future__ import annotations

import asyncio
import json

import pytest

from pharia_kernel.errors import (
    KernelError,
    MemoryExceeded,
    OutputTooLarge,
    SkillRejectedInput,
    SkillReportedError,
)
from pharia_kernel.types import SkillKind, SkillMetadata

from .calls import calls
from .guest import EVERY, SPLIT, Guest, on
from .scripted_csi import ScriptedCsi

HANDLERS = ("0.1", "0.2", *SPLIT)


@on(*EVERY)
async def test_line_and_kind_are_recognised(guest: Guest) -> None:
    line, app = guest.name.rsplit("-", 1)
    assert guest.skill.version == (None if app == "text" else line)
    assert guest.skill.kind is (SkillKind.MESSAGE_STREAM if app == "stream" else SkillKind.FUNCTION)


@on(*EVERY)
async def test_nothing_survives_to_the_next_run(guest: Guest, no_csi: ScriptedCsi) -> None:
    assert await guest.do(no_csi, ["count"], ["count"]) == [1, 2]
    assert await guest.do(no_csi, ["count"]) == [1]


@on("0.4")
async def test_runs_at_the_same_time_do_not_see_each_other(guest: Guest, no_csi: ScriptedCsi) -> None:
    answers = await asyncio.gather(*[guest.do(no_csi, ["count"], ["sleep", 0], ["count"]) for _ in range(8)])
    assert [(first, last) for first, _, last in answers] == [(1, 2)] * 8


@on(*HANDLERS, app="function")
@pytest.mark.parametrize("answer", ['{"a" : 1}', "", "not JSON", "\xff\x00"])
async def test_the_bytes_of_a_function_are_handed_on_as_they_are(
    guest: Guest, no_csi: ScriptedCsi, answer: str
) -> None:
    assert await guest.run(no_csi, ["answer", answer]) == answer.encode("latin-1")


@on("unversioned")
async def test_the_text_of_the_first_skills_becomes_a_json_string(guest: Guest, no_csi: ScriptedCsi) -> None:
    input = json.dumps(json.dumps([["answer", 'say "ü"']])).encode()
    assert json.loads(await guest.skill.run(input, no_csi, None)) == 'say "ü"'


@on("unversioned")
@pytest.mark.parametrize("input", [b"{}", b"null", b"1", b'["text"]', rb'"\ud800"'])
async def test_the_first_skills_take_nothing_but_text(guest: Guest, no_csi: ScriptedCsi, input: bytes) -> None:
    with pytest.raises(SkillRejectedInput):
        await guest.skill.run(input, no_csi, None)


@on(*HANDLERS)
@pytest.mark.parametrize(("case", "error"), [("internal", SkillReportedError), ("invalid-input", SkillRejectedInput)])
async def test_errors_of_the_skill_reach_the_caller(
    guest: Guest, no_csi: ScriptedCsi, case: str, error: type[KernelError]
) -> None:
    with pytest.raises(error, match="Grüße") as caught:
        await guest.do(no_csi, ["fail", case, "Grüße"])
    assert type(caught.value) is error


@on(*EVERY)
async def test_memory_is_limited(guest: Guest, no_csi: ScriptedCsi) -> None:
    with pytest.raises(MemoryExceeded):
        await guest.do(no_csi, ["allocate", 200])
    assert await guest.do(no_csi, ["allocate", 10]) == [10]


@on(*EVERY)
async def test_a_skill_may_do_without_the_memory_it_does_not_get(guest: Guest, no_csi: ScriptedCsi) -> None:
    assert await guest.do(no_csi, ["survive", ["allocate", 200]], ["count"]) == ["MemoryError()", 1]


@on(*HANDLERS, app="function")
@pytest.mark.parametrize("size", [2_700_001, 3_000_000])
async def test_answers_may_not_be_larger_than_the_limit(guest: Guest, no_csi: ScriptedCsi, size: int) -> None:
    with pytest.raises(OutputTooLarge):
        await guest.run(no_csi, ["answer_zeroes", size])


@on(*HANDLERS, app="function")
async def test_answers_may_be_as_large_as_the_limit(guest: Guest, no_csi: ScriptedCsi) -> None:
    assert await guest.run(no_csi, ["answer_zeroes", 2_700_000]) == b"0" * 2_700_000


@on("0.4", app="function")
async def test_an_input_of_eight_megabytes_arrives(guest: Guest, no_csi: ScriptedCsi) -> None:
    assert await guest.do(no_csi, ["length", "a" * 8_000_000]) == [8_000_000]


@on(*EVERY)
async def test_an_endless_host_call_can_be_stopped(guest: Guest) -> None:
    asked, stopped = asyncio.Event(), asyncio.Event()

    async def never() -> list[object]:
        asked.set()
        try:
            await asyncio.Event().wait()
        finally:
            stopped.set()
        return []

    *_, (operation, call) = calls(guest.line)
    run = asyncio.create_task(guest.do(ScriptedCsi(**{operation: never}), call))
    await asked.wait()
    run.cancel()
    with pytest.raises(asyncio.CancelledError):
        await run
    assert stopped.is_set()


@on(*SPLIT, app="function")
async def test_functions_describe_themselves(guest: Guest) -> None:
    schemas = {"type": "array"}, {"items": {"type": "integer"}}
    assert await guest.skill.metadata() == SkillMetadata("does steps", guest.line, SkillKind.FUNCTION, *schemas)


@on("unversioned", "0.1", "0.2")
async def test_skills_before_line_0_3_have_nothing_to_say_about_themselves(guest: Guest) -> None:
    assert await guest.skill.metadata() == SkillMetadata(version=guest.skill.version)


@on(*SPLIT, app="stream")
async def test_message_streams_have_nothing_to_say_about_themselves(guest: Guest) -> None:
    assert await guest.skill.metadata() == SkillMetadata(version=guest.line, skill_type=SkillKind.MESSAGE_STREAM)
