"""Instances made before the call comes: ready, fresh, and never more than agreed."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from components import wat
from pharia_kernel.runtimes.wasm.host.component import LinkedComponent
from pharia_kernel.runtimes.wasm.host.engine import EngineOptions
from pharia_kernel.runtimes.wasm.host.functions import HostFunction
from pharia_kernel.runtimes.wasm.host.host import ComponentHost

MIB = 1 << 20
EACH, ALL = 2, 3
COUNTING = wat.text_skill("""
          (i32.store8 (i32.const 100) (i32.add (i32.load8_u (i32.const 100)) (i32.const 1)))
          (local.set $address (i32.const 100))
          (local.set $length (i32.const 1))
""")
ASKS_AT_START = wat.text_skill(
    "",
    imports=wat.ASK_IMPORT,
    hosts=wat.ASK_HOST
    + """
        (func $begin
          (call $ask (i32.const 16) (i32.const 5) (i32.const 16) (i32.const 5) (i32.const 32)))
        (start $begin)
    """,
)


@pytest.fixture
def host() -> Iterator[ComponentHost]:
    with ComponentHost(EngineOptions(8, EACH, ALL, 64 * MIB, 0.001), threads=2) as host:
        yield host


def load(host: ComponentHost, binary: bytes, complete: Callable[..., Any] = lambda *_: "yes") -> LinkedComponent:
    component = host.load(binary, lambda name, interface: {"complete-text": HostFunction(complete)})
    host.spares.admit(component)
    return component


async def call(host: ComponentHost, component: LinkedComponent) -> Any:
    return await host.execution(component, component.function(None, "run"), None, memory_bytes=32 * MIB).run(["in"])


async def ready(host: ComponentHost, count: int) -> bool:
    async with asyncio.timeout(10):
        while host.spares.coming or host.spares.ready != count:  # noqa: ASYNC110 - making spares has no event
            await asyncio.sleep(0.001)
    return True


async def test_a_component_that_was_called_has_spares_and_one_that_was_not_has_none(host: ComponentHost) -> None:
    component, _ = load(host, wat.TEXT_ECHO), load(host, COUNTING)
    assert await call(host, component) == "in"
    assert await ready(host, 1)
    assert await asyncio.gather(*(call(host, component) for _ in range(6))) == ["in"] * 6
    for _ in range(EACH + 1):
        host.spares.replace(component, 32 * MIB)
    assert await ready(host, EACH)


async def test_every_call_sees_memory_nobody_has_touched(host: ComponentHost) -> None:
    component = load(host, COUNTING)
    for _ in range(20):
        assert await call(host, component) == "\x01"


async def test_those_called_least_lately_lose_theirs_when_there_are_too_many(host: ComponentHost) -> None:
    old, new = load(host, wat.TEXT_ECHO), load(host, COUNTING)
    for component in (old, old, new):
        host.spares.replace(component, 32 * MIB)
    assert await ready(host, ALL)
    host.spares.replace(new, 32 * MIB)
    assert await ready(host, EACH)
    assert host.spares.take(old, 32 * MIB) is None


async def test_what_asks_the_host_while_it_is_instantiated_is_made_in_the_call(host: ComponentHost) -> None:
    asked = []
    component = load(host, ASKS_AT_START, lambda _, prompt, model: asked.append(prompt) or "yes")
    for _ in range(3):
        assert await call(host, component) == "in"
        assert await ready(host, 0)
    assert asked == ["model"] * 3


async def test_a_component_that_is_no_longer_called_keeps_none(host: ComponentHost) -> None:
    component = load(host, wat.TEXT_ECHO)
    await call(host, component)
    assert await ready(host, 1)
    host.spares.retire(component)
    assert host.spares.ready == 0
    assert await call(host, component) == "in"
    assert await ready(host, 0)


async def test_one_of_several_users_leaves_the_others_their_spares(host: ComponentHost) -> None:
    component = load(host, wat.TEXT_ECHO)
    host.spares.admit(component)
    await call(host, component)
    assert await ready(host, 1)
    host.spares.retire(component)
    await call(host, component)
    assert await ready(host, 1)
    host.spares.retire(component)
    assert host.spares.ready == 0


async def test_a_call_with_another_memory_limit_does_not_take_a_spare(host: ComponentHost) -> None:
    component = load(host, wat.TEXT_ECHO)
    await call(host, component)
    assert await ready(host, 1)
    function = component.function(None, "run")
    assert await host.execution(component, function, None, memory_bytes=16 * MIB).run(["in"]) == "in"
    assert await ready(host, EACH)


async def test_a_component_that_computes_without_end_when_it_starts_makes_none(host: ComponentHost) -> None:
    """A call of it is ended by its deadline; making a spare ends by itself."""
    endless = "(start $begin) (func $begin (loop $again (br $again)))"
    component = load(host, wat.text_skill("", hosts=endless, imports=wat.ASK_IMPORT))
    host.spares.replace(component, 32 * MIB)
    assert await ready(host, 0)
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(call(host, component), 0.05)
