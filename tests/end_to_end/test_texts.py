"""Components of every line that split texts and tell languages apart, on the whole kernel behind HTTP."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import httpx
import pytest
import pytest_asyncio
from aiohttp import web

from doubles.tokenizer import prefixed
from pharia_kernel import Kernel, Settings
from pharia_kernel.api.server import bind, serve
from pharia_kernel.csi.types import ChunkRequest
from pharia_kernel.errors import BackendUnauthorized
from pharia_kernel.runtimes.wasm import EngineOptions, WasmRuntime
from pharia_kernel.types import Caller

from ..conformance.components import SOURCES, Source, build

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.timeout(480)]

_LINES = [source for source in SOURCES if source.line in ("0.2", "0.3", "0.4", "0.5")]
_SPLIT = [source for source in _LINES if source.line != "0.2"]
MIB = 1 << 20
_ENGLISH, _GERMAN, _FRENCH = "This is an English text.", "Dies ist ein deutscher Text.", "Ceci est un texte français."


class Guests:
    """Components that do steps; what they give is described in the conformance tests."""

    def __init__(self, client: httpx.AsyncClient) -> None:
        self._client = client

    async def post(self, source: Source, *steps: list[Any]) -> httpx.Response:
        kind = "run" if source.app == "function" else "message-stream"
        extra = [] if source.app == "function" else [["report"]]
        return await self._client.post(f"/v1/skills/dev/{_name(source)}/{kind}", json=[*steps, *extra])

    async def do(self, source: Source, *steps: list[Any]) -> list[Any]:
        response = await self.post(source, *steps)
        assert response.status_code == 200, response.text
        if source.app == "function":
            found: list[Any] = response.json()
            return found
        *_, last = [line for line in response.text.splitlines() if line.startswith("data: ")]
        payload: list[Any] = json.loads(last.removeprefix("data: "))["payload"]
        return payload


def _name(source: Source) -> str:
    return source.name.replace(".", "-")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def guests(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Guests]:
    """The components are those of the conformance tests, kept between runs."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "pharia" / "tests" / "components"
    cache.mkdir(mode=0o700, parents=True, exist_ok=True)
    folder = tmp_path_factory.mktemp("texts")
    for name in ("skills", "models"):
        (folder / name).mkdir()
    for source in _LINES:
        (folder / "skills" / f"{_name(source)}.wasm").write_bytes(await asyncio.to_thread(build, source, cache))
    prefixed().save(str(folder / "models" / "model.json"))
    settings = Settings.model_validate(
        {
            "namespaces": {"dev": {"directory": folder / "skills"}},
            "chunking": {"directory": folder / "models"},
            "inference": "none",
            "limits": {"memory_bytes": 96 * MIB},
        }
    )
    runtime = WasmRuntime(
        EngineOptions(instances=16, memory_bytes=settings.limits.memory_bytes, quick_code=True),
        cache_folder=cache / "code",
    )
    async with (
        Kernel(settings, runtime=runtime) as kernel,
        serve(kernel, settings, listener=bind("127.0.0.1:0")) as url,
        httpx.AsyncClient(base_url=url, trust_env=False, verify=False, timeout=120) as client,
    ):
        yield Guests(client)


def _chunks(source: Source, text: str, most: int, overlap: int = 0, model: str = "model") -> list[Any]:
    if source.line == "0.2":
        return ["call", "csi", "chunk", text, {"model": model, "max_tokens": most}]
    params = {"model": model, "max_tokens": most, "overlap": overlap}
    return ["call", "chunking", "chunk", [{"text": text, "params": params}, {"text": "", "params": params}]]


@pytest.mark.parametrize("source", _LINES, ids=_name)
async def test_texts_are_chunked(guests: Guests, source: Source) -> None:
    (given,) = await guests.do(source, _chunks(source, "one fox\n\ntwo ä", 8))
    expected = ["one fox", "two ä"]
    assert given == (expected if source.line == "0.2" else [expected, []])


