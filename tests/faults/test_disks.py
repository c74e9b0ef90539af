"""Disks that are full, or can not be written."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from components import wat
from doubles.description_server import DescriptionServer, description_server
from doubles.oci_image import skill_image
from doubles.scripted_registry import ScriptedRegistry, scripted_registry

from .disk import Disk, can_mount, mounted
from .keys import new_key
from .running import HELLO, Running, running, until

pytestmark = pytest.mark.skipif(not can_mount(), reason="a disk of a few megabytes is made by root alone")


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Disk]:
    with mounted(tmp_path / "disk") as disk:
        yield disk


@pytest.fixture
async def registry() -> AsyncIterator[ScriptedRegistry]:
    async with scripted_registry() as registry:
        yield registry


@pytest.fixture
async def description() -> AsyncIterator[DescriptionServer]:
    async with description_server() as server:
        yield server


class Deployed:
    """A kernel whose caches are on the disk; its skills come from a directory, a registry and a description."""

    def __init__(self, folder: Path, disk: Disk, registry: ScriptedRegistry, description: DescriptionServer) -> None:
        self.skills = folder / "skills"
        self.skills.mkdir()
        self.registry, self.description = registry, description
        self.settings = {
            "CACHE_DIR": str(disk.root / "cache"),
            "NAMESPACES__DEV__DIRECTORY": str(self.skills),
            "NAMESPACES__IMAGES__REGISTRY": f"http://{registry.host}",
            "NAMESPACES__IMAGES__BASE_REPOSITORY": "skills",
            "NAMESPACES__IMAGES__SKILLS": "first:1, second:1",
            "NAMESPACES__TEAM__CONFIG_URL": description.url,
            "NAMESPACES__TEAM__REGISTRY": f"http://{registry.host}",
            "NAMESPACES__TEAM__BASE_REPOSITORY": "skills",
            "USAGE__FILE": str(disk.root / "usage.json"),
        }
        registry.put("skills/first:1", skill_image(wat.TEXT_ECHO))

    def deploy(self, number: int) -> None:
        """Skills that nobody has seen: each is downloaded, compiled, kept."""
        code = wat.text_skill(f"(drop (i32.const {number}))")
        (self.skills / "fresh.wasm").write_bytes(code)
        self.registry.put("skills/second:1", skill_image(code))
        self.registry.put("skills/third:1", skill_image(wat.text_skill(f"(drop (i32.const {number + 1}))")))
        self.description.text = 'skills = [{name = "third", tag = "1"}]'

    async def all_answer(self, kernel: Running) -> bool:
        for skill in ("dev/fresh", "images/first", "images/second", "team/third"):
            answer = await kernel.post(f"/v1/skills/{skill}/run")
            if (answer.status_code, answer.text) != (200, '"hello"'):
                return False
        return True


@pytest.fixture
def deployed(tmp_path: Path, disk: Disk, registry: ScriptedRegistry, description: DescriptionServer) -> Deployed:
    return Deployed(tmp_path, disk, registry, description)


async def test_the_disk_of_the_caches_is_full(tmp_path: Path, disk: Disk, deployed: Deployed) -> None:
    async with running(tmp_path, **deployed.settings) as kernel:
        disk.fill()
        deployed.deploy(1)
        assert await until(lambda: deployed.all_answer(kernel))
        assert (await kernel.get("/readyz")).status_code == 200
        await kernel.until_said("compiled code could not be kept")
        await kernel.until_said("No space left on device")
        kernel.process.terminate()
        assert await kernel.process.wait() == 0
        await kernel.until_said("the usage can not be written")
    async with running(tmp_path, **deployed.settings) as kernel:  # a start on a full disk
        assert await until(lambda: deployed.all_answer(kernel))
        disk.free()
        deployed.deploy(3)
        assert await until(lambda: deployed.all_answer(kernel))


async def test_the_disk_of_the_caches_is_read_only(tmp_path: Path, disk: Disk, deployed: Deployed) -> None:
    deployed.deploy(1)
    disk.freeze()
    async with running(tmp_path, **deployed.settings) as kernel:
        assert await until(lambda: deployed.all_answer(kernel))
        await kernel.until_said("Read-only file system")
        kernel.process.terminate()
        assert await kernel.process.wait() == 0


async def test_the_disk_of_the_documents_is_full(tmp_path: Path, disk: Disk) -> None:
    document = {"contents": [{"modality": "text", "text": "The ferry leaves at nine."}]}
    large = {"contents": [{"modality": "text", "text": "Nobody smokes in the office. " * 2000}]}
    places = "/v1/documents/team/handbook"
    settings = {"EMBEDDED_DOCUMENTS__DIRECTORY": str(disk.root / "documents")}
    async with running(tmp_path, **settings) as kernel, kernel.client() as client:
        added = await client.put(f"{places}/ferry", json=document)
        assert added.is_success, added.text
        disk.fill()
        refused = await client.put(f"{places}/smoking", json=large)
        assert refused.status_code in (502, 503, 507), refused.text
        assert refused.json()["code"] == "backend-failed"
        assert (await client.get(f"{places}/ferry")).json()["contents"] == document["contents"]
        assert (await client.get(f"{places}/smoking")).status_code == 404
        disk.free()
        assert (await client.put(f"{places}/smoking", json=large)).is_success
        assert (await client.get(f"{places}/smoking")).is_success


async def test_the_disk_of_the_keys_file_is_full(tmp_path: Path, disk: Disk) -> None:
    file = disk.root / "keys.toml"
    code, key, error = await new_key(file)
    assert code == 0, error
    before = file.read_bytes()
    async with running(tmp_path, ACCESS__KEYS_FILE=str(file)) as kernel:
        disk.fill()
        code, _, error = await new_key(file)
        assert (code, "No space left on device" in error) == (1, True)
        assert file.read_bytes() == before
        assert [each.name for each in disk.root.iterdir() if each.name.endswith(".toml")] == ["keys.toml"]
        assert await kernel.greets(key)
        assert (await kernel.post(HELLO, token="of-nobody")).status_code == 403


async def test_the_disk_of_the_audit_log_is_full(tmp_path: Path, disk: Disk) -> None:
    file, keys = disk.root / "audit.log", tmp_path / "keys.toml"
    _, key, _ = await new_key(keys)
    async with running(tmp_path, AUDIT_LOG=str(file), ACCESS__KEYS_FILE=str(keys)) as kernel:
        disk.fill()

        async def is_full() -> bool:
            assert await kernel.greets(key)
            return kernel.has_said("can not be written; records are lost")

        assert await until(is_full)
        disk.free()
        assert await kernel.greets(key)
        await kernel.until_said("can be written again")
        *_, last = file.read_text().splitlines()
        assert json.loads(last)
