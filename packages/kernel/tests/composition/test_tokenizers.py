"""Where tokenizers come from, by the settings."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from doubles.tokenizer import byte_level
from pharia_kernel.composition.inference import inference
from pharia_kernel.composition.texts import chunker
from pharia_kernel.config import Settings
from pharia_kernel.csi.types import ChunkRequest
from pharia_kernel.errors import NotConfigured
from pharia_kernel.types import Caller

_CALLER = Caller("of-the-caller")


class Api:
    """Serves one tokenizer under every name."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, str | None]] = []
        self.url = ""

    async def handle(self, request: web.BaseRequest) -> web.Response:
        self.asked.append((request.path, request.headers.get("Authorization")))
        return web.Response(text=byte_level().to_str(), content_type="application/json")


@pytest.fixture
async def api() -> AsyncIterator[Api]:
    api = Api()
    runner = web.ServerRunner(web.Server(api.handle), shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    api.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    yield api
    await runner.cleanup()


async def chunk(model: str, **written: Any) -> None:
    settings = Settings.model_validate({name.replace("_", "-"): value for name, value in written.items()})
    _, backend = inference(settings, {})
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(backend)
        part = await stack.enter_async_context(chunker(settings, backend))
        await part.chunk(ChunkRequest("a b", model, 10), _CALLER)


async def test_they_come_from_the_api_that_answers(api: Api) -> None:
    await chunk("m", inference_url=api.url)
    assert api.asked == [("/models/m/tokenizer", "Bearer of-the-caller")]


async def test_another_api_for_them_goes_before(api: Api) -> None:
    await chunk("m", inference_url="http://127.0.0.1:9", chunking={"url": api.url})
    assert len(api.asked) == 1


async def test_an_api_that_does_not_answer_is_not_asked_for_them(api: Api) -> None:
    openai = {"url": "http://127.0.0.1:9/v1", "token": "t"}
    with pytest.raises(NotConfigured):
        await chunk("m", inference="openai", inference_url=api.url, openai_inference=openai)
    assert api.asked == []


async def test_of_several_backends_the_one_that_answers_for_the_model_gives_its_own(api: Api) -> None:
    backends = {
        "main": {"kind": "aleph-alpha", "url": api.url, "models": ["x"], "aliases": {"fast": "pharia-1"}},
        "own": {"kind": "aleph-alpha", "url": api.url, "models": ["y"], "token": "mine"},
        "other": {"kind": "openai", "url": "http://127.0.0.1:9/v1", "models": ["z"]},
    }
    await chunk("fast", backends=backends)
    await chunk("y", backends=backends)
    assert api.asked == [
        ("/models/pharia-1/tokenizer", "Bearer of-the-caller"),
        ("/models/y/tokenizer", "Bearer mine"),
    ]
    with pytest.raises(NotConfigured):
        await chunk("z", backends=backends)


async def test_files_are_found_by_either_name(api: Api, tmp_path: Path) -> None:
    (tmp_path / "pharia-1.json").write_text(byte_level().to_str())
    backends = {"main": {"kind": "openai", "url": "http://127.0.0.1:9/v1", "aliases": {"fast": "pharia-1"}}}
    await chunk("fast", backends=backends, chunking={"directory": tmp_path})
    await chunk("pharia-1", backends=backends, chunking={"directory": tmp_path})
