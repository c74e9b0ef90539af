"""What the kernel asks of others, while they are away, hang, or answer nonsense."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from components import wat
from doubles.identity_service import IdentityService, hang, identity_service
from doubles.oci_image import digest_of, skill_image
from doubles.otlp_collector import Collector
from doubles.scripted_registry import ScriptedRegistry, scripted_registry

from .running import running, until

NO_NAMES = """
import socket
def getaddrinfo(host, *more, known=socket.getaddrinfo, **others):
    if host not in ("127.0.0.1", "::1"):
        raise socket.gaierror(socket.EAI_AGAIN, "Temporary failure in name resolution")
    return known(host, *more, **others)
socket.getaddrinfo = getaddrinfo
"""
ECHO = "/v1/skills/dev/echo/run"


def registry_settings(registry: ScriptedRegistry, **skills: str) -> dict[str, str]:
    named = ", ".join(f"{name}:{tag}" for name, tag in skills.items())
    return {
        "NAMESPACES__DEV__REGISTRY": f"http://{registry.host}",
        "NAMESPACES__DEV__BASE_REPOSITORY": "skills",
        "NAMESPACES__DEV__SKILLS": named,
    }


@pytest.fixture
async def registry() -> AsyncIterator[ScriptedRegistry]:
    async with scripted_registry() as registry:
        yield registry


@pytest.fixture
async def identity() -> AsyncIterator[IdentityService]:
    async with identity_service() as service:
        yield service


async def test_the_iam_service_hangs(tmp_path: Path, identity: IdentityService) -> None:
    identity.permissions = {"known": ["KernelAccess"], "other": ["KernelAccess"]}
    settings = {"AUTHORIZATION_URL": identity.url, "ACCESS__REQUEST_SECONDS": "300ms"}
    async with running(tmp_path, **settings) as kernel:
        assert await kernel.greets("known")
        identity.replies["/check_user"] = hang
        refused = await kernel.post(ECHO, token="other")
        assert (refused.status_code, refused.json()["code"]) == (503, "access-unavailable")
        assert int(refused.headers["retry-after"]) > 0
        assert await kernel.greets("known")
        assert (await kernel.get("/readyz")).status_code == 200
        del identity.replies["/check_user"]
        assert await until(lambda: kernel.greets("other"))
        record = await kernel.until_said("access-unavailable")
        assert "other" not in record["message"]


async def test_the_identity_provider_hangs(tmp_path: Path, identity: IdentityService) -> None:
    config = tmp_path / "config.toml"
    grant = '[[access.jwt.grants]]\nclaim = "groups"\nvalue = "team-*"\nnamespaces = ["*"]\nactions = ["run"]\n'
    config.write_text(f'[access.jwt]\nissuer = "{identity.url}"\naudience = ["kernel"]\n{grant}')
    identity.replies["/keys"] = hang
    async with running(tmp_path, "--config", str(config), ACCESS__REQUEST_SECONDS="300ms") as kernel:
        token = identity.token()
        refused = await kernel.post(ECHO, token=token)
        assert (refused.status_code, refused.json()["code"]) == (503, "access-unavailable")
        del identity.replies["/keys"]
        assert await until(lambda: kernel.greets(token))
        identity.replies["/keys"] = hang
        assert await kernel.greets(identity.token())  # with the keys it has
        assert not kernel.has_said(token)


async def test_the_collector_of_traces_is_down(tmp_path: Path) -> None:
    async with Collector() as collector:
        url = collector.url
    async with running(tmp_path, OTEL_ENDPOINT=url, OTEL_SAMPLING_RATIO="1") as kernel:
        for _ in range(20):
            assert await kernel.greets()
        kernel.process.terminate()
        assert await kernel.process.wait() == 0
        assert await kernel.until_said("lost")


async def test_the_collector_of_traces_hangs(tmp_path: Path) -> None:
    async with (
        Collector(hangs=True) as collector,
        running(tmp_path, OTEL_ENDPOINT=collector.url, OTEL_SAMPLING_RATIO="1") as kernel,
    ):
        assert await kernel.greets()
        await collector.until(lambda collector: bool(collector.requests))
        assert await kernel.greets()
        kernel.process.terminate()
        assert await kernel.process.wait() == 0


async def test_the_registry_serves_a_corrupted_layer(tmp_path: Path, registry: ScriptedRegistry) -> None:
    old, new = skill_image(wat.TEXT_ECHO), skill_image(wat.REJECTING)
    registry.put("skills/echo:1", old)
    registry.put("skills/broken:1", new)
    good = registry.blobs[digest_of(wat.REJECTING)]
    registry.blobs[digest_of(wat.REJECTING)] = bytes(len(good))
    async with running(tmp_path, **registry_settings(registry, echo="1", broken="1")) as kernel:
        never = await kernel.post("/v1/skills/dev/broken/run")
        assert (never.status_code, never.json()["code"]) == (500, "skill-load-failed")
        assert (await kernel.post(ECHO)).json() == "hello"
        registry.put("skills/echo:1", new)
        registry.blobs[digest_of(wat.REJECTING)] = bytes(len(good))

        async def warns() -> bool:
            answer = await kernel.post(ECHO)
            assert (answer.status_code, answer.json()) == (200, "hello")
            return "x-skill-warning" in answer.headers

        assert await until(warns)
        status = (await kernel.get("/readyz")).json()["namespaces"]["dev"]
        assert "digest" in str(status)
        registry.blobs[digest_of(wat.REJECTING)] = good

        async def is_new() -> bool:
            return (await kernel.post(ECHO)).status_code == 400

        assert await until(is_new)


async def test_the_registry_is_down_when_the_kernel_starts(tmp_path: Path, registry: ScriptedRegistry) -> None:
    registry.put("skills/echo:1", skill_image(wat.TEXT_ECHO))
    settings = registry_settings(registry, echo="1")
    async with running(tmp_path, **settings) as kernel:
        assert (await kernel.post(ECHO)).json() == "hello"
    registry.script = registry.hang
    async with running(tmp_path, **settings, IMAGES__RESOLVE_SECONDS="300ms") as kernel:
        answer = await kernel.post(ECHO)
        assert (answer.status_code, answer.json()) == (200, "hello")
        registry.ended.set()


async def test_names_can_not_be_resolved(tmp_path: Path) -> None:
    """Of the registry, the namespace's description, the model, the collector: each fails by itself."""
    skills = tmp_path / "skills"
    skills.mkdir()
    (skills / "asking.wasm").write_bytes(wat.ASKING)
    (skills / "echo.wasm").write_bytes(wat.TEXT_ECHO)
    settings = {
        "NAMESPACES__DEV__DIRECTORY": str(skills),
        "NAMESPACES__IMAGES__REGISTRY": "https://registry.example.org",
        "NAMESPACES__IMAGES__SKILLS": "haiku:1",
        "NAMESPACES__TEAM__CONFIG_URL": "https://team.example.org/skills.toml",
        "NAMESPACES__TEAM__REGISTRY": "https://registry.example.org",
        "IMAGES__RESOLVE_SECONDS": "500ms",
        "INFERENCE": "openai",
        "OPENAI_INFERENCE__URL": "https://model.example.org/v1",
        "OPENAI_INFERENCE__TOKEN": "sk-test",
        "OTEL_ENDPOINT": "https://collector.example.org/v1/traces",
    }
    async with running(tmp_path, prelude=NO_NAMES, **settings) as kernel:
        assert (await kernel.post(ECHO)).json() == "hello"
        asked = await kernel.post("/v1/skills/dev/asking/run")
        assert (asked.status_code, asked.json()["code"]) == (503, "backend-unavailable")
        haiku = await kernel.post("/v1/skills/images/haiku/run")
        assert (haiku.status_code, haiku.json()["code"]) == (503, "skill-unreachable")
        assert haiku.headers["retry-after"] == "10"
        ready = await kernel.get("/readyz")
        assert ready.status_code == 200
        for namespace, host in {"images": "registry.example.org", "team": "team.example.org"}.items():
            assert host in str(ready.json()["namespaces"][namespace])
