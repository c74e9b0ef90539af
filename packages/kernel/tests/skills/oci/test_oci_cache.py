"""Copies on disk: what they are good for, and that nothing depends on them."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from doubles.docker_registry import docker_registry
from doubles.oci_image import OciImage, digest_of, skill_image
from doubles.scripted_registry import ScriptedRegistry
from pharia_kernel.errors import SkillLoadError
from pharia_kernel.skills.oci import Folder, ImageCache, OciRegistry
from pharia_kernel.skills.oci.image import Layer
from pharia_kernel.skills.registry import CodeUnavailable, RegistryUnavailable

CODE = b"\0asm haiku"
IMAGE = skill_image(CODE)
Open = Callable[..., Any]


async def down(request: web.Request) -> web.Response:
    return web.Response(status=503)


@pytest.fixture
async def pulled(scripted: ScriptedRegistry, oci: Open) -> OciRegistry:
    scripted.put("team/haiku:latest", IMAGE)
    registry: OciRegistry = await oci(scripted.host)
    await registry.read("haiku", await registry.resolve("haiku", "latest"))
    scripted.asked.clear()
    return registry


@pytest.fixture
def unwritable(images: Path) -> Path:
    """Not even root can keep anything in it."""
    images.mkdir(mode=0o700)
    (images / "unfinished").touch()
    return images


@pytest.fixture
def shared(images: Path) -> Path:
    images.mkdir()
    images.chmod(0o777)
    return images


def files(images: Path) -> list[Path]:
    return [path for path in images.rglob("*") if path.is_file()]


def layer_file(images: Path, code: bytes = CODE) -> Path:
    return images / "layers" / digest_of(code).removeprefix("sha256:")


async def test_what_was_pulled_is_not_pulled_again(pulled: OciRegistry, scripted: ScriptedRegistry, oci: Open) -> None:
    assert await (await oci(scripted.host)).read("haiku", IMAGE.digest) == CODE
    assert scripted.asked == []


async def test_after_a_restart_without_the_registry_everything_is_as_it_was(tmp_path: Path, oci: Open) -> None:
    with docker_registry(tmp_path) as running:
        digest = await running.push("team/haiku:latest", IMAGE)
        before = await oci(running.host)
        assert await before.read("haiku", await before.resolve("haiku", "latest")) == CODE
    after = await oci(running.host)
    assert await after.resolve("haiku", "latest") == digest
    assert await after.read("haiku", digest) == CODE
    assert "can not be reached" in after.problem
    with pytest.raises(RegistryUnavailable):
        await after.resolve("haiku", "other")


async def test_while_the_registry_is_down_nobody_notices_but_the_operator(
    pulled: OciRegistry, scripted: ScriptedRegistry, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", "pharia_kernel.skills")
    scripted.script = down
    for _ in range(3):
        assert await pulled.resolve("haiku", "latest") == IMAGE.digest
    assert pulled.problem is not None
    assert "503" in pulled.problem
    scripted.script = None
    moved = scripted.put("team/haiku:latest", skill_image(b"newer"))
    assert await pulled.resolve("haiku", "latest") == moved
    assert pulled.problem is None
    told = [record.message for record in caplog.records if record.message.startswith("namespaces.dev")]
    assert len(told) == 2
    assert "stand for what they stood for last" in told[0]
    assert "can be reached again" in told[1]


async def test_a_registry_that_is_down_is_not_asked_for_every_skill(scripted: ScriptedRegistry, oci: Open) -> None:
    registry = await oci(scripted.host, pause_seconds=1e6)
    for name in ("haiku", "poem"):
        scripted.put(f"team/{name}:latest", IMAGE)
        await registry.resolve(name, "latest")
    scripted.script = down
    assert await registry.resolve("haiku", "latest") == IMAGE.digest
    scripted.asked.clear()
    assert await registry.resolve("poem", "latest") == IMAGE.digest
    with pytest.raises(RegistryUnavailable, match="503"):
        await registry.resolve("poem", "unknown")
    assert scripted.asked == []


@pytest.mark.parametrize("status", [401, 403, 404])
async def test_a_registry_that_says_no_is_not_a_registry_that_is_down(
    pulled: OciRegistry, scripted: ScriptedRegistry, status: int
) -> None:
    async def refuse(request: web.Request) -> web.Response:
        return web.Response(status=status, headers={"WWW-Authenticate": "Basic"})

    scripted.script = refuse
    with pytest.raises(SkillLoadError):
        await pulled.resolve("haiku", "latest")


@pytest.mark.parametrize("damage", [b"\0asm haikU", b"\0asm", b""])
async def test_a_damaged_copy_is_pulled_again(
    pulled: OciRegistry, scripted: ScriptedRegistry, images: Path, oci: Open, damage: bytes
) -> None:
    layer_file(images).write_bytes(damage)
    for _ in range(2):
        assert await (await oci(scripted.host)).read("haiku", IMAGE.digest) == CODE
    assert scripted.paths() == [f"GET /v2/team/haiku/blobs/{digest_of(CODE)}"]


async def test_any_file_of_the_cache_may_be_damaged(
    pulled: OciRegistry, scripted: ScriptedRegistry, images: Path, oci: Open
) -> None:
    await pulled.roll_back("haiku", "latest", IMAGE.digest)
    assert {path.parent.name for path in files(images)} == {"layers", "manifests", "pins", "tags"}
    for path in files(images):
        path.write_bytes(b"\xff" + path.read_bytes()[1:])
    registry = await oci(scripted.host)
    assert await registry.read("haiku", await registry.resolve("haiku", "latest")) == CODE


async def test_the_copy_of_another_repository_is_not_given_out(
    pulled: OciRegistry, scripted: ScriptedRegistry, oci: Open
) -> None:
    """Who may not pull a skill does not get it by naming its digest."""
    stranger = await oci(scripted.host, base_repository="strangers")
    with pytest.raises(CodeUnavailable, match=r"strangers/haiku.* not found"):
        await stranger.read("haiku", IMAGE.digest)


async def test_a_folder_that_takes_no_files_costs_the_copies_and_one_warning(
    scripted: ScriptedRegistry, unwritable: Path, oci: Open, caplog: pytest.LogCaptureFixture
) -> None:
    for number in range(3):
        scripted.put(f"team/haiku:{number}", skill_image(b"%d" % number))
    registry = await oci(scripted.host)
    for number in range(3):
        digest = await registry.resolve("haiku", str(number))
        assert await registry.read("haiku", digest) == b"%d" % number
    told = [record.message for record in caplog.records if "can not be kept" in record.message]
    assert len(told) == 1
    scripted.script = down
    assert await registry.resolve("haiku", "2") == skill_image(b"2").digest  # remembered all the same


async def test_a_place_that_can_not_be_a_folder_costs_the_copies(
    scripted: ScriptedRegistry, unwritable: Path, oci: Open
) -> None:
    scripted.put("team/haiku:latest", IMAGE)
    cache = ImageCache(Folder(unwritable / "unfinished"), 1 << 30)
    registry = await oci(scripted.host, cache=cache)
    assert await registry.read("haiku", await registry.resolve("haiku", "latest")) == CODE


async def test_a_folder_that_others_may_write_to_is_not_used(
    scripted: ScriptedRegistry, shared: Path, oci: Open, caplog: pytest.LogCaptureFixture
) -> None:
    scripted.put("team/haiku:latest", IMAGE)
    registry = await oci(scripted.host)
    assert await registry.read("haiku", await registry.resolve("haiku", "latest")) == CODE
    assert files(shared) == []
    assert "must belong to this user" in caplog.text


async def test_many_who_want_the_same_pull_it_once(scripted: ScriptedRegistry, oci: Open) -> None:
    """Other processes are like other registries here: they share nothing but files."""
    scripted.put("team/haiku:latest", IMAGE)
    workers = [await oci(scripted.host) for _ in range(6)]
    found = await asyncio.gather(*(worker.read("haiku", IMAGE.digest) for worker in workers))
    assert found == [CODE] * 6
    assert len([path for path in scripted.paths() if "/blobs/" in path]) == 1


async def test_one_who_gives_up_lets_the_next_one_pull(scripted: ScriptedRegistry, oci: Open) -> None:
    scripted.put("team/haiku:latest", IMAGE)
    arrived = asyncio.Event()
    hanging = iter([True])

    async def script(request: web.Request) -> web.StreamResponse | None:
        if "/blobs/" in request.path and next(hanging, False):
            arrived.set()
            return await scripted.hang(request)
        return None

    scripted.script = script
    first, second = await oci(scripted.host), await oci(scripted.host)
    giving_up = asyncio.create_task(first.read("haiku", IMAGE.digest))
    await arrived.wait()
    waiting = asyncio.create_task(second.read("haiku", IMAGE.digest))
    giving_up.cancel()
    assert await waiting == CODE


def keep(cache: ImageCache, content: bytes) -> Layer:
    layer = Layer(digest_of(content), len(content))
    cache.keep_layer(layer, content)
    return layer


def test_what_was_used_longest_ago_makes_room(images: Path) -> None:
    now = [1000.0]
    cache = ImageCache(Folder(images, wall_clock=lambda: now[0]), most_bytes=250)

    def kept(content: bytes) -> Layer:
        now[0] += 1
        layer = keep(cache, content)
        os.utime(layer_file(images, content), (now[0], now[0]))
        return layer

    first, second = kept(b"1" * 100), kept(b"2" * 100)
    now[0] += 1
    assert cache.layer(first) is not None
    third = kept(b"3" * 100)
    assert cache.layer(second) is None
    assert cache.layer(first) == b"1" * 100
    assert cache.layer(third) == b"3" * 100


def test_what_is_larger_than_the_cache_is_not_kept_and_pushes_nothing_out(images: Path) -> None:
    cache = ImageCache(Folder(images), most_bytes=250)
    small, large = keep(cache, b"1" * 100), keep(cache, b"2" * 251)
    assert cache.layer(large) is None
    assert cache.layer(small) is not None


def test_what_a_writer_that_died_left_behind_is_removed(images: Path) -> None:
    cache = ImageCache(Folder(images, wall_clock=lambda: 10_000.0), most_bytes=250)
    (images / "unfinished").mkdir(parents=True)
    abandoned, fresh = images / "unfinished" / "a", images / "unfinished" / "b"
    for path, modified in ((abandoned, 1.0), (fresh, 9_999.0)):
        path.touch()
        os.utime(path, (modified, modified))
    keep(cache, b"x")
    assert not abandoned.exists()
    assert fresh.exists()


def test_a_tag_remembers_what_it_stood_for(images: Path) -> None:
    cache = ImageCache(Folder(images), most_bytes=250)
    digests = [digest_of(b"%d" % number) for number in range(12)]
    for digest in [*digests, digests[11], digests[5]]:
        cache.note("host/team/haiku", "latest", digest)
    remembered = cache.stood_for("host/team/haiku", "latest")
    assert remembered[:3] == [digests[5], digests[11], digests[10]]
    assert len(remembered) == 10
    assert cache.stood_for("host/team/haiku", "Latest") == []


@pytest.mark.parametrize("image", [IMAGE, skill_image(b"")])
async def test_files_are_for_their_owner_only(
    scripted: ScriptedRegistry, images: Path, oci: Open, image: OciImage
) -> None:
    scripted.put("team/haiku:latest", image)
    registry = await oci(scripted.host)
    await registry.read("haiku", await registry.resolve("haiku", "latest"))
    assert {path.stat().st_mode & 0o077 for path in [*files(images), *{path.parent for path in files(images)}]} == {0}
