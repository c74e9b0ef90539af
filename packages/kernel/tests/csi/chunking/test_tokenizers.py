from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from doubles.tokenizer_source import ScriptedSource
from pharia_kernel.csi.chunking.threads import WorkThreads
from pharia_kernel.csi.chunking.tokenizers import Tokenizers
from pharia_kernel.errors import BackendFailed, NotConfigured
from pharia_kernel.types import Caller

_CALLER = Caller()


@pytest.fixture
async def threads() -> AsyncIterator[WorkThreads]:
    async with WorkThreads(1) as threads:
        yield threads


async def test_many_who_ask_at_once_share_one_tokenizer(threads: WorkThreads) -> None:
    source = ScriptedSource()
    source.gate = asyncio.Event()
    tokenizers = Tokenizers([source], threads, 2)
    tasks = [asyncio.create_task(tokenizers.of("m", _CALLER)) for _ in range(5)]
    source.gate.set()
    found = await asyncio.gather(*tasks)
    assert all(one is found[0] for one in found)
    assert source.fetched == ["m"]


async def test_those_not_used_for_longest_are_forgotten(threads: WorkThreads) -> None:
    source = ScriptedSource()
    tokenizers = Tokenizers([source], threads, 2)
    for model in ("a", "b", "a", "c", "a", "b"):
        await tokenizers.of(model, _CALLER)
    assert source.fetched == ["a", "b", "c", "b"]


async def test_the_first_source_that_has_a_model_is_asked(threads: WorkThreads) -> None:
    local, other = ScriptedSource("local-"), ScriptedSource()
    tokenizers = Tokenizers([local, other], threads, 8)
    await tokenizers.of("local-a", _CALLER)
    await tokenizers.of("b", _CALLER)
    assert (local.fetched, other.fetched) == (["local-a"], ["b"])


async def test_a_failure_is_not_kept(threads: WorkThreads) -> None:
    source = ScriptedSource(failures=[BackendFailed("broken")])
    tokenizers = Tokenizers([source], threads, 2)
    with pytest.raises(BackendFailed, match="broken"):
        await tokenizers.of("m", _CALLER)
    assert await tokenizers.of("m", _CALLER)


async def test_one_who_gives_up_does_not_keep_the_others_from_it(threads: WorkThreads) -> None:
    source = ScriptedSource()
    source.gate = asyncio.Event()
    tokenizers = Tokenizers([source], threads, 2)
    first, second = (asyncio.create_task(tokenizers.of("m", _CALLER)) for _ in range(2))
    await asyncio.sleep(0)
    first.cancel()
    source.gate.set()
    assert await second
    assert first.cancelled()


async def test_a_model_that_no_source_has_is_named_with_the_way_out(threads: WorkThreads) -> None:
    with pytest.raises(NotConfigured, match=r"model 'x'.*CHUNKING__DIRECTORY.*CHUNKING__FALLBACK"):
        await Tokenizers([ScriptedSource("y")], threads, 2).of("x", _CALLER)
