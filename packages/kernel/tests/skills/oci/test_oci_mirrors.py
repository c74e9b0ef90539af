"""Mirrors are asked first, and never stand in the way."""

from __future__ import annotations

import base64
from collections.abc import Callable
from typing import Any

import pytest
from aiohttp import web
from pydantic import SecretStr

from doubles.oci_image import skill_image
from doubles.scripted_registry import ScriptedRegistry, refusal
from pharia_kernel.config.registry_address import RegistryAddress
from pharia_kernel.errors import SkillLoadError
from pharia_kernel.skills.oci import OciRegistry
from pharia_kernel.skills.registry import RegistryUnavailable

CODE = b"\0asm haiku"
IMAGE = skill_image(CODE)
Open = Callable[..., Any]


@pytest.fixture
async def mirrored(scripted: ScriptedRegistry, mirror: ScriptedRegistry, oci: Open) -> OciRegistry:
    scripted.put("team/haiku:latest", IMAGE)
    mirrors = (RegistryAddress.parse(f"http://{mirror.host}/copies"),)
    opened: OciRegistry = await oci(
        scripted.host, mirrors=mirrors, user="poet", password=SecretStr("open sesame"), idle_seconds=20.0
    )
    return opened


async def test_what_a_mirror_has_is_not_asked_of_the_registry(
    mirrored: OciRegistry, scripted: ScriptedRegistry, mirror: ScriptedRegistry
) -> None:
    mirror.put("copies/team/haiku:latest", IMAGE)
    assert await mirrored.read("haiku", await mirrored.resolve("haiku", "latest")) == CODE
    assert len(mirror.asked) == 3
    assert scripted.asked == []


async def test_what_a_mirror_does_not_have_comes_from_the_registry(
    mirrored: OciRegistry, mirror: ScriptedRegistry
) -> None:
    assert await mirrored.resolve("haiku", "latest") == IMAGE.digest
    assert await mirrored.read("haiku", IMAGE.digest) == CODE
    assert len(mirror.asked) == 3  # asked each time, it may have it by then


async def test_a_mirror_that_sends_something_else_is_not_believed(
    mirrored: OciRegistry, mirror: ScriptedRegistry
) -> None:
    mirror.put("copies/team/haiku:latest", IMAGE)
    mirror.blobs = dict.fromkeys(mirror.blobs, b"\x00asm evil!")
    assert await mirrored.read("haiku", IMAGE.digest) == CODE


async def test_a_mirror_that_is_down_is_left_alone_for_a_while(
    mirrored: OciRegistry, scripted: ScriptedRegistry, mirror: ScriptedRegistry
) -> None:
    async def down(request: web.Request) -> web.Response:
        return web.Response(status=502)

    mirror.script = down
    for _ in range(3):
        assert await mirrored.resolve("haiku", "latest") == IMAGE.digest
    assert len(mirror.asked) == 1
    assert len(scripted.asked) == 3


async def test_a_mirror_that_hangs_leaves_time_for_the_registry(
    scripted: ScriptedRegistry, mirror: ScriptedRegistry, oci: Open
) -> None:
    scripted.put("team/haiku:latest", IMAGE)
    mirror.script = mirror.hang
    mirrors = (RegistryAddress.parse(f"http://{mirror.host}"),)
    registry = await oci(scripted.host, mirrors=mirrors, resolve_seconds=2.0, idle_seconds=60.0)
    assert await registry.resolve("haiku", "latest") == IMAGE.digest


async def test_the_password_of_the_registry_is_not_for_its_mirrors(
    mirrored: OciRegistry, scripted: ScriptedRegistry, mirror: ScriptedRegistry
) -> None:
    async def guarded(request: web.Request) -> web.Response | None:
        if "Authorization" in request.headers:
            return None
        return refusal(401, WWW_Authenticate="Basic realm=x")

    scripted.script = mirror.script = guarded
    assert await mirrored.resolve("haiku", "latest") == IMAGE.digest
    pair = base64.b64encode(b"poet:open sesame").decode()
    assert scripted.asked[-1].headers["Authorization"] == f"Basic {pair}"
    assert all("Authorization" not in request.headers for request in mirror.asked)


async def test_when_nobody_has_it_the_registry_has_the_last_word(
    mirrored: OciRegistry, scripted: ScriptedRegistry, mirror: ScriptedRegistry
) -> None:
    with pytest.raises(SkillLoadError, match=f"{scripted.host} answered 404"):
        await mirrored.resolve("poem", "latest")

    async def down(request: web.Request) -> web.Response:
        return web.Response(status=500)

    scripted.script = down
    with pytest.raises(RegistryUnavailable, match=f"{scripted.host} answered 500"):
        await mirrored.resolve("poem", "latest")
