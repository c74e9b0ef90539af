"""What the host functions of an execution may do wrong, and what waiting costs."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from components import wat
from pharia_kernel.runtimes.wasm.host.engine import EngineOptions
from pharia_kernel.runtimes.wasm.host.errors import CannotLower, GuestTrap
from pharia_kernel.runtimes.wasm.host.execution import Execution
from pharia_kernel.runtimes.wasm.host.functions import HostFunction, Wait
from pharia_kernel.runtimes.wasm.host.host import ComponentHost

MIB = 1 << 20
PLACES = 4


@pytest.fixture(scope="module")
def host() -> Iterator[ComponentHost]:
    with ComponentHost(EngineOptions(PLACES, memory_bytes=64 * MIB), threads=2) as host:
        yield host


def execution(host: ComponentHost, complete: Callable[..., Any], *, waits: bool = True) -> Execution:
    """A guest that asks the given function with its input and answers what it gets."""
    functions = {"complete-text": HostFunction(complete, waits=waits)}
    component = host.load(wat.ASKING, lambda name, interface: functions)
    return host.execution(component, component.function(None, "run"), None, memory_bytes=32 * MIB)


async def given_back(host: ComponentHost) -> bool:
    async with asyncio.timeout(10):
        while host.free_places < PLACES:  # noqa: ASYNC110 - places have no event
            await asyncio.sleep(0.001)
    return True


async def later(value: Any) -> Any:
    await asyncio.sleep(0)
    return value


def future(value: Any) -> asyncio.Future[Any]:
    made = asyncio.get_running_loop().create_future()
    made.set_result(value)
    return made


@pytest.mark.parametrize(
    ("complete", "waits"),
    [
        (lambda _, prompt, model: f"{model}: {prompt}", False),
        (lambda _, prompt, model: f"{model}: {prompt}", True),
        (lambda _, prompt, model: Wait(lambda: later(f"{model}: {prompt}")), True),
        (lambda _, prompt, model: Wait(lambda: future(f"{model}: {prompt}")), True),
    ],
)
async def test_a_host_function_answers_at_once_or_later(
    host: ComponentHost, complete: Callable[..., Any], waits: bool
) -> None:
    assert await execution(host, complete, waits=waits).run(["hello"]) == "model: hello"
    assert await given_back(host)


def broken(*_: Any) -> Any:
    raise ZeroDivisionError


@pytest.mark.parametrize(
    ("complete", "waits", "error"),
    [
        (broken, False, ZeroDivisionError),
        (broken, True, ZeroDivisionError),
        (lambda *_: Wait(broken), True, ZeroDivisionError),
        (lambda *_: Wait(lambda: None), True, TypeError),
        (lambda *_: Wait(lambda: asyncio.wait_for(later(1), -1)), True, TimeoutError),
        (lambda *_: 5, False, CannotLower),
        (lambda *_: 5, True, CannotLower),
        (lambda *_: Wait(lambda: later(5)), True, CannotLower),
    ],
)
async def test_what_a_host_function_does_wrong_ends_its_execution_and_no_other(
    host: ComponentHost, complete: Callable[..., Any], waits: bool, error: type[Exception]
) -> None:
    with pytest.raises(error):
        await execution(host, complete, waits=waits).run(["hello"])
    assert await given_back(host)


async def test_arguments_that_do_not_fit_are_refused(host: ComponentHost) -> None:
    with pytest.raises(CannotLower):
        await execution(host, lambda *_: "").run([b"bytes"])
    assert await given_back(host)


async def test_more_memory_than_allowed_is_a_trap(host: ComponentHost) -> None:
    component = host.load(wat.BIG_MEMORY, lambda name, interface: None)
    run = host.execution(component, component.function(None, "run"), None, memory_bytes=MIB)
    with pytest.raises(GuestTrap, match="memory"):
        await run.run(["hello"])
    assert await given_back(host)


async def test_a_guest_that_waited_computes_its_answer_in_one_turn(
    host: ComponentHost, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The clock ticks while it waits; that must not cost it its turn."""
    gave_way = []
    advance = Execution.advance

    def count(self: Execution) -> bool:
        gave_way.append(advance(self))
        return gave_way[-1]

    monkeypatch.setattr(Execution, "advance", count)

    async def answer() -> str:
        for _ in range(5):
            host._engine.tick()
        return "late"

    assert await execution(host, lambda *_: Wait(answer)).run(["hello"]) == "late"
    assert gave_way
    assert not any(gave_way)
    assert await given_back(host)


def test_a_loop_that_is_closed_early_does_not_take_a_worker_with_it(host: ComponentHost) -> None:
    """The answer is delivered before the instance is taken down; the loop may be gone by then."""
    for _ in range(20):
        loop = asyncio.new_event_loop()

        async def call() -> str:
            answer: str = await execution(host, lambda _, prompt, model: prompt).run(["hello"])
            return answer

        assert loop.run_until_complete(call()) == "hello"
        loop.close()
    assert asyncio.run(given_back(host))
