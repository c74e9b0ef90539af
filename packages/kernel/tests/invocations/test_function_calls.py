"""Function skills, called."""

from __future__ import annotations

import asyncio
import dataclasses
import logging
from typing import Any

import pytest

from pharia_kernel.errors import (
    BackendFailed,
    DeadlineExceeded,
    HostFault,
    InvalidJson,
    InvalidOutput,
    KernelError,
    NamespaceNotFound,
    PayloadTooLarge,
    Saturated,
    SkillNotFound,
    SkillReportedError,
    WrongSkillKind,
)
from pharia_kernel.types import Caller, SkillKind, SkillPath

ME = Caller("my-token")


def dev(name: str) -> SkillPath:
    return SkillPath("dev", name)


async def echo(input: bytes, csi: Any, output: Any) -> bytes:
    return input


async def forever(input: bytes, csi: Any, output: Any) -> bytes:
    await asyncio.Event().wait()
    raise AssertionError


async def test_the_answer_is_what_the_skill_wrote(bench: Any, scripted: Any) -> None:
    async with bench.open({"echo": scripted(echo)}) as invocations:
        answer = await invocations.invoke(dev("echo"), b'{"topic": "oat milk"}', ME)
    assert (answer.output, answer.skill_digest, answer.warning) == (b'{"topic":"oat milk"}', "sha256:scripted", None)


async def test_the_csi_knows_path_and_caller_and_is_closed_after_the_call(bench: Any, scripted: Any) -> None:
    async with bench.open({"echo": scripted(echo)}) as invocations:
        await invocations.invoke(dev("echo"), b"1", ME)
    (csi,) = bench.csis
    assert (csi.path, csi.caller, csi.closed) == (dev("echo"), ME, True)


async def test_a_function_shows_no_tool_events(bench: Any, scripted: Any) -> None:
    async with bench.open({"echo": scripted(echo)}) as invocations:
        await invocations.invoke(dev("echo"), b"1", ME)
    assert bench.csis[0].tool_event is None


async def test_input_is_checked_before_anything_runs(bench: Any, scripted: Any) -> None:
    skill = scripted(echo)
    async with bench.open({"echo": skill}) as invocations:
        with pytest.raises(InvalidJson):
            await invocations.invoke(dev("echo"), b"{", ME)
        with pytest.raises(PayloadTooLarge):
            await invocations.invoke(dev("echo"), b'"' + b"x" * 10_000 + b'"', ME)
    assert skill.ended == []


async def test_output_that_is_not_json_is_a_bug_of_the_skill(bench: Any, scripted: Any) -> None:
    async def nonsense(input: bytes, csi: Any, output: Any) -> bytes:
        return b"nonsense"

    async with bench.open({"nonsense": scripted(nonsense)}) as invocations:
        with pytest.raises(InvalidOutput, match="answer is not JSON"):
            await invocations.invoke(dev("nonsense"), b"1", ME)


async def test_a_stream_skill_is_not_called_as_a_function(bench: Any, scripted: Any) -> None:
    skill = scripted(echo, SkillKind.MESSAGE_STREAM)
    async with bench.open({"stream": skill}) as invocations:
        with pytest.raises(WrongSkillKind) as caught:
            await invocations.invoke(dev("stream"), b"1", ME)
    assert str(caught.value) == (
        "The skill is designed to stream output. Please invoke it via the /message-stream endpoint."
    )
    assert skill.ended == []


async def test_unknown_skills_and_namespaces_are_told_apart(bench: Any, scripted: Any) -> None:
    async with bench.open({"echo": scripted(echo)}) as invocations:
        with pytest.raises(SkillNotFound):
            await invocations.invoke(dev("unknown"), b"1", ME)
        with pytest.raises(NamespaceNotFound):
            await invocations.invoke(SkillPath("other", "echo"), b"1", ME)


@pytest.mark.parametrize("error", [SkillReportedError("no"), BackendFailed("down")])
async def test_errors_of_skill_and_csi_reach_the_caller_as_they_are(
    bench: Any, scripted: Any, error: KernelError
) -> None:
    async def fail(input: bytes, csi: Any, output: Any) -> bytes:
        raise error

    async with bench.open({"fail": scripted(fail)}) as invocations:
        with pytest.raises(type(error)) as caught:
            await invocations.invoke(dev("fail"), b"1", ME)
    assert caught.value is error


