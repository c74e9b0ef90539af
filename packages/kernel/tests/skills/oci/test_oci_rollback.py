"""Going back to what a tag stood for before."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from doubles.oci_image import digest_of, skill_image
from doubles.scripted_registry import ScriptedRegistry
from pharia_kernel.errors import HostFault, SkillLoadError
from pharia_kernel.skills.oci import Folder, ImageCache, OciRegistry
from pharia_kernel.skills.registry import CodeUnavailable

IMAGES = [skill_image(b"\0asm %d" % number) for number in range(3)]
Open = Callable[..., Any]


@pytest.fixture
async def moved(scripted: ScriptedRegistry, oci: Open) -> OciRegistry:
    """``haiku:latest`` stood for all three, the last one now."""
    registry: OciRegistry = await oci(scripted.host)
    for image in IMAGES:
        scripted.put("team/haiku:latest", image)
        await registry.read("haiku", await registry.resolve("haiku", "latest"))
    return registry


async def test_a_tag_goes_back_step_by_step_and_forward_again(moved: OciRegistry, scripted: ScriptedRegistry) -> None:
    assert await moved.previous("haiku", "latest") == tuple(image.digest for image in reversed(IMAGES))
    for image in (IMAGES[1], IMAGES[0]):
        assert await moved.roll_back("haiku", "latest") == image.digest
        assert await moved.resolve("haiku", "latest") == await moved.pinned("haiku", "latest") == image.digest
    with pytest.raises(SkillLoadError, match="stood for nothing else before"):
        await moved.roll_back("haiku", "latest")
    newest = scripted.put("team/haiku:latest", skill_image(b"newest"))
    assert await moved.resolve("haiku", "latest") == IMAGES[0].digest
    assert await moved.release("haiku", "latest")
    assert not await moved.release("haiku", "latest")
    assert await moved.resolve("haiku", "latest") == newest


async def test_the_version_before_is_still_on_disk(moved: OciRegistry, scripted: ScriptedRegistry) -> None:
    scripted.asked.clear()
    digest = await moved.roll_back("haiku", "latest")
    assert await moved.read("haiku", digest) == b"\0asm 1"
    assert scripted.asked == []


async def test_other_processes_and_later_ones_go_back_as_well(
    moved: OciRegistry, scripted: ScriptedRegistry, oci: Open
) -> None:
    digest = await moved.roll_back("haiku", "latest")
    assert await (await oci(scripted.host)).resolve("haiku", "latest") == digest


async def test_other_tags_and_skills_stay(moved: OciRegistry, scripted: ScriptedRegistry) -> None:
    scripted.put("team/haiku:v2", IMAGES[2])
    scripted.put("team/poem:latest", IMAGES[2])
    await moved.roll_back("haiku", "latest")
    assert await moved.resolve("haiku", "v2") == IMAGES[2].digest
    assert await moved.resolve("poem", "latest") == IMAGES[2].digest


async def test_a_tag_goes_back_to_a_digest_that_can_be_had_only(moved: OciRegistry, scripted: ScriptedRegistry) -> None:
    with pytest.raises(CodeUnavailable, match="not found"):
        await moved.roll_back("haiku", "latest", digest_of(b"nothing"))
    with pytest.raises(SkillLoadError, match="no digest"):
        await moved.roll_back("haiku", "latest", "latest")
    assert await moved.pinned("haiku", "latest") is None


async def test_a_step_back_that_would_be_forgotten_is_not_taken(scripted: ScriptedRegistry, oci: Open) -> None:
    scripted.put("team/haiku:latest", IMAGES[0])
    registry = await oci(scripted.host, cache=ImageCache(Folder(Path("/proc/nothing")), 1 << 30))
    with pytest.raises(HostFault, match="takes no files"):
        await registry.roll_back("haiku", "latest", IMAGES[0].digest)
