"""What requests to models cost whom, however they end."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import Any

import pytest

from pharia_kernel.csi.meter import Meter, MeteredInference
from pharia_kernel.csi.types import (
    Begin,
    ChatAnswer,
    ChatRequest,
    CompleteAnswer,
    CompleteRequest,
    End,
    ExplainRequest,
    Part,
    Score,
    TextPart,
    Turn,
    Usage,
    Used,
)
from pharia_kernel.errors import BackendFailed, QuotaExceeded
from pharia_kernel.quotas import Ledger, Limits, LimitTable, Owner, Quotas, Spender, ledger_bytes
from pharia_kernel.quotas.memory import OwnMemory
from pharia_kernel.quotas.window import MINUTE
from pharia_kernel.types import Caller
from pharia_kernel.usage import UsageBook, UsageQuery, UsageRow, report

SPENDER = Spender("dev", "haiku", "key:1")
CHAT = ChatRequest("small", (Turn("user", "x" * 36),), max_tokens=50)
"""13 tokens by estimate, and 50."""
ME = Caller()


@dataclass
class Backend:
    usage: Usage = field(default_factory=lambda: Usage(10, 20))
    failure: Exception | None = None
    parts: tuple[Part, ...] = ()
    hangs: bool = False
    asked: asyncio.Event = field(default_factory=asyncio.Event)

    async def chat(self, request: ChatRequest, caller: Caller) -> ChatAnswer:
        await self._meet()
        return ChatAnswer("four" * 4, "stop", usage=self.usage)

    async def complete(self, request: CompleteRequest, caller: Caller) -> CompleteAnswer:
        await self._meet()
        return CompleteAnswer("four" * 4, "stop", usage=self.usage)

    async def explain(self, request: ExplainRequest, caller: Caller) -> list[Score]:
        await self._meet()
        return []

    async def chat_stream(self, request: ChatRequest, caller: Caller) -> AsyncGenerator[Part, None]:
        for part in self.parts:
            yield part
        await self._meet()

    async def complete_stream(self, request: CompleteRequest, caller: Caller) -> AsyncGenerator[Part, None]:
        async for part in self.chat_stream(CHAT, caller):
            yield part

    async def _meet(self) -> None:
        self.asked.set()
        if self.failure is not None:
            raise self.failure
        if self.hangs:
            await asyncio.Event().wait()


class Metered:
    def __init__(self, backend: Backend, tokens: int = 1000) -> None:
        self.book = UsageBook()
        self.ledger = Ledger(OwnMemory(ledger_bytes(1)), wall=lambda: 1_700_000_000.0)
        quotas = Quotas(LimitTable(each_caller=Limits(minute_tokens=tokens)), self.ledger)
        meter = Meter(SPENDER, self.book, quotas.tokens(SPENDER))
        self.inference = MeteredInference(backend, meter)  # type: ignore[arg-type]

    @property
    def taken(self) -> int:
        return self.ledger.used(Owner("caller", "key:1"), MINUTE)

    @property
    def total(self) -> UsageRow:
        return report(self.book.rows(), UsageQuery()).total

    @property
    def spent(self) -> tuple[int, int, int, int]:
        """Taken by the quota, and noted: input, output, failures."""
        return self.taken, self.total.input_tokens, self.total.output_tokens, self.total.request_failures


async def stream(metered: Metered, most: int = 100) -> int:
    read = 0
    async with aclosing(metered.inference.chat_stream(CHAT, ME)) as parts:
        async for _ in parts:
            read += 1
            if read == most:
                break
    return read


async def test_while_a_request_is_under_way_the_most_it_can_need_is_taken() -> None:
    backend = Backend(hangs=True)
    metered = Metered(backend)
    task = asyncio.create_task(metered.inference.chat(CHAT, ME))
    await backend.asked.wait()
    assert metered.taken == 63
    task.cancel()
    await asyncio.wait({task})
    assert metered.spent == (13, 13, 0, 1)


async def test_an_answer_costs_what_the_backend_says() -> None:
    metered = Metered(Backend())
    await metered.inference.chat(CHAT, ME)
    assert metered.spent == (30, 10, 20, 0)
    await metered.inference.complete(CompleteRequest("small", "x" * 40, max_tokens=5), ME)
    assert metered.spent == (60, 20, 40, 0)


async def test_where_the_backend_does_not_say_it_is_estimated() -> None:
    metered = Metered(Backend(usage=Usage(0, 0)))
    await metered.inference.chat(CHAT, ME)
    assert metered.spent == (17, 13, 4, 0)


async def test_a_request_that_fails_costs_nothing() -> None:
    metered = Metered(Backend(failure=BackendFailed("no")))
    with pytest.raises(BackendFailed):
        await metered.inference.chat(CHAT, ME)
    assert metered.spent == (0, 0, 0, 1)


async def test_a_stream_costs_what_its_end_says() -> None:
    parts = (Begin("assistant"), TextPart("a"), TextPart("b"), End("stop"), Used(Usage(7, 9)))
    metered = Metered(Backend(parts=parts))
    assert await stream(metered) == 5
    assert metered.spent == (16, 7, 9, 0)


async def test_a_stream_that_does_not_say_costs_its_parts() -> None:
    metered = Metered(Backend(parts=(Begin("assistant"), TextPart("a"), TextPart("b"), End("stop"))))
    await stream(metered)
    assert metered.spent == (15, 13, 2, 0)


async def test_a_stream_that_is_left_costs_what_was_heard() -> None:
    metered = Metered(Backend(parts=(Begin("assistant"), *[TextPart("a")] * 10)))
    assert await stream(metered, most=4) == 4
    assert metered.spent == (16, 13, 3, 1)


async def test_a_stream_that_breaks_costs_what_was_heard() -> None:
    metered = Metered(Backend(parts=(TextPart("a"),), failure=BackendFailed("no")))
    with pytest.raises(BackendFailed):
        await stream(metered)
    assert metered.spent == (14, 13, 1, 1)


async def test_an_explanation_costs_what_it_reads() -> None:
    metered = Metered(Backend())
    await metered.inference.explain(ExplainRequest("x" * 40, "y" * 8, "small"), ME)
    assert metered.spent == (12, 12, 0, 0)


async def test_who_has_nothing_left_does_not_reach_the_backend() -> None:
    backend = Backend()
    metered = Metered(backend, tokens=62)
    with pytest.raises(QuotaExceeded, match="caller key:1 may use 62 tokens per minute"):
        await metered.inference.chat(CHAT, ME)
    assert not backend.asked.is_set()
    assert metered.spent == (0, 0, 0, 1)


async def test_many_at_once_never_take_more_than_there_is() -> None:
    backend = Backend(hangs=True)
    metered = Metered(backend, tokens=200)
    asked: list[Any] = [asyncio.create_task(metered.inference.chat(CHAT, ME)) for _ in range(20)]
    for _ in range(5):
        await asyncio.sleep(0)
    waiting = [task for task in asked if not task.done()]
    assert (len(waiting), metered.taken) == (3, 189)
    for task in waiting:
        task.cancel()
    ends = await asyncio.gather(*asked, return_exceptions=True)
    assert sum(isinstance(end, QuotaExceeded) for end in ends) == 17
