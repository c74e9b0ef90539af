from __future__ import annotations

from typing import Any

import httpx
import pytest

from pharia_kernel.types import Caller, SkillMetadata, SkillPath

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest.fixture
def two(kernel: Any) -> None:
    async def function(input: bytes, caller: Caller) -> Any: ...

    kernel.streams.clear()
    kernel.functions.update({"ns-two/two": function, "ns-one/one": function, "ns-one/alpha": function})


@pytest.mark.usefixtures("two")
async def test_skills_are_listed_in_order(client: httpx.AsyncClient) -> None:
    assert (await client.get("/v1/skills")).json() == ["ns-one/alpha", "ns-one/one", "ns-two/two"]


@pytest.mark.usefixtures("two")
@pytest.mark.parametrize(("kind", "count"), [("chat", 0), ("programmable", 3)])
async def test_skills_of_one_type(client: httpx.AsyncClient, kind: str, count: int) -> None:
    assert len((await client.get("/v1/skills", params={"type": kind})).json()) == count


async def test_an_unknown_type_names_the_known_ones(client: httpx.AsyncClient) -> None:
    response = await client.get("/v1/skills", params={"type": "foo"})
    assert response.status_code == 400
    assert "`chat`" in response.json()["detail"]
    assert "`programmable`" in response.json()["detail"]


async def test_metadata_has_all_five_members(kernel: Any, client: httpx.AsyncClient) -> None:
    kernel.described["dev/greet"] = SkillMetadata("Greets", "0.3", input_schema={"type": "string"})
    assert (await client.get("/v1/skills/dev/greet/metadata")).json() == {
        "description": "Greets",
        "version": "0.3",
        "skill_type": "function",
        "input_schema": {"type": "string"},
        "output_schema": None,
    }


async def test_metadata_of_nobody(client: httpx.AsyncClient) -> None:
    assert (await client.get("/v1/skills/dev/nobody/metadata")).status_code == 404


async def test_the_cache_is_listed_and_emptied(kernel: Any, client: httpx.AsyncClient) -> None:
    kernel.loaded.append(SkillPath("dev", "greet"))
    assert (await client.get("/cached_skills")).json() == ["dev/greet"]
    assert (await client.delete("/cached_skills/dev/greet")).json() == "Skill removed from cache"
    assert (await client.delete("/cached_skills/dev/greet")).json() == "Skill was not present in cache"


@pytest.mark.parametrize("path", ["/v1/skills", "/cached_skills", "/v1/skills/dev/greet/metadata"])
async def test_a_strange_authorization_header_is_refused(client: httpx.AsyncClient, path: str) -> None:
    assert (await client.get(path, headers={"authorization": "Basic x"})).status_code == 400
