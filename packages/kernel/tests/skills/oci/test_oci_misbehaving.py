"""Registries that fail, lie or hang."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Callable
from typing import Any

import pytest
from aiohttp import web

from doubles.oci_image import digest_of, skill_image
from doubles.scripted_registry import ScriptedRegistry, refusal
from pharia_kernel.csi.http.retry import RetryPolicy
from pharia_kernel.errors import SkillLoadError
from pharia_kernel.skills.oci import OciRegistry
from pharia_kernel.skills.registry import CodeUnavailable, CodeUnreachable, RegistryUnavailable

CODE = b"\0asm haiku"
IMAGE = skill_image(CODE)
Open = Callable[..., Any]


@pytest.fixture
async def registry(scripted: ScriptedRegistry, oci: Open) -> OciRegistry:
    scripted.put("team/haiku:latest", IMAGE)
    opened: OciRegistry = await oci(scripted.host)
    return opened


async def test_a_tag_is_resolved_and_its_component_is_read(registry: OciRegistry, scripted: ScriptedRegistry) -> None:
    digest = await registry.resolve("haiku", "latest")
    assert digest == IMAGE.digest
    assert await registry.read("haiku", digest) == CODE
    assert scripted.paths() == [
        "HEAD /v2/team/haiku/manifests/latest",
        f"GET /v2/team/haiku/manifests/{IMAGE.digest}",
        f"GET /v2/team/haiku/blobs/{digest_of(CODE)}",
    ]


async def test_a_digest_needs_no_question(registry: OciRegistry, scripted: ScriptedRegistry) -> None:
    assert await registry.resolve("haiku", IMAGE.digest) == IMAGE.digest
    assert scripted.paths() == []


@pytest.mark.parametrize("status", [200, 405])
async def test_a_registry_without_digests_is_asked_for_the_manifest(
    registry: OciRegistry, scripted: ScriptedRegistry, status: int
) -> None:
    scripted.with_digests = False

    async def script(request: web.Request) -> web.Response | None:
        return web.Response(status=405) if request.method == "HEAD" and status == 405 else None

    scripted.script = script
    assert await registry.resolve("haiku", "latest") == IMAGE.digest


@pytest.mark.parametrize("status", [408, 429, 500, 502, 503, 504, 599])
async def test_a_failure_that_may_pass_is_tried_again(
    registry: OciRegistry, scripted: ScriptedRegistry, status: int
) -> None:
    answers = iter([web.Response(status=status)])

    async def script(request: web.Request) -> web.Response | None:
        return next(answers, None)

    scripted.script = script
    assert await registry.resolve("haiku", "latest") == IMAGE.digest
    assert len(scripted.asked) == 2


async def test_a_registry_in_trouble_is_asked_a_few_times_only(
    registry: OciRegistry, scripted: ScriptedRegistry
) -> None:
    async def script(request: web.Request) -> web.Response:
        return refusal(503, "UNAVAILABLE", "disk is full")

    scripted.script = script
    with pytest.raises(RegistryUnavailable, match="answered 503 for team/haiku/manifests/latest"):
        await registry.resolve("haiku", "latest")
    assert len(scripted.asked) == 3
    with pytest.raises(CodeUnreachable, match="UNAVAILABLE disk is full"):
        await registry.read("haiku", IMAGE.digest)


async def test_a_registry_that_wants_a_long_pause_is_left_alone(
    registry: OciRegistry, scripted: ScriptedRegistry
) -> None:
    async def script(request: web.Request) -> web.Response:
        return web.Response(status=429, headers={"Retry-After": "3600"})

    scripted.script = script
    with pytest.raises(RegistryUnavailable, match="429"):
        await registry.resolve("haiku", "latest")
    assert len(scripted.asked) == 1


async def test_what_is_missing_is_not_found(registry: OciRegistry, scripted: ScriptedRegistry) -> None:
    with pytest.raises(SkillLoadError, match=r"team/poem:1 not found .*404.*base-repository of namespaces\.dev"):
        await registry.resolve("poem", "1")
    missing = digest_of(b"nothing")
    with pytest.raises(CodeUnavailable, match=f"team/haiku@{missing} not found"):
        await registry.read("haiku", missing)
    assert len(scripted.asked) == 2  # asking again would not help


@pytest.mark.parametrize("name", ["", "Haiku", "../poem", "a/b", "haiku:1", "a" * 260, "häiku", "x\0"])
async def test_a_name_that_no_registry_can_have_is_an_error(
    registry: OciRegistry, scripted: ScriptedRegistry, name: str
) -> None:
    with pytest.raises(SkillLoadError, match="can not be in a registry"):
        await registry.resolve(name, "latest")
    with pytest.raises(SkillLoadError):
        await registry.read(name, IMAGE.digest)
    assert scripted.asked == []


@pytest.mark.parametrize("tag", ["", "a b", "../latest", "sha256:abc", "sha512:" + "0" * 64, "x" * 129, "-x"])
async def test_a_tag_that_no_registry_can_have_is_an_error(
    registry: OciRegistry, scripted: ScriptedRegistry, tag: str
) -> None:
    with pytest.raises(SkillLoadError, match="is no version"):
        await registry.resolve("haiku", tag)
    assert scripted.asked == []


async def test_a_damaged_layer_is_pulled_again(registry: OciRegistry, scripted: ScriptedRegistry) -> None:
    damaged = iter([b"\0asm haikU"])

    async def script(request: web.Request) -> web.Response | None:
        body = next(damaged, None) if "/blobs/" in request.path else None
        return web.Response(body=body) if body else None

    scripted.script = script
    assert await registry.read("haiku", IMAGE.digest) == CODE


@pytest.mark.parametrize(
    ("part", "body", "text"),
    [
        ("blobs", b"\0asm haikU", "something else than the layer"),
        ("blobs", b"\0asm", "sent 4 of 10 bytes"),
        ("blobs", b"\0asm haiku and more", "19 bytes where at most 10"),
        ("manifests", skill_image(b"other").manifest, "another manifest"),
        ("manifests", b"", "another manifest"),
    ],
)
async def test_what_does_not_fit_its_digest_is_never_given_out(
    registry: OciRegistry, scripted: ScriptedRegistry, part: str, body: bytes, text: str
) -> None:
    async def script(request: web.Request) -> web.Response | None:
        return web.Response(body=body) if f"/{part}/" in request.path else None

    scripted.script = script
    for _ in range(2):  # nor is it kept
        with pytest.raises(CodeUnavailable, match=text) as raised:
            await registry.read("haiku", IMAGE.digest)
        assert isinstance(raised.value, CodeUnreachable) == ("of 10 bytes" in text), "most answer what they should not"


async def test_a_tag_whose_manifest_is_not_what_its_digest_says_stands_for_nothing(
    registry: OciRegistry, scripted: ScriptedRegistry
) -> None:
    async def script(request: web.Request) -> web.Response | None:
        if request.method == "HEAD":
            return web.Response()
        return web.Response(body=IMAGE.manifest, headers={"Docker-Content-Digest": digest_of(b"x")})

    scripted.script = script
    with pytest.raises(RegistryUnavailable, match="not what its digest says"):
        await registry.resolve("haiku", "latest")


async def test_an_endless_answer_is_cut_off(registry: OciRegistry, scripted: ScriptedRegistry) -> None:
    async def script(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        for _ in itertools.count():
            await response.write(b" " * 65536)
        return response

    scripted.script = script
    with pytest.raises(CodeUnavailable, match="more than the 4,194,304 bytes"):
        await registry.read("haiku", IMAGE.digest)


async def test_an_endless_error_is_still_an_error(registry: OciRegistry, scripted: ScriptedRegistry) -> None:
    async def script(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(status=418)
        await response.prepare(request)
        for _ in itertools.count():
            await response.write(b" " * 65536)
        return response

    scripted.script = script
    with pytest.raises(CodeUnavailable, match="418"):
        await registry.read("haiku", IMAGE.digest)


async def test_a_connection_that_breaks_amid_a_layer_is_made_again(
    registry: OciRegistry, scripted: ScriptedRegistry
) -> None:
    broken: list[web.Request] = []

    async def script(request: web.Request) -> web.StreamResponse | None:
        if "/blobs/" not in request.path or broken:
            return None
        broken.append(request)
        response = web.StreamResponse(headers={"Content-Length": str(len(CODE))})
        await response.prepare(request)
        await response.write(CODE[:3])
        assert request.transport is not None
        request.transport.close()
        return response

    scripted.script = script
    assert await registry.read("haiku", IMAGE.digest) == CODE


async def test_a_registry_that_hangs_is_given_up(scripted: ScriptedRegistry, oci: Open) -> None:
    scripted.script = scripted.hang
    registry = await oci(scripted.host, idle_seconds=0.1, retry=RetryPolicy(retries=0))
    with pytest.raises(RegistryUnavailable, match="did not answer in time"):
        await registry.resolve("haiku", "latest")
    with pytest.raises(CodeUnavailable, match="did not answer in time"):
        await registry.read("haiku", IMAGE.digest)


async def test_a_registry_that_sends_drop_by_drop_is_given_up(scripted: ScriptedRegistry, oci: Open) -> None:
    async def script(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        for _ in itertools.count():
            await response.write(b" ")
            await asyncio.sleep(0)
        return response

    scripted.script = script
    registry = await oci(scripted.host, pull_seconds=0.3)
    with pytest.raises(CodeUnavailable, match=r"not done in time|not pulled within"):
        await registry.read("haiku", IMAGE.digest)


async def test_while_one_registry_hangs_another_answers(
    scripted: ScriptedRegistry, mirror: ScriptedRegistry, oci: Open
) -> None:
    """Row 117."""
    scripted.script = scripted.hang
    mirror.put("team/haiku:latest", IMAGE)
    hanging, well = await oci(scripted.host), await oci(mirror.host)
    waiting = asyncio.create_task(hanging.read("haiku", IMAGE.digest))
    await scripted.arrived.wait()
    assert await well.read("haiku", IMAGE.digest) == CODE
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting


async def test_a_pull_that_nobody_wants_any_more_ends_its_request(scripted: ScriptedRegistry, oci: Open) -> None:
    ended = asyncio.Event()

    async def script(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        try:
            while True:
                await response.write(b" ")
                await asyncio.sleep(0)
        except ConnectionError:
            ended.set()
        return response

    scripted.script = script
    registry = await oci(scripted.host)
    pulling = asyncio.create_task(registry.read("haiku", IMAGE.digest))
    await scripted.arrived.wait()
    pulling.cancel()
    with pytest.raises(asyncio.CancelledError):
        await pulling
    await ended.wait()


async def test_a_port_where_nobody_listens_is_a_registry_that_is_down(oci: Open) -> None:
    """Row 114."""
    registry = await oci("127.0.0.1:1")
    with pytest.raises(RegistryUnavailable, match=r"127\.0\.0\.1:1 can not be reached"):
        await registry.resolve("haiku", "latest")


async def test_what_is_not_http_is_told_so(oci: Open) -> None:
    async def garble(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"SSH-2.0 hello\r\n\r\n")
        writer.close()

    async with await asyncio.start_server(garble, "127.0.0.1", 0) as server:
        registry = await oci(f"127.0.0.1:{server.sockets[0].getsockname()[1]}")
        with pytest.raises(RegistryUnavailable, match=r"something that is not HTTP|can not be reached"):
            await registry.resolve("haiku", "latest")