@pytest.mark.parametrize("fault", [RuntimeError("secret detail"), TimeoutError()])
async def test_any_other_exception_is_a_fault_of_the_kernel(
    bench: Any, scripted: Any, fault: Exception, caplog: pytest.LogCaptureFixture
) -> None:
    async def fail(input: bytes, csi: Any, output: Any) -> bytes:
        raise fault

    async with bench.open({"fail": scripted(fail)}) as invocations:
        with pytest.raises(HostFault) as caught:
            await invocations.invoke(dev("fail"), b"1", ME)
    assert "secret detail" not in str(caught.value)
    assert any(record.exc_info for record in caplog.records)


async def test_the_deadline_covers_the_whole_call(bench: Any, scripted: Any, limits: Any) -> None:
    skill = scripted(forever)
    async with bench.open({"forever": skill}, dataclasses.replace(limits, deadline_seconds=0.01)) as invocations:
        with pytest.raises(DeadlineExceeded, match=r"skill dev/forever did not finish within 0\.01 s"):
            await invocations.invoke(dev("forever"), b"1", ME)
        assert invocations.running == 0
    assert skill.ended == ["cancelled"]
    assert bench.csis[0].closed


async def test_waiting_too_long_for_a_turn_is_saturation(bench: Any, scripted: Any, limits: Any) -> None:
    let_go = asyncio.Event()

    async def clings(input: bytes, csi: Any, output: Any) -> bytes:
        try:
            return await forever(input, csi, output)
        finally:
            await let_go.wait()

    skill = scripted(clings)
    tight = dataclasses.replace(limits, concurrent_calls=1, queued_calls=1, deadline_seconds=0.01)
    async with bench.open({"clings": skill}, tight) as invocations:
        first = asyncio.create_task(invocations.invoke(dev("clings"), b"1", ME))
        await skill.began.wait()
        with pytest.raises(Saturated, match=r"waited 0\.01 s for its turn"):
            await invocations.invoke(dev("clings"), b"1", ME)
        let_go.set()
        with pytest.raises(DeadlineExceeded):
            await first


async def test_admission_is_exact(bench: Any, scripted: Any, limits: Any) -> None:
    go = asyncio.Event()
    most = 0

    async def count(input: bytes, csi: Any, output: Any) -> bytes:
        nonlocal most
        most = max(most, skill.running)
        await go.wait()
        return b"1"

    skill = scripted(count)
    tight = dataclasses.replace(limits, concurrent_calls=3, queued_calls=4)
    async with bench.open({"count": skill}, tight) as invocations:
        tasks = [asyncio.create_task(invocations.invoke(dev("count"), b"1", ME)) for _ in range(10)]
        await asyncio.wait(tasks[-3:])
        assert (invocations.running, invocations.queued) == (3, 4)
        go.set()
        results = await asyncio.gather(*tasks, return_exceptions=True)
        assert (invocations.running, invocations.queued) == (0, 0)
    assert most == 3
    assert [type(result) is Saturated for result in results] == [False] * 7 + [True] * 3


async def test_cancelling_the_call_stops_the_skill_first(bench: Any, scripted: Any) -> None:
    skill = scripted(forever)
    async with bench.open({"forever": skill}) as invocations:
        call = asyncio.create_task(invocations.invoke(dev("forever"), b"1", ME))
        await skill.began.wait()
        call.cancel()
        await asyncio.wait({call})
        assert call.cancelled()
        assert skill.ended == ["cancelled"]
        assert invocations.running == 0


async def test_a_stopping_kernel_lets_calls_finish(bench: Any, scripted: Any) -> None:
    go = asyncio.Event()

    async def slow(input: bytes, csi: Any, output: Any) -> bytes:
        await go.wait()
        return b'"done"'

    skill = scripted(slow)
    async with bench.open({"slow": skill}) as invocations:
        call = asyncio.create_task(invocations.invoke(dev("slow"), b"1", ME))
        await skill.began.wait()
        asyncio.get_running_loop().call_soon(go.set)
    assert (await call).output == b'"done"'


async def test_after_the_grace_period_calls_are_stopped_and_new_ones_refused(
    bench: Any, scripted: Any, limits: Any
) -> None:
    skill = scripted(forever)
    async with bench.open({"forever": skill}, dataclasses.replace(limits, grace_seconds=0.01)) as invocations:
        call = asyncio.create_task(invocations.invoke(dev("forever"), b"1", ME))
        await skill.began.wait()
    with pytest.raises(Saturated, match="shutting down"):
        await call
    assert skill.ended == ["cancelled"]
    with pytest.raises(Saturated, match="shutting down"):
        await invocations.invoke(dev("forever"), b"1", ME)


