"""Deploying by copying files, seen from outside."""

from __future__ import annotations

import asyncio
from typing import Any

import httpx
import pytest

from components import wat
from doubles.openai_stub import Whole, completion_answer

from .answers import is_problem
from .conftest import Start
from .served import Served


def constant(number: int, padding: int = 0) -> bytes:
    """Answers the number, which has one digit; ``padding`` bytes are of no use."""
    component = wat.handler(f"""
      (i32.store8 (i32.const 0) (i32.const 0))
      (i32.store (i32.const 4) (i32.const 32))
      (i32.store (i32.const 8) (i32.const 1))
      (i32.store8 (i32.const 32) (i32.const {ord(str(number))}))
      (i32.const 0)
    """)
    return component + _custom_section(b"padding", bytes(padding))


def _custom_section(name: bytes, content: bytes) -> bytes:
    body = bytes([len(name)]) + name + content
    return b"\0" + _leb128(len(body)) + body


def _leb128(number: int) -> bytes:
    digits = bytearray()
    while number > 127:
        digits.append(number & 127 | 128)
        number >>= 7
    return bytes([*digits, number])


async def state_of(kernel: Served, name: str) -> dict[str, Any]:
    ready = await kernel.client.get("/readyz")
    assert ready.status_code == 200
    found = {skill["name"]: skill for skill in ready.json()["namespaces"]["dev"]["skills"]}
    state: dict[str, Any] = found[name]
    return state


async def answer_other_than(kernel: Served, former: httpx.Response) -> httpx.Response:
    """Call until something has changed; in between the former answer comes."""
    seen = (former.status_code, former.text, former.headers.get("x-skill-warning"))
    async with asyncio.timeout(20):
        while True:
            answer = await kernel.run("number")
            if (answer.status_code, answer.text, answer.headers.get("x-skill-warning")) != seen:
                return answer


async def test_a_skill_comes_changes_breaks_recovers_and_goes(start: Start) -> None:
    kernel = await start()
    absent = await kernel.run("number")
    assert is_problem(absent, 404, "skill-not-found")

    kernel.put("number", constant(1))
    first = await kernel.run("number")
    assert first.json() == 1
    assert (await state_of(kernel, "number"))["state"] == "working"

    kernel.put("number", constant(2))
    second = await answer_other_than(kernel, first)
    assert (second.status_code, second.json()) == (200, 2)
    assert second.headers["x-skill-digest"] != first.headers["x-skill-digest"]

    kernel.put("number", b"garbage")
    old = await answer_other_than(kernel, second)
    assert (old.status_code, old.json()) == (200, 2)
    assert "can not be loaded" in old.headers["x-skill-warning"]
    broken = await state_of(kernel, "number")
    assert (broken["state"], broken["digest"]) == ("stale", second.headers["x-skill-digest"])
    assert "not WebAssembly" in broken["problem"]

    kernel.put("number", constant(3))
    third = await answer_other_than(kernel, old)
    assert (third.status_code, third.json()) == (200, 3)
    assert "x-skill-warning" not in third.headers
    assert (await state_of(kernel, "number"))["problem"] is None

    (kernel.directory / "number.wasm").unlink()
    assert is_problem(await answer_other_than(kernel, third), 404, "skill-not-found")
    await kernel.until_idle()


async def test_a_call_ends_on_the_version_it_began_with(start: Start) -> None:
    kernel = await start()
    kernel.put("number", wat.ASKING)
    answer = asyncio.Event()
    kernel.stub.replies = [Whole(completion_answer("from the old one"), until=answer)]
    old = asyncio.create_task(kernel.run("number"))
    await kernel.stub.until(lambda stub: stub.open == 1)
    old_digest = (await state_of(kernel, "number"))["digest"]
    kernel.put("number", constant(2))
    async with asyncio.timeout(20):
        while (await state_of(kernel, "number"))["digest"] == old_digest:
            pass
    assert (await kernel.run("number")).json() == 2
    assert not old.done()
    answer.set()
    assert (await old).json() == "from the old one"
    await kernel.until_idle()


@pytest.mark.parametrize("replaces", [True, False], ids=["over an older version", "as a new skill"])
async def test_a_file_that_is_copied_slowly_is_never_served_half(start: Start, replaces: bool) -> None:
    kernel = await start(scan_seconds=0.3)
    assert await kernel.is_healthy()
    code = constant(2, padding=1_000_000)
    if replaces:
        kernel.put("number", constant(1))
        assert (await kernel.run("number")).json() == 1
    answers: list[httpx.Response] = []
    async with asyncio.TaskGroup() as group:
        early = None
        with (kernel.directory / "number.wasm").open("wb", buffering=0) as file:
            for begin in range(0, len(code), 40_000):
                file.write(code[begin : begin + 40_000])
                if replaces:
                    answers.append(await kernel.run("number"))
                else:
                    early = early or group.create_task(kernel.run("number"))
                    await kernel.is_healthy()
        if early is not None:
            answers.append(await early)
    while not answers or answers[-1].text == "1":
        answers.append(await kernel.run("number"))
    assert [answer.json() for answer in answers] == [1] * (len(answers) - 1) + [2]
    assert not any("x-skill-warning" in answer.headers for answer in answers)
