"""The real kernel behind the real server."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest_asyncio

from pharia_kernel.api.server import serve
from pharia_kernel.config import NamespaceSettings, Settings
from pharia_kernel.kernel import Kernel

MESSAGE = "event: message\ndata: "


@pytest_asyncio.fixture
async def whole(tmp_path: Path) -> AsyncIterator[httpx.AsyncClient]:
    skills = tmp_path / "skills"
    skills.mkdir()
    (skills / "garbage.wasm").write_bytes(b"no component")
    settings = Settings(
        kernel_address="127.0.0.1:0",
        namespaces={"dev": NamespaceSettings(directory=skills)},
        inference="none",
        cache_dir=tmp_path / "cache",
    )
    async with (
        Kernel(settings) as kernel,
        serve(kernel, settings) as url,
        httpx.AsyncClient(base_url=url, trust_env=False, verify=False) as client,
    ):
        yield client


async def test_hello_streams_these_bytes(whole: httpx.AsyncClient) -> None:
    response = await whole.post("/v1/skills/test-beta/hello/message-stream", json="Homer")
    letters = "".join(f'{MESSAGE}{{"type":"append","text":"{letter}"}}\n\n' for letter in "Hello")
    assert response.text == f'{MESSAGE}{{"type":"begin"}}\n\n{letters}{MESSAGE}{{"type":"end","payload":null}}\n\n'


async def test_a_broken_skill_is_seen_by_operator_and_caller(whole: httpx.AsyncClient) -> None:
    response = await whole.post("/v1/skills/dev/garbage/run", json=1)
    assert (response.status_code, response.json()["code"]) == (500, "skill-load-failed")
    ready = await whole.get("/readyz")
    assert (ready.status_code, ready.json()["ready"]) == (200, True)
    (skill,) = ready.json()["namespaces"]["dev"]["skills"]
    assert (skill["name"], skill["state"]) == ("garbage", "failed")
    assert skill["problem"]
    assert (await whole.get("/v1/skills")).json() == ["dev/garbage"]


async def test_built_in_skills_describe_themselves(whole: httpx.AsyncClient) -> None:
    metadata = (await whole.get("/v1/skills/test-beta/hello/metadata")).json()
    assert set(metadata) == {"description", "version", "skill_type", "input_schema", "output_schema"}


async def test_unknown_skills_are_not_found(whole: httpx.AsyncClient) -> None:
    for path in ("dev/nobody", "nowhere/x"):
        assert (await whole.post(f"/v1/skills/{path}/run", json=1)).status_code == 404