async def test_an_impatient_stop_ends_the_grace_period_and_stops_the_calls(bench: Any, scripted: Any) -> None:
    skill = scripted(forever)

    async def serve() -> None:
        async with bench.open({"forever": skill}) as invocations:
            call.append(asyncio.create_task(invocations.invoke(dev("forever"), b"1", ME)))
            await skill.began.wait()
            leaving.set()

    call: list[asyncio.Task[Any]] = []
    leaving = asyncio.Event()
    serving = asyncio.create_task(serve())
    await leaving.wait()
    await asyncio.sleep(0)
    serving.cancel()
    await asyncio.wait({serving})
    assert serving.cancelled()
    assert skill.ended == ["cancelled"]
    with pytest.raises(Saturated):
        await call[0]


async def test_metadata_has_the_deadline_too(bench: Any, scripted: Any, limits: Any) -> None:
    async def describe(input: bytes, csi: Any, output: Any) -> bytes:
        return b"Greets"

    async def fault(input: bytes, csi: Any, output: Any) -> bytes:
        raise ZeroDivisionError

    skills = {"good": scripted(describe), "slow": scripted(forever), "fault": scripted(fault)}
    async with bench.open(skills, dataclasses.replace(limits, deadline_seconds=0.01)) as invocations:
        assert (await invocations.metadata(dev("good"))).description == "Greets"
        with pytest.raises(DeadlineExceeded):
            await invocations.metadata(dev("slow"))
        with pytest.raises(HostFault):
            await invocations.metadata(dev("fault"))


async def test_every_execution_is_logged_with_its_outcome(
    bench: Any, scripted: Any, caplog: pytest.LogCaptureFixture
) -> None:
    async def fail(input: bytes, csi: Any, output: Any) -> bytes:
        raise BackendFailed("down")

    caplog.set_level(logging.INFO, "pharia_kernel.invocations")
    async with bench.open({"echo": scripted(echo), "fail": scripted(fail)}) as invocations:
        await invocations.invoke(dev("echo"), b'"private"', ME)
        with pytest.raises(BackendFailed):
            await invocations.invoke(dev("fail"), b"1", ME)
    fields = [
        (record.levelno, record.__dict__["skill"], record.__dict__["namespace"], record.__dict__["outcome"])
        for record in caplog.records
    ]
    assert fields == [
        (logging.INFO, "dev/echo", "dev", "ok"),
        (logging.ERROR, "dev/fail", "dev", "backend-failed"),
    ]
    assert all(record.__dict__["duration_ms"] >= 0 for record in caplog.records)
    assert all(record.__dict__["digest"] == "sha256:scripted" for record in caplog.records)
    assert "private" not in caplog.text
    assert "my-token" not in caplog.text


async def test_every_execution_is_a_span_without_what_users_wrote(bench: Any, scripted: Any) -> None:
    async def fail(input: bytes, csi: Any, output: Any) -> bytes:
        raise SkillReportedError("private")

    async with bench.open({"echo": scripted(echo), "fail": scripted(fail)}) as invocations:
        await invocations.invoke(dev("echo"), b'"private"', ME)
        with pytest.raises(SkillReportedError):
            await invocations.invoke(dev("fail"), b"1", ME)
    spans = bench.spans
    assert [span.name for span in spans] == ["load_skill", "skill_execution"] * 2
    assert spans[1].attributes["skill"] == "dev/echo"
    assert spans[1].status.is_unset
    assert (spans[3].status.is_ok, spans[3].status.description) == (False, "skill-reported-error")
    assert not any("private" in span.to_json() for span in spans)


async def test_five_hundred_rounds_of_every_ending_leave_nothing(bench: Any, scripted: Any, limits: Any) -> None:
    async def fail(input: bytes, csi: Any, output: Any) -> bytes:
        raise BackendFailed("down")

    skills = {"echo": scripted(echo), "fail": scripted(fail), "forever": scripted(forever)}
    async with bench.open(skills, dataclasses.replace(limits, deadline_seconds=0.001)) as invocations:
        before = len(asyncio.all_tasks())
        for _ in range(500):
            calls = [asyncio.create_task(invocations.invoke(dev(name), b"1", ME)) for name in skills]
            calls.append(asyncio.create_task(invocations.invoke(dev("forever"), b"1", ME)))
            await asyncio.sleep(0)
            calls[-1].cancel()
            await asyncio.wait(calls)
            for call in calls[:-1]:
                call.exception()
        assert len(asyncio.all_tasks()) == before
        assert (invocations.running, invocations.queued) == (0, 0)
    assert all(skill.running == 0 for skill in skills.values())
    assert all(csi.closed for csi in bench.csis)