@pytest.mark.parametrize("source", _SPLIT, ids=_name)
async def test_chunks_overlap_and_have_offsets(guests: Guests, source: Source) -> None:
    params = {"model": "model", "max_tokens": 3, "overlap": 2}
    texts = [("123456", False), ("ä 12345", True)]
    requests = [{"text": text, "params": params, "character_offsets": chars} for text, chars in texts]
    ((digits, mixed),) = await guests.do(source, ["call", "chunking", "chunk-with-offsets", requests])
    assert [tuple(chunk.values()) for chunk in digits] == [
        ("12", 0, None),
        ("23", 1, None),
        ("34", 2, None),
        ("456", 3, None),
    ]
    assert tuple(mixed[0].values()) == ("ä", 0, 0)
    assert tuple(mixed[1].values()) == ("12", 3, 2)


@pytest.mark.parametrize("source", _LINES, ids=_name)
async def test_languages_are_selected(guests: Guests, source: Source) -> None:
    texts = (_ENGLISH, _GERMAN, _FRENCH)
    if source.line == "0.2":
        steps = [["call", "csi", "select-language", text, ["eng", "deu"]] for text in texts]
        assert await guests.do(source, *steps) == ["eng", "deu", None]
        return
    requests = [{"text": text, "languages": ["eng", "deu"]} for text in texts] + [{"text": _ENGLISH, "languages": []}]
    assert await guests.do(source, ["call", "language", "select-language", requests]) == [["eng", "deu", None, None]]


@pytest.mark.parametrize("source", _SPLIT, ids=_name)
@pytest.mark.parametrize(
    ("code", "step"),
    [
        ("csi-invalid-request", ["call", "language", "select-language", [{"text": "", "languages": ["foo"]}]]),
        ("csi-invalid-request", _chunks(_SPLIT[0], "text", 0)),
        ("csi-invalid-request", _chunks(_SPLIT[0], "text", 3, 3)),
        ("not-configured", _chunks(_SPLIT[0], "text", 3, model="unknown")),
    ],
)
async def test_what_can_not_be_done_ends_the_run(guests: Guests, source: Source, code: str, step: list[Any]) -> None:
    response = await guests.post(source, ["survive", step])
    assert f'"code":"{code}"' in response.text.replace('": "', '":"')


async def test_the_embedded_model_measures_texts_for_every_name_it_answers_to(tmp_path: Path) -> None:
    settings = Settings(inference="embedded", cache_dir=tmp_path)
    request = ChunkRequest("A very very very long text that can be chunked.", "llama-3.1-8b-instruct", 1)
    async with Kernel(settings) as kernel, kernel.csi("dev", Caller()) as csi:
        (chunks,) = await csi.chunk([request])
    assert len(chunks) == 13


async def test_characters_are_counted_where_that_is_configured(tmp_path: Path) -> None:
    settings = Settings.model_validate(
        {"inference": "none", "cache_dir": tmp_path, "chunking": {"fallback": "characters"}}
    )
    async with Kernel(settings) as kernel, kernel.csi("dev", Caller()) as csi:
        (chunks,) = await csi.chunk([ChunkRequest("123456", "unknown", 3, 2)])
    assert [chunk.text for chunk in chunks] == ["123", "234", "345", "456"]


async def test_tokenizers_come_from_an_inference_api_for_who_may_use_it(tmp_path: Path) -> None:
    async def tokenizer(request: web.BaseRequest) -> web.Response:
        known = (request.path, request.headers["Authorization"]) == ("/models/pharia/tokenizer", "Bearer of-the-caller")
        return web.Response(text=prefixed().to_str()) if known else web.Response(status=403)

    async with AsyncExitStack() as stack:
        runner = web.ServerRunner(web.Server(tokenizer))
        await runner.setup()
        stack.push_async_callback(runner.cleanup)
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        url = f"http://127.0.0.1:{runner.addresses[0][1]}/"
        settings = Settings.model_validate({"inference": "none", "cache_dir": tmp_path, "chunking": {"url": url}})
        kernel = await stack.enter_async_context(Kernel(settings))
        request = ChunkRequest("123456", "pharia", 3, 2)
        async with kernel.csi("dev", Caller("of-another")) as csi:
            with pytest.raises(BackendUnauthorized):
                await csi.chunk([request])
        async with kernel.csi("dev", Caller("of-the-caller")) as csi:
            assert [chunk.text for chunk in (await csi.chunk([request]))[0]] == ["12", "23", "34", "456"]
