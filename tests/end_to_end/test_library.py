"""The kernel in a program of one's own, as the README shows it."""

from __future__ import annotations

from pathlib import Path

import pytest

from components import wat
from pharia_kernel import Kernel, Settings
from pharia_kernel.errors import KernelError, SkillTrapped, WrongSkillKind
from pharia_kernel.types import Caller, MessageAppend, MessageBegin, MessageEnd, SkillPath


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    directory = tmp_path / "skills"
    directory.mkdir()
    for name, code in {"echo": wat.handler(wat.ECHO), "trapping": wat.TRAPPING, "stream": wat.STREAM_ECHO}.items():
        (directory / f"{name}.wasm").write_bytes(code)
    return Settings.model_validate(
        {"namespaces": {"dev": {"directory": str(directory)}}, "inference": "none", "cache_dir": tmp_path / "cache"}
    )


async def test_a_value_goes_in_and_a_value_comes_out(settings: Settings) -> None:
    async with Kernel(settings) as kernel:
        assert await kernel.run("dev/echo", {"topic": "oat milk"}) == {"topic": "oat milk"}


async def test_failures_are_exceptions(settings: Settings) -> None:
    async with Kernel(settings) as kernel:
        with pytest.raises(SkillTrapped):
            await kernel.run("dev/trapping", "")
        with pytest.raises(WrongSkillKind):
            await kernel.run("dev/stream", 1)
        with pytest.raises(KernelError) as caught:
            await kernel.run("dev/nobody", 1)
        assert caught.value.code == "skill-not-found"


async def test_streams_are_iterated(settings: Settings) -> None:
    async with Kernel(settings) as kernel, kernel.stream(SkillPath("dev", "stream"), b"[1]", Caller()) as events:
        begin, append, end = [event async for event in events]
    assert (begin, append) == (MessageBegin(), MessageAppend("[1]"))
    assert isinstance(end, MessageEnd)
    assert bytes(end.payload) == b"null"


async def test_a_kernel_can_be_opened_again(settings: Settings) -> None:
    for _ in range(2):
        async with Kernel(settings) as kernel:
            assert await kernel.run("dev/echo", 1) == 1
