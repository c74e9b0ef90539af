"""Where the model's file comes from."""

from __future__ import annotations

import asyncio
import threading
from pathlib import Path

import pytest

from pharia_assets import AssetUnavailable
from pharia_kernel.csi.inference.embedded import EmbeddedOptions
from pharia_kernel.csi.inference.embedded.model import model_file
from pharia_kernel.errors import NotConfigured

_FILE = Path("model.gguf")


def _absent() -> None:
    return None


async def test_a_configured_file_is_used_and_gives_the_model_its_name(tmp_path: Path) -> None:
    file = tmp_path / "Other-1B.gguf"
    file.touch()
    options = EmbeddedOptions(file=file)
    assert await model_file(options, look_up=_absent) == file
    assert options.name == "Other-1B"


async def test_a_file_of_the_cache_is_used_without_network() -> None:
    def download() -> Path:
        raise AssertionError

    assert await model_file(EmbeddedOptions(), look_up=lambda: _FILE, download=download) == _FILE


async def test_a_file_that_is_not_here_is_fetched() -> None:
    assert await model_file(EmbeddedOptions(), look_up=_absent, download=lambda: _FILE) == _FILE


async def test_a_fetch_that_fails_says_why() -> None:
    def download() -> Path:
        raise AssetUnavailable("the index is out of reach")

    with pytest.raises(NotConfigured, match="the index is out of reach"):
        await model_file(EmbeddedOptions(), look_up=_absent, download=download)


async def test_nobody_waits_for_a_fetch_that_is_not_wanted_any_more() -> None:
    fetching, go_on = threading.Event(), threading.Event()

    def download() -> Path:
        fetching.set()
        go_on.wait(10)
        return _FILE

    task = asyncio.create_task(model_file(EmbeddedOptions(), look_up=_absent, download=download))
    assert await asyncio.to_thread(fetching.wait, 10)
    task.cancel()
    await asyncio.wait([task])
    assert task.cancelled()
    assert not go_on.is_set()
    go_on.set()


@pytest.mark.parametrize(("given", "chosen"), [(3, 3), (1, 1)])
def test_threads_are_those_that_were_given(given: int, chosen: int) -> None:
    assert EmbeddedOptions(threads=given).chosen_threads == chosen


def test_by_default_the_model_leaves_a_core_to_the_kernel() -> None:
    assert 1 <= EmbeddedOptions().chosen_threads <= 8
