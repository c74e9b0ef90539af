"""Starts that fail, and ends."""

from __future__ import annotations

import asyncio
import os
import select
import signal
import sys
from pathlib import Path

import pytest

from pharia_kernel.csi.inference.embedded import EmbeddedBackend, EmbeddedOptions
from pharia_kernel.errors import BackendUnavailable, NotConfigured

_KERNEL = """
import asyncio
from pharia_kernel.csi.inference.embedded import EmbeddedBackend, EmbeddedOptions

async def main():
    async with EmbeddedBackend(EmbeddedOptions(parallel=1, context=256)) as model:
        await model.ready()
        print(model.process_id, flush=True)
        await asyncio.Event().wait()

asyncio.run(main())
"""


def _has_ended(process: int, within: float = 10.0) -> bool:
    try:
        handle = os.pidfd_open(process)
    except ProcessLookupError:
        return True
    try:
        return bool(select.select([handle], [], [], within)[0])
    finally:
        os.close(handle)


async def test_leaving_the_context_ends_the_process() -> None:
    async with EmbeddedBackend(EmbeddedOptions(parallel=1, context=256)) as model:
        await model.ready()
        process = model.process_id
    assert process is not None
    assert _has_ended(process, within=0)


async def test_leaving_amid_the_start_ends_the_process() -> None:
    before = asyncio.all_tasks()
    async with EmbeddedBackend(EmbeddedOptions(parallel=1, context=256)):
        await asyncio.sleep(0)
    assert asyncio.all_tasks() == before


async def test_the_process_dies_with_a_kernel_that_is_killed() -> None:
    kernel = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", _KERNEL), stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL
    )
    assert kernel.stdout is not None
    process = int(await kernel.stdout.readline())
    kernel.send_signal(signal.SIGKILL)
    await kernel.wait()
    assert await asyncio.to_thread(_has_ended, process)


async def test_a_file_that_does_not_exist_is_named(tmp_path: Path) -> None:
    async with EmbeddedBackend(EmbeddedOptions(file=tmp_path / "missing.gguf")) as model:
        with pytest.raises(NotConfigured, match=r"missing\.gguf does not exist"):
            await model.ready()
        assert model.state == "failed"


async def test_a_file_that_is_no_model_is_named(tmp_path: Path) -> None:
    file = tmp_path / "garbage.gguf"
    file.write_bytes(b"garbage" * 100)
    async with EmbeddedBackend(EmbeddedOptions(file=file)) as model:
        with pytest.raises(BackendUnavailable, match=r"garbage\.gguf"):
            await model.ready()


async def test_a_start_that_takes_too_long_is_given_up() -> None:
    async with EmbeddedBackend(EmbeddedOptions(start_seconds=0.001)) as model:
        with pytest.raises(BackendUnavailable):
            await model.ready()


async def test_a_missing_package_is_named_with_its_command(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "xllamacpp", None)
    async with EmbeddedBackend() as model:
        with pytest.raises(NotConfigured, match=r'pip install "pharia-kernel\[model\]"'):
            await model.ready()
