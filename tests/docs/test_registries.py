"""The page about registries says what the code has."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from pharia_kernel.config import load_settings
from pharia_kernel.config.registry import ImageSettings, RegistrySettings
from pharia_kernel.skills.oci.image import CONFIG_TYPE, LAYER_TYPE, MANIFEST_TYPE, PACKAGE_CONFIG_TYPE, PACKAGE_TYPE

PAGE = (Path(__file__).parents[2] / "docs" / "registries.md").read_text()
SAMPLES = re.findall(r"```toml\n(.*?)```", PAGE, re.DOTALL)


@pytest.mark.parametrize("sample", SAMPLES)
def test_every_sample_can_be_loaded(sample: str, tmp_path: Path) -> None:
    file = tmp_path / "config.toml"
    file.write_text(sample)
    settings = load_settings(file, environ={})
    assert all(namespace.registry for namespace in settings.namespaces.values())


def test_the_samples_show_every_setting_of_a_registry() -> None:
    shown = {name for name in RegistrySettings.model_fields if name.replace("_", "-") in PAGE}
    assert shown == set(RegistrySettings.model_fields)


def test_the_limits_are_named() -> None:
    for field in ImageSettings.model_fields.values():
        assert f"images.{field.alias}" in PAGE


def test_the_types_of_an_image_are_named() -> None:
    for name in (MANIFEST_TYPE, CONFIG_TYPE, LAYER_TYPE, PACKAGE_CONFIG_TYPE, PACKAGE_TYPE):
        assert name in PAGE
