"""What message-stream skills write, and what they must not."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

from pharia_kernel.errors import (
    InvalidOutput,
    KernelError,
    ModelNotFound,
    OutputTooLarge,
    ProtocolViolation,
    SkillRejectedInput,
    SkillReportedError,
    SkillTrapped,
)
from pharia_kernel.invocations import EventQueue
from pharia_kernel.types import MessageAppend, MessageBegin, MessageEnd, Reasoning, StreamEvent

from .guest import SPLIT, Guest, on
from .scripted_csi import ScriptedCsi

BEGIN = {"message-begin": {"role": None}}
END = {"message-end": None}
THINK = {"reasoning": "hm"}
PAUSE = ["call", "tool", "list-tools"]


def append(text: str) -> dict[str, str]:
    return {"message-append": text}


def written(*items: Any) -> list[list[Any]]:
    return [["write", item] for item in items]


def compared(events: list[StreamEvent]) -> list[Any]:
    """Raw payloads are equal only if they are the same object."""
    return [bytes(event.payload) if isinstance(event, MessageEnd) else event for event in events]


@on(*SPLIT, app="stream")
async def test_messages_follow_each_other(guest: Guest, no_csi: ScriptedCsi) -> None:
    first = written(BEGIN, append("Grü"), append(""), append("ße"), END)
    second = written({"message-begin": {"role": "system"}}, {"message-end": '{"a": [1 ]}'})
    events = await guest.write(no_csi, *first, *second)
    texts = [MessageAppend(text) for text in ("Grü", "", "ße")]
    assert compared(events) == [MessageBegin(), *texts, b"null", MessageBegin(), b'{"a": [1 ]}']


@on("0.4", "0.5", app="stream")
async def test_line_0_4_writes_reasoning(guest: Guest, no_csi: ScriptedCsi) -> None:
    events = await guest.write(no_csi, *written(BEGIN, THINK, append("a"), THINK, END))
    assert compared(events) == [MessageBegin(), Reasoning("hm"), MessageAppend("a"), Reasoning("hm"), b"null"]


@on(*SPLIT, app="stream")
async def test_a_stream_may_have_no_message_at_all(guest: Guest, no_csi: ScriptedCsi) -> None:
    assert await guest.write(no_csi) == []


@on(*SPLIT, app="stream")
async def test_the_last_message_may_stay_open(guest: Guest, no_csi: ScriptedCsi) -> None:
    events = await guest.write(no_csi, *written(BEGIN, append("a")))
    assert events == [MessageBegin(), MessageAppend("a")]


@on(*SPLIT, app="stream")
async def test_the_output_may_be_dropped_early(guest: Guest, no_csi: ScriptedCsi) -> None:
    events = await guest.write(no_csi, *written(BEGIN), ["drop_output"], ["count"])
    assert events == [MessageBegin()]


@on(*SPLIT, app="stream")
@pytest.mark.parametrize(
    ("before", "wrong"),
    [([], append("a")), ([], END), ([BEGIN], BEGIN), ([BEGIN, END], append("a")), ([BEGIN, append("a"), END], END)],
)
async def test_an_item_out_of_order_ends_the_run(guest: Guest, before: list[Any], wrong: Any) -> None:
    csi = ScriptedCsi(list_tools=[])
    steps = [*written(*before), ["survive", ["write", wrong]], PAUSE, *written(BEGIN, append("too late"))]
    events, failure = await guest.write_and_fail(csi, *steps)
    assert isinstance(failure, ProtocolViolation)
    assert len(events) == len(before)
    assert csi.asked == []


@on("0.4", "0.5", app="stream")
@pytest.mark.parametrize("before", [[], [BEGIN, END]])
async def test_reasoning_outside_of_a_message_ends_the_run(
    guest: Guest, no_csi: ScriptedCsi, before: list[Any]
) -> None:
    events, failure = await guest.write_and_fail(no_csi, *written(*before, THINK, BEGIN))
    assert isinstance(failure, ProtocolViolation)
    assert len(events) == len(before)


@on(*SPLIT, app="stream")
@pytest.mark.parametrize("payload", ["", "{", "{} {}", '"\xff"', "NaN"])
async def test_a_payload_that_is_not_json_ends_the_run(guest: Guest, no_csi: ScriptedCsi, payload: str) -> None:
    steps = written(BEGIN, {"message-end": payload}, BEGIN)
    events, failure = await guest.write_and_fail(no_csi, *steps)
    assert isinstance(failure, InvalidOutput)
    assert events == [MessageBegin()]


@on(*SPLIT, app="stream")
@pytest.mark.parametrize(("case", "error"), [("internal", SkillReportedError), ("invalid-input", SkillRejectedInput)])
async def test_a_skill_may_report_an_error_after_its_output(
    guest: Guest, no_csi: ScriptedCsi, case: str, error: type[KernelError]
) -> None:
    events, failure = await guest.write_and_fail(no_csi, *written(BEGIN, append("a")), ["fail", case, "because"])
    assert events == [MessageBegin(), MessageAppend("a")]
    assert type(failure) is error
    assert "because" in str(failure)


@on(*SPLIT, app="stream")
async def test_what_was_written_before_a_crash_stays(guest: Guest, no_csi: ScriptedCsi) -> None:
    events, failure = await guest.write_and_fail(no_csi, *written(BEGIN, append("a")), ["crash", "boom"])
    assert events == [MessageBegin(), MessageAppend("a")]
    assert isinstance(failure, SkillTrapped)


@on(*SPLIT, app="stream")
async def test_what_was_written_before_a_failure_of_the_csi_stays(guest: Guest) -> None:
    csi = ScriptedCsi(list_tools=ModelNotFound("no such model"))
    events, failure = await guest.write_and_fail(csi, *written(BEGIN), ["survive", PAUSE], *written(END))
    assert events == [MessageBegin()]
    assert isinstance(failure, ModelNotFound)


@on(*SPLIT, app="stream")
async def test_a_slow_consumer_slows_the_skill_down(guest: Guest, no_csi: ScriptedCsi) -> None:
    items = [MessageBegin(), *[MessageAppend(str(number)) for number in range(50)]]
    queue = EventQueue(1)
    input = json.dumps(written(BEGIN, *[append(str(number)) for number in range(50)])).encode()
    run = asyncio.create_task(guest.skill.run(input, no_csi, queue))
    assert [await anext(queue) for _ in items] == items
    assert await run == b""


@on("0.4", app="stream")
async def test_a_skill_whose_consumer_is_gone_can_be_stopped(guest: Guest) -> None:
    csi = ScriptedCsi(list_tools=[])
    queue = EventQueue(1)
    input = json.dumps([*written(BEGIN, append("a")), PAUSE, *written(append("b"), append("c"))]).encode()
    run = asyncio.create_task(guest.skill.run(input, csi, queue))
    assert await anext(queue) == MessageBegin()
    queue.close()
    run.cancel()
    with pytest.raises(asyncio.CancelledError):
        await run


@on(*SPLIT, app="stream")
async def test_a_stream_may_not_write_without_end(guest: Guest, no_csi: ScriptedCsi) -> None:
    events, failure = await guest.write_and_fail(no_csi, *written(BEGIN), *[["write_letters", 1_000_000]] * 3)
    assert isinstance(failure, OutputTooLarge)
    assert len(events) == 3
