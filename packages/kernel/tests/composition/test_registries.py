"""What the settings of a namespace make of its registry."""

from __future__ import annotations

from pathlib import Path

import pytest

from doubles.oci_image import public_pem, skill_image
from doubles.scripted_registry import scripted_registry
from pharia_kernel.composition.registries import image_cache, oci_registry
from pharia_kernel.config import Settings
from pharia_kernel.config.registry import RegistrySettings
from pharia_kernel.errors import ConfigError, SkillLoadError

IMAGE = skill_image(b"\0asm haiku")


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings.model_validate({"cache-dir": tmp_path})


async def test_a_skill_is_read_with_what_the_settings_say(settings: Settings, tmp_path: Path) -> None:
    async with scripted_registry() as scripted:
        scripted.put("skills/haiku:latest", IMAGE)
        table = RegistrySettings.model_validate(
            {"registry": f"http://{scripted.host}", "base-repository": "/skills/", "public-key": public_pem().decode()}
        )
        async with oci_registry("dev", table, settings, image_cache(settings), {}) as registry:
            digest = await registry.resolve("haiku", "latest")
            with pytest.raises(SkillLoadError, match=r"not signed, and namespaces\.dev has a public-key"):
                await registry.read("haiku", digest)
    assert (tmp_path / "images" / "manifests").is_dir()


def test_a_namespace_without_a_registry_has_none(settings: Settings) -> None:
    with pytest.raises(ConfigError, match=r"namespaces\.dev\.registry is missing"):
        oci_registry("dev", RegistrySettings(), settings, image_cache(settings), {})


@pytest.mark.parametrize(("content", "text"), [(None, "can not be read"), ("nonsense", "not a public key in PEM form")])
def test_a_key_that_can_not_be_used_is_an_error_at_the_start(
    settings: Settings, tmp_path: Path, content: str | None, text: str
) -> None:
    file = tmp_path / "cosign.pub"
    if content is not None:
        file.write_text(content)
    table = RegistrySettings.model_validate({"registry": "registry.example.org", "public-key": str(file)})
    with pytest.raises(ConfigError, match=rf"namespaces\.dev\.public-key: .*{text}"):
        oci_registry("dev", table, settings, image_cache(settings), {})
