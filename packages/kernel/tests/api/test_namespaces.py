from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import httpx
import msgspec
import pytest

from pharia_kernel.api.namespaces import EXAMPLE
from pharia_kernel.skills import NamespaceState, NamespaceStatus, SkillState, SkillStatus

pytestmark = pytest.mark.asyncio(loop_scope="module")

STATUS = NamespaceStatus(
    (SkillStatus("haiku", SkillState.STALE, "sha256:1", "not a component", tag="1.4"),),
    'namespace "team": no answer',
    NamespaceState.UNAVAILABLE,
    ("skills[0]: verison is left out",),
    datetime(2025, 1, 31, 8, 15, 30, tzinfo=UTC),
)


async def test_a_namespace_says_what_it_has_and_what_is_wrong(kernel: Any, client: httpx.AsyncClient) -> None:
    kernel.namespaces["team"] = STATUS
    response = await client.get("/v1/namespaces/team")
    assert response.status_code == 200
    assert response.json() == {
        "skills": [
            {
                "name": "haiku",
                "state": "stale",
                "digest": "sha256:1",
                "problem": "not a component",
                "type": "programmable",
                "tag": "1.4",
            }
        ],
        "problem": 'namespace "team": no answer',
        "state": "unavailable",
        "warnings": ["skills[0]: verison is left out"],
        "last_scan": "2025-01-31T08:15:30Z",
    }


async def test_a_namespace_that_is_not_there(client: httpx.AsyncClient) -> None:
    response = await client.get("/v1/namespaces/nobody")
    assert (response.status_code, response.json()["code"]) == (404, "namespace-not-found")
    assert (await client.get("/v1/namespaces/No_Name")).json()["code"] == "invalid-namespace"


async def test_a_skill_is_rolled_back_and_released(kernel: Any, client: httpx.AsyncClient) -> None:
    async def function(input: bytes, caller: Any) -> Any: ...

    kernel.functions["team/haiku"] = function
    path = "/v1/namespaces/team/skills/haiku/rollback"
    assert (await client.post(path)).json() == {"skill": "team/haiku", "digest": "sha256:before"}
    assert (await client.post(path, params={"to": "sha256:1"})).json()["digest"] == "sha256:1"
    for released in (True, False):
        assert (await client.delete(path)).json() == {"skill": "team/haiku", "released": released}
    assert (await client.post("/v1/namespaces/team/skills/nobody/rollback")).status_code == 404


async def test_the_example_is_one() -> None:
    status = msgspec.convert(EXAMPLE, NamespaceStatus, strict=False)
    assert msgspec.json.decode(msgspec.json.encode(status)) == EXAMPLE
