"""What a skill finds around itself: clocks, randomness, a place to print to, and nothing else."""

from __future__ import annotations

import asyncio
import logging
import time
from pathlib import Path
from typing import Any

import pytest

from pharia_kernel.errors import SkillExited, SkillTrapped
from pharia_kernel.runtimes.wasm import WasmRuntime

from .guest import EVERY, Guest, on
from .scripted_csi import ScriptedCsi

_LOG = "pharia_kernel.skill"


def printed(caplog: pytest.LogCaptureFixture, stream: str) -> list[str]:
    return [record.getMessage() for record in caplog.records if getattr(record, "stream", None) == stream]


@on(*EVERY)
async def test_there_is_no_environment_and_there_are_no_arguments(
    guest: Guest, no_csi: ScriptedCsi, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SECRET", "of the host")
    assert await guest.do(no_csi, ["environment"]) == [[{}, []]]


@on(*EVERY)
async def test_standard_input_is_at_its_end(guest: Guest, no_csi: ScriptedCsi) -> None:
    assert await guest.do(no_csi, ["read"]) == [""]


@on(*EVERY)
async def test_what_a_skill_prints_becomes_log_records(
    guest: Guest, no_csi: ScriptedCsi, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO, _LOG):
        await guest.do(no_csi, ["print", "Grüße\nund mehr"], ["complain", "oh"])
    assert printed(caplog, "stdout") == ["Grüße", "und mehr"]
    assert printed(caplog, "stderr") == ["oh"]
    assert {record.skill for record in caplog.records} == {f"conformance/{guest.name}"}  # type: ignore[attr-defined]


@on(*EVERY)
async def test_there_are_no_files(guest: Guest, no_csi: ScriptedCsi) -> None:
    steps = [["attempt", "file", str(path)] for path in (Path(__file__), "/etc/hostname", "relative")]
    steps += [["attempt", "file", "/new", "w"], ["attempt", "folder", "/"], ["attempt", "folder", "."]]
    answers = await guest.do(no_csi, *steps)
    assert set(answers) <= {"FileNotFoundError", "PermissionError", "OSError"}


@on(*EVERY)
async def test_there_is_no_network(guest: Guest, no_csi: ScriptedCsi) -> None:
    listening = asyncio.Event()

    async def accept(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        listening.set()
        writer.close()

    async with await asyncio.start_server(accept, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        connected, found = await guest.do(
            no_csi, ["attempt", "connect", "127.0.0.1", port], ["attempt", "lookup", "localhost"]
        )
    assert connected == "PermissionError"
    assert found in ("gaierror", "PermissionError")
    assert not listening.is_set()


@on(*EVERY)
async def test_clocks_are_real(guest: Guest, no_csi: ScriptedCsi) -> None:
    before = time.time_ns()
    ((wall, steady),) = await guest.do(no_csi, ["clocks"])
    assert before <= wall <= time.time_ns()
    assert steady is True


@on(*EVERY)
async def test_randomness_differs_from_run_to_run(guest: Guest, no_csi: ScriptedCsi) -> None:
    draws = [await guest.do(no_csi, ["randomness"]) for _ in range(2)]
    assert draws[0][0][0] != draws[1][0][0]
    assert draws[0][0][1] != draws[1][0][1]


@on(*EVERY)
async def test_sleeping_works(guest: Guest, no_csi: ScriptedCsi) -> None:
    (seconds,) = await guest.do(no_csi, ["sleep", 0.002])
    assert seconds >= 0.002


@on(*EVERY)
@pytest.mark.parametrize("steps", [[["sleep", 3600]], [["spin"]]])
async def test_a_skill_that_does_not_end_can_be_stopped(
    guest: Guest, no_csi: ScriptedCsi, runtime: WasmRuntime, steps: list[list[Any]]
) -> None:
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.02):
            await guest.do(no_csi, *steps)
    assert await guest.do(no_csi, ["count"]) == [1]


@on(*EVERY)
@pytest.mark.parametrize("status", [0, 3])
async def test_ending_the_process_ends_the_run(guest: Guest, no_csi: ScriptedCsi, status: int) -> None:
    with pytest.raises(SkillExited):
        await guest.do(no_csi, ["exit", status])


@on(*EVERY)
async def test_an_exception_nobody_catches_is_told_with_its_traceback_in_the_log(
    guest: Guest, no_csi: ScriptedCsi, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO, _LOG), pytest.raises(SkillTrapped, match=r"RuntimeError: boom$"):
        await guest.do(no_csi, ["crash", "boom"])
    lines = printed(caplog, "stderr")
    assert lines[0] == "Traceback (most recent call last):"
    assert "RuntimeError: boom" in lines
