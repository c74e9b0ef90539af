"""What Lua skills may touch and which model answers them, by where they come from and what is set."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from pharia_kernel.composition.instances import SkillBounds
from pharia_kernel.composition.skills import lua_runtime
from pharia_kernel.config import NamespaceSettings, OpenAiSettings, Settings
from pharia_kernel.config.lua import LuaSettings
from pharia_kernel.runtimes.skill import ScriptPolicy
from pharia_kernel.types import SkillPath

WATCHED: dict[str, Any] = {"directory": Path("skills")}
REGISTRY: dict[str, Any] = {"registry": "127.0.0.1:5000", "skills": ()}
IN_PLACE: dict[str, Any] = {"path": Path("vendored"), "skills": ()}


def policy(namespace: dict[str, Any], **more: Any) -> ScriptPolicy:
    settings = Settings(namespaces={"dev": NamespaceSettings(**namespace)}, **{"inference": "none", **more})
    return SkillBounds(settings)(SkillPath("dev", "notes-search"), None).script


@pytest.mark.parametrize(("place", "profile"), [(WATCHED, "standard"), (REGISTRY, "locked"), (IN_PLACE, "locked")])
def test_what_came_from_elsewhere_is_locked(place: dict[str, Any], profile: str) -> None:
    assert policy(place).profile == profile


@pytest.mark.parametrize("place", [WATCHED, REGISTRY])
@pytest.mark.parametrize("profile", ["locked", "standard", "trusted"])
def test_the_operator_has_the_last_word(place: dict[str, Any], profile: str) -> None:
    assert policy({**place, "lua_profile": profile}).profile == profile


def test_an_unknown_profile_is_no_setting() -> None:
    with pytest.raises(ValueError, match="lua_profile"):
        NamespaceSettings(**WATCHED, lua_profile="open")


def test_the_model_is_that_of_the_namespace_or_the_embedded_one() -> None:
    assert policy(WATCHED).model is None
    assert policy({**WATCHED, "lua_model": "small"}).model == "small"
    assert policy(WATCHED, inference="embedded").model == "SmolLM2-135M-Instruct"
    openai = OpenAiSettings(url="http://127.0.0.1:1/v1", token="t")
    assert policy(WATCHED, inference="openai", openai_inference=openai).model is None


def test_packages_are_kept_in_the_data_of_the_user(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", "/data")
    settings = Settings(inference="none", lua=LuaSettings(processes=3))
    assert lua_runtime(settings)._options.directory == Path("/data/pharia-kernel/lua")
    chosen = Settings(inference="none", lua=LuaSettings(directory=Path("/elsewhere")))
    assert lua_runtime(chosen)._options.directory == Path("/elsewhere")


def test_who_has_no_home_keeps_them_in_the_cache(monkeypatch: pytest.MonkeyPatch) -> None:
    def homeless() -> Path:
        raise RuntimeError

    monkeypatch.delenv("XDG_DATA_HOME", raising=False)
    monkeypatch.delenv("HOME", raising=False)
    monkeypatch.setattr(Path, "home", homeless)
    settings = Settings(inference="none", cache_dir=Path("/cache"))
    assert lua_runtime(settings)._options.directory == Path("/cache/lua")
