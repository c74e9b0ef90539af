"""Skill packages on disk and engines that load them, with each Lua."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from luaskills.engine.engine import Engine
from luaskills.engine.options import EngineOptions

POOL = {"min_size": 1, "max_size": 4, "idle_ttl_secs": 60}


def options(**host: Any) -> EngineOptions:
    return EngineOptions.parse({"pool_config": POOL, "host_options": host})


class Site:
    """A runtime root with skills, and the engines made for it."""

    def __init__(self, root: Path, flavour: str) -> None:
        self.root, self.flavour = root, flavour
        self.engines: list[Engine] = []

    def skill(self, skill_id: str, body: str = "return function() return 'x' end", **more: Any) -> Path:
        """A package with the one entry ``run``; ``layer``, ``entry`` and ``manifest`` are added as they are."""
        directory = self.root / more.get("layer", "root_skills") / skill_id
        (directory / "runtime").mkdir(parents=True)
        (directory / "runtime" / "e.lua").write_text(body)
        entry = f"{{name: run, lua_entry: runtime/e.lua, lua_module: {skill_id}_run{more.get('entry', '')}}}"
        (directory / "skill.yaml").write_text(
            f"name: {skill_id}\nversion: 1.0.0\nentries:\n  - {entry}\n{more.get('manifest', '')}"
        )
        return directory

    def chain(self, *labels: str) -> list[dict[str, str]]:
        """Roots of these labels, all three by default."""
        return [
            {"name": label, "skills_dir": str(self.root / f"{label.strip().lower()}_skills")}
            for label in labels or ("ROOT", "PROJECT", "USER")
        ]

    def empty_engine(self, **host: Any) -> Engine:
        """An engine that has loaded nothing."""
        callbacks = host.pop("callbacks", None)
        engine = Engine(options(**{"flavour": self.flavour, **host}), callbacks, logging.getLogger("luaskills.test"))
        self.engines.append(engine)
        return engine

    def engine(self, **host: Any) -> Engine:
        """An engine with the skills of all three roots."""
        engine = self.empty_engine(**host)
        engine.load_from_roots(self.chain())
        return engine

    def names(self, engine: Engine) -> list[str]:
        """The canonical names of all entries."""
        return [entry["canonical_name"] for entry in engine.list_entries("system")]


@pytest.fixture
def make_site(tmp_path: Path) -> Iterator[Callable[[str], Site]]:
    sites: list[Site] = []

    def make(flavour: str) -> Site:
        sites.append(Site(tmp_path, flavour))
        return sites[-1]

    yield make
    for site in sites:
        for engine in site.engines:
            engine.close()


@pytest.fixture
def site(make_site: Callable[[str], Site]) -> Site:
    """With LuaJIT: for what no Lua takes part in."""
    return make_site("luajit")


@pytest.fixture(params=["luajit", "lua54"])
def each(request: pytest.FixtureRequest, make_site: Callable[[str], Site]) -> Site:
    """With each Lua."""
    return make_site(request.param)
