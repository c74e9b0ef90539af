"""Documents over HTTP, on a whole kernel."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import jsonschema
import pytest

from pharia_kernel import Kernel, Settings
from pharia_kernel.api.openapi import openapi_document
from pharia_kernel.api.server import serve
from pharia_kernel.runtimes.wasm import EngineOptions, WasmRuntime

_DOCUMENT = {
    "contents": [{"modality": "text", "text": "Nobody smokes."}, {"modality": "image", "bytes": "AAEC"}],
    "metadata": {"year": 2024},
}
_PATH = "/v1/documents/team/handbook"
_SEARCH = {
    "query": "smoking",
    "index_path": {"namespace": "team", "collection": "handbook", "index": "asym-64"},
    "max_results": 3,
    "filters": [{"with": [{"metadata": {"field": "year", "greater_than": 2000}}]}],
}


def _settings(tmp_path: Path, **given: Any) -> Settings:
    return Settings.model_validate(
        {
            "kernel_address": "127.0.0.1:0",
            "inference": "none",
            "cache_dir": tmp_path,
            "embedded_documents": {"directory": tmp_path / "documents", "document_bytes": 20_000},
            **given,
        }
    )


@pytest.fixture
async def client(tmp_path: Path) -> AsyncIterator[httpx.AsyncClient]:
    settings = _settings(tmp_path)
    async with (
        Kernel(settings, runtime=WasmRuntime(EngineOptions(instances=1))) as kernel,
        serve(kernel, settings) as url,
        httpx.AsyncClient(base_url=url, trust_env=False, verify=False, timeout=60) as client,
    ):
        yield client


def _code(response: httpx.Response) -> tuple[int, str]:
    return response.status_code, response.json()["code"]


def _fits(response: httpx.Response, path: str, method: str) -> Any:
    """The answer, which has the documented shape."""
    document = openapi_document()
    schema = document["paths"][path][method]["responses"]["200"]["content"]["application/json"]["schema"]
    assert response.status_code == 200, response.text
    jsonschema.validate(response.json(), {**schema, "components": document["components"]})
    return response.json()


async def test_a_document_is_added_found_read_and_removed(client: httpx.AsyncClient) -> None:
    one, every = "/v1/documents/{namespace}/{collection}/{name}", "/v1/documents/{namespace}/{collection}"
    put = await client.put(f"{_PATH}/rules/smoke", json=_DOCUMENT)
    assert _fits(put, one, "put") == {"name": "rules/smoke", "passages": 1, "replaced": False}
    ((hit,),) = (await client.post("/csi/v1/search", json=[_SEARCH])).json()
    assert hit["document_path"] == {"namespace": "team", "collection": "handbook", "name": "rules/smoke"}
    assert (hit["content"], hit["start"], hit["end"]["position"]) == ("Nobody smokes.", {"item": 0, "position": 0}, 13)
    assert 0 < hit["score"] <= 1
    found = _fits(await client.get(f"{_PATH}/rules%2Fsmoke"), one, "get")
    assert (found["contents"], found["metadata"]) == (_DOCUMENT["contents"], _DOCUMENT["metadata"])
    (listed,) = _fits(await client.get(_PATH), every, "get")["documents"]
    assert listed == {"name": "rules/smoke", "updated": found["updated"]}
    (collection,) = _fits(await client.get("/v1/documents"), "/v1/documents", "get")
    assert (collection["namespace"], collection["documents"], collection["passages"]) == ("team", 1, 1)
    assert _fits(await client.delete(f"{_PATH}/rules/smoke"), one, "delete") == {"removed": "rules/smoke"}
    assert (await client.post("/csi/v1/search", json=[_SEARCH])).json() == [[]]
    assert _fits(await client.delete(_PATH), every, "delete") == {"removed": "team/handbook"}
    assert _code(await client.post("/csi/v1/search", json=[_SEARCH])) == (404, "document-not-found")


async def test_every_generation_of_the_csi_answers(client: httpx.AsyncClient) -> None:
    await client.put(f"{_PATH}/d", json=_DOCUMENT)
    path = {"namespace": "team", "collection": "handbook", "name": "d"}
    contents = [{"modality": "text", "text": "Nobody smokes."}, {"modality": "image"}]
    for version in ("v1", "v2"):
        documents = (await client.post(f"/csi/{version}/documents", json=[path])).json()
        assert documents == [{"path": path, "contents": contents, "metadata": {"year": 2024}}]
        assert (await client.post(f"/csi/{version}/document_metadata", json=[path])).json() == [{"year": 2024}]
    old = {"version": "0.2", "function": "search", **_SEARCH}
    ((hit),) = (await client.post("/csi", json=old)).json()
    assert set(hit) == {"document_path", "content", "score"}


@pytest.mark.parametrize(
    ("media_type", "body"),
    [
        ("text/plain; charset=utf-8", b"Nobody smokes."),
        ("text/markdown", b"Nobody *smokes*."),
        ("text/html", b"<p>Nobody <b>smokes</b>.</p>"),
    ],
)
async def test_files_are_added_as_they_are(client: httpx.AsyncClient, media_type: str, body: bytes) -> None:
    headers, parameters = {"Content-Type": media_type}, {"metadata": '{"year": 2001}'}
    response = await client.put(f"{_PATH}/file", content=body, headers=headers, params=parameters)
    assert response.json()["passages"] == 1
    ((hit,),) = (await client.post("/csi/v1/search", json=[_SEARCH])).json()
    assert "smokes" in hit["content"]


async def test_replacing_is_said(client: httpx.AsyncClient) -> None:
    await client.put(f"{_PATH}/d", json=_DOCUMENT)
    assert (await client.put(f"{_PATH}/d", json=_DOCUMENT)).json()["replaced"] is True


async def test_names_come_in_pages(client: httpx.AsyncClient) -> None:
    for name in ("a", "b", "c"):
        await client.put(f"{_PATH}/{name}", json={"contents": []})
    first = (await client.get(_PATH, params={"limit": 2})).json()
    assert ([one["name"] for one in first["documents"]], first["next"]) == (["a", "b"], "b")
    last = (await client.get(_PATH, params={"after": first["next"], "limit": 2})).json()
    assert ([one["name"] for one in last["documents"]], last["next"]) == (["c"], None)


@pytest.mark.parametrize(
    ("media_type", "body", "answer"),
    [
        ("application/json", b"{", (400, "invalid-json")),
        ("application/json", b"{}", (422, "malformed-request")),
        ("application/json", b'{"contents": [{"modality": "sound"}]}', (422, "malformed-request")),
        ("application/json", b'{"contents": [{"modality": "image", "bytes": "?"}]}', (422, "malformed-request")),
        ("image/png", b"x", (415, "unsupported-media-type")),
        ("", b"x", (415, "unsupported-media-type")),
        ("text/plain", b"\xff", (400, "csi-invalid-request")),
        ("application/pdf", b"x", (400, "csi-invalid-request")),
        ("text/plain", b"x" * 20_001, (413, "payload-too-large")),
    ],
)
async def test_what_is_no_document_is_refused(
    client: httpx.AsyncClient, media_type: str, body: bytes, answer: tuple[int, str]
) -> None:
    headers = {"Content-Type": media_type}
    assert _code(await client.put(f"{_PATH}/d", content=body, headers=headers)) == answer
    assert _code(await client.get(f"{_PATH}/d")) == (404, "document-not-found")


@pytest.mark.parametrize(
    ("method", "path", "answer"),
    [
        ("GET", f"{_PATH}/none", (404, "document-not-found")),
        ("DELETE", f"{_PATH}/none", (404, "document-not-found")),
        ("DELETE", _PATH, (404, "document-not-found")),
        ("GET", f"{_PATH}?limit=0", (400, "bad-request")),
        ("GET", f"{_PATH}?limit=x", (400, "bad-request")),
        ("GET", "/v1/documents/..%2Fx/y", (404, "document-not-found")),
        ("POST", _PATH, (405, "method-not-allowed")),
    ],
)
async def test_what_can_not_be_done_is_a_problem(
    client: httpx.AsyncClient, method: str, path: str, answer: tuple[int, str]
) -> None:
    assert _code(await client.request(method, path)) == answer


async def test_metadata_that_is_no_json_is_refused(client: httpx.AsyncClient) -> None:
    headers = {"Content-Type": "text/plain"}
    response = await client.put(f"{_PATH}/d", content=b"x", headers=headers, params={"metadata": "{"})
    assert _code(response) == (400, "bad-request")


@pytest.mark.parametrize(
    ("settings", "answer"),
    [
        ({"document_index": "none"}, (503, "not-configured")),
        ({"document_index_url": "http://127.0.0.1:1"}, (501, "unsupported-operation")),
    ],
)
async def test_documents_that_are_not_here_can_not_be_changed(
    tmp_path: Path, settings: dict[str, Any], answer: tuple[int, str]
) -> None:
    chosen = _settings(tmp_path, **settings)
    async with (
        Kernel(chosen, runtime=WasmRuntime(EngineOptions(instances=1))) as kernel,
        serve(kernel, chosen) as url,
        httpx.AsyncClient(base_url=url, trust_env=False, verify=False) as client,
    ):
        for path in ("/v1/documents", _PATH, f"{_PATH}/d"):
            assert _code(await client.get(path)) == answer
