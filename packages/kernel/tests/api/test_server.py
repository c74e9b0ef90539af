from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any, cast

import httpx
import pytest

from pharia_kernel.api.server import bind, serve
from pharia_kernel.config import LimitSettings, Settings
from pharia_kernel.errors import ConfigError
from pharia_kernel.types import Caller, MessageBegin, StreamEvent

RUN = "/v1/skills/dev/slow/run"


def settings(**limits: Any) -> Settings:
    return Settings(kernel_address="127.0.0.1:0", limits=LimitSettings(**limits))


class Slow:
    """A kernel whose skill answers when it is told to."""

    def __init__(self, answer: Any) -> None:
        self.began = asyncio.Event()
        self.go_on = asyncio.Event()
        self.left = asyncio.Event()
        self._answer = answer

    async def admit(self, caller: Caller, namespace: object, action: object) -> Caller:
        return caller

    async def invoke(self, skill: object, input: bytes, caller: Caller) -> Any:
        self.began.set()
        try:
            await self.go_on.wait()
        finally:
            self.left.set()
        return self._answer(input)


async def test_other_machines_are_not_served_unless_something_says_who_may_call() -> None:
    listener = bind("0.0.0.0:0")
    with listener, pytest.raises(ConfigError, match=r"0\.0\.0\.0: other machines could call every skill"):
        async with serve(cast(Any, Slow(None)), settings(), listener=listener):
            pass


def test_an_address_in_use_is_a_clear_error() -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        address = f"127.0.0.1:{other.getsockname()[1]}"
        with pytest.raises(ConfigError, match=f"Could not bind a tcp listener to '{address}'"):
            bind(address)


def test_the_socket_names_its_protocol() -> None:
    """asyncio chooses TCP_NODELAY by it; else small answers on a kept connection wait 40 ms for an acknowledgement."""
    with bind("127.0.0.1:0") as listener:
        assert listener.proto == socket.IPPROTO_TCP


async def test_leaving_lets_requests_finish(answer: Any) -> None:
    kernel = Slow(answer)
    async with (
        asyncio.timeout(20),
        httpx.AsyncClient(trust_env=False, verify=False) as client,
        asyncio.TaskGroup() as group,
    ):
        async with serve(cast(Any, kernel), settings()) as url:
            request = group.create_task(client.post(url + RUN, json=1))
            await kernel.began.wait()
            group.create_task(after_closing(url, kernel))
        assert (await request).json() == 1


async def after_closing(url: str, kernel: Slow) -> None:
    """Let the skill answer only when nobody else is let in any more."""
    host, port = url.removeprefix("http://").split(":")
    while True:
        try:
            _, writer = await asyncio.open_connection(host, int(port))
        except OSError:
            break
        writer.close()
    kernel.go_on.set()


async def test_requests_that_do_not_finish_are_told_so(answer: Any) -> None:
    kernel = Slow(answer)
    async with (
        asyncio.timeout(20),
        httpx.AsyncClient(trust_env=False, verify=False) as client,
        asyncio.TaskGroup() as group,
    ):
        async with serve(cast(Any, kernel), settings(grace_seconds=0.01)) as url:
            request = group.create_task(client.post(url + RUN, json=1))
            await kernel.began.wait()
        assert kernel.left.is_set()
        assert ((await request).status_code, (await request).json()["code"]) == (503, "saturated")


async def test_streams_that_do_not_finish_are_told_so() -> None:
    async def endless(input: bytes, caller: Caller) -> AsyncIterator[StreamEvent]:
        yield MessageBegin()
        await asyncio.Event().wait()

    class Kernel:
        async def admit(self, caller: Caller, namespace: object, action: object) -> Caller:
            return caller

        @asynccontextmanager
        async def stream(self, skill: object, input: bytes, caller: Caller) -> AsyncIterator[Any]:
            events: Any = Events(endless(input, caller))
            yield events

    async with (
        asyncio.timeout(20),
        httpx.AsyncClient(trust_env=False, verify=False) as client,
        AsyncExitStack() as stack,
    ):
        url = await stack.enter_async_context(serve(cast(Any, Kernel()), settings(grace_seconds=0.01)))
        async with client.stream("POST", url + RUN.replace("run", "message-stream"), json=1) as response:
            events = response.aiter_text()
            assert "begin" in await anext(events)
            await stack.aclose()
            last = await anext(events)
    assert last.startswith("event: error\n")
    assert '"code":"saturated"' in last


class Events:
    def __init__(self, source: AsyncIterator[StreamEvent]) -> None:
        self._source = source
        self.warning = None

    def __aiter__(self) -> AsyncIterator[StreamEvent]:
        return self._source


async def test_the_address_is_free_afterwards(answer: Any) -> None:
    kernel = Slow(answer)
    async with serve(cast(Any, kernel), settings()) as url:
        pass
    async with serve(cast(Any, kernel), Settings(kernel_address=url.removeprefix("http://"))) as again:
        assert again == url


async def test_an_error_of_the_body_comes_out_as_it_is(answer: Any) -> None:
    with pytest.raises(ZeroDivisionError):
        async with serve(cast(Any, Slow(answer)), settings()):
            raise ZeroDivisionError
