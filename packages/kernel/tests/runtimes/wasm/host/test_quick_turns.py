"""Short turns of a guest are taken on the event loop, so that no thread has to wake; long ones are not."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import AsyncIterator, Callable
from contextvars import ContextVar
from typing import Any

import pytest

from components import wat
from pharia_kernel.runtimes.wasm.host import execution
from pharia_kernel.runtimes.wasm.host.component import LinkedComponent
from pharia_kernel.runtimes.wasm.host.engine import EngineOptions
from pharia_kernel.runtimes.wasm.host.execution import Execution
from pharia_kernel.runtimes.wasm.host.functions import HostFunction, Wait
from pharia_kernel.runtimes.wasm.host.host import ComponentHost

MIB = 1 << 20
_asker: ContextVar[str] = ContextVar("asker", default="nobody")


class Model:
    """Answers after a round of the event loop, and notes on which thread and for whom it was asked."""

    def __init__(self) -> None:
        self.threads: list[int] = []
        self.askers: list[str] = []

    def __call__(self, execution: Execution, prompt: str, model: str) -> Wait:
        self.threads.append(threading.get_ident())
        return Wait(lambda: self._answer(prompt))

    async def _answer(self, prompt: str) -> str:
        self.askers.append(_asker.get())
        await asyncio.sleep(0)
        return prompt + "!"

    @property
    def on_loop(self) -> list[bool]:
        return [thread == threading.get_ident() for thread in self.threads]


@pytest.fixture
async def host() -> AsyncIterator[ComponentHost]:
    host = ComponentHost(EngineOptions(8, memory_bytes=64 * MIB), threads=1)
    with host:
        yield host


def loaded(host: ComponentHost, binary: bytes, model: Callable[..., Any]) -> LinkedComponent:
    component = host.load(binary, lambda name, interface: {"complete-text": HostFunction(model, waits=True)})
    host.spares.admit(component)
    return component


async def call(host: ComponentHost, component: LinkedComponent) -> Any:
    """A call that finds nothing else going on, and an instance ready."""
    host.spares.replace(component, 32 * MIB)
    async with asyncio.timeout(10):
        while not (host.spares.has(component) and host.at_rest):  # noqa: ASYNC110 - there is no event for it
            await asyncio.sleep(0.001)
    return await host.execution(component, component.function(None, "run"), None, memory_bytes=32 * MIB).run(["in"])


async def test_a_component_with_short_turns_computes_on_the_loop(
    host: ComponentHost, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(execution, "_QUICK_SECONDS", 60.0)  # however busy the machine is
    model = Model()
    component = loaded(host, wat.ASKING_TWICE, model)
    assert [await call(host, component) for _ in range(3)] == ["in!!"] * 3
    assert model.on_loop == [True] * 6


async def test_without_a_spare_the_instance_is_made_on_a_worker(host: ComponentHost) -> None:
    model = Model()
    component = loaded(host, wat.ASKING, model)
    run = host.execution(component, component.function(None, "run"), None, memory_bytes=32 * MIB).run
    assert await run(["in"]) == "in!"
    assert model.on_loop == [False]


async def test_what_the_guest_asks_for_there_belongs_to_its_caller(host: ComponentHost) -> None:
    model = Model()
    component = loaded(host, wat.ASKING_TWICE, model)
    for name in ("first", "second", "third"):
        _asker.set(name)
        await call(host, component)
    assert model.askers == [name for name in ("first", "second", "third") for _ in range(2)]


async def test_after_a_long_turn_a_component_computes_on_workers(host: ComponentHost) -> None:
    model = Model()
    component = loaded(host, wat.COMPUTES_BETWEEN, model)
    assert [await call(host, component) for _ in range(2)] == ["in!!"] * 2
    assert model.on_loop[0] is True
    assert model.on_loop[2:] == [False, False]


async def test_a_call_is_cancelled_while_its_guest_waits(host: ComponentHost) -> None:
    component = loaded(host, wat.ASKING, lambda *_: Wait(asyncio.Event().wait))
    for _ in range(3):
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(call(host, component), 0.01)
    assert host.free_places == 8


async def test_a_trap_there_ends_the_call_alone(host: ComponentHost) -> None:
    component, other = loaded(host, wat.TRAPPING, Model()), loaded(host, wat.ASKING, Model())
    with pytest.raises(Exception, match="unreachable"):
        await call(host, component)
    assert await call(host, other) == "in!"


async def test_one_long_turn_is_soon_forgotten_and_several_are_not(
    host: ComponentHost, monkeypatch: pytest.MonkeyPatch
) -> None:
    component = loaded(host, wat.ASKING, Model())
    banned = []
    monkeypatch.setattr(execution, "_QUICK_SECONDS", -1.0)
    for _ in range(2):
        before = time.perf_counter()
        await call(host, component)
        banned.append(component.slow_until - before)
    assert component.slow_turns == 4
    assert 0 < banned[0] < 4 < banned[1]
    monkeypatch.setattr(execution, "_QUICK_SECONDS", 60.0)
    await call(host, component)
    assert component.slow_turns == 0


class Busy:
    """A turn of a worker that lasts until it is told to end."""

    def __init__(self) -> None:
        self.begun = threading.Event()
        self.end = threading.Event()

    def advance(self) -> bool:
        self.begun.set()
        self.end.wait(10)
        return False


@pytest.mark.parametrize("others", [1, 2])
async def test_beside_one_other_the_loop_takes_the_turn(others: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(execution, "_QUICK_SECONDS", 60.0)
    model = Model()
    with ComponentHost(EngineOptions(8, memory_bytes=64 * MIB), threads=3) as host:
        component = loaded(host, wat.ASKING, model)
        await call(host, component)
        host.spares.replace(component, 32 * MIB)
        while not (host.spares.has(component) and host.at_rest):  # noqa: ASYNC110
            await asyncio.sleep(0.001)
        busy = [Busy() for _ in range(others)]
        for turn in busy:
            host._workers.start(turn)
        for turn in busy:
            assert await asyncio.to_thread(turn.begun.wait, 10)
        try:
            run = host.execution(component, component.function(None, "run"), None, memory_bytes=32 * MIB).run
            assert await run(["in"]) == "in!"
        finally:
            for turn in busy:
                turn.end.set()
    assert model.on_loop == [True, others == 1]
