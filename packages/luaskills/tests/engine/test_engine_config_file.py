"""The skill configuration of an engine: what it says when the file can not be used. Row 101."""

from __future__ import annotations

import pytest

from luaskills.errors import ConfigError


def refusal(config, skill_id="notes", key="k"):
    with pytest.raises(ConfigError) as caught:
        config.set(skill_id, key, "v")
    return str(caught.value)


# row 101
def test_a_key_is_not_blank(site):
    assert refusal(site.engine().config, key=" \t") == "skill config key must not be empty"


def test_an_id_is_one(site):
    text = refusal(site.engine().config, skill_id="No")
    assert text == "invalid skill config skill_id: skill_id must match ^[a-z]([a-z0-9-]*[a-z0-9])?$"


def test_without_roots_and_option_there_is_no_file(site):
    assert refusal(site.empty_engine().config) == (
        "skill config file path is unresolved; "
        "set host_options.skill_config_file_path or load at least one skill root first"
    )


def test_a_directory_is_no_file(site, tmp_path):
    path = tmp_path / "config"
    path.mkdir()
    assert refusal(site.engine(skill_config_file_path=str(path)).config).startswith(
        f"failed to read skill config file '{path}': "
    )


def test_a_root_has_no_parent(site):
    config = site.engine(skill_config_file_path="/").config
    assert refusal(config) == "skill config file '/' has no parent directory"


@pytest.mark.parametrize("content", ["{", "[]", '{"skills": []}', '{"skills": {"notes": {"k": 5}}}', "[" * 100_000])
def test_a_file_of_another_shape_is_left_alone(site, tmp_path, content):
    path = tmp_path / "config.json"
    path.write_text(content)
    assert refusal(site.engine(skill_config_file_path=str(path)).config).startswith(
        f"failed to parse skill config file '{path}': "
    )
    assert path.read_text() == content
