"""One VM with `vulcan` in it, without the engine: a runtime, a context, and Lua code to try."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from luaskills.context import (
    CallContext,
    DatabaseScope,
    ExecOutcome,
    ExecRequest,
    HostServices,
    LoadedLayer,
    SharedParts,
    SkillScope,
    VmKind,
)
from luaskills.engine import lua
from luaskills.engine.config_file import ConfigFile
from luaskills.types import DatabaseManifest, Flavour, Profile
from luaskills.vulcan import install


class Bench:
    """A VM on the bench."""

    def __init__(self, directory: Path, shared: SharedParts, **chosen: Any) -> None:
        self.directory = directory
        self.skill_dir = directory / "skills" / "notes"
        self.skill_dir.mkdir(parents=True, exist_ok=True)
        self.callbacks: dict[str, Callable[[Any], Any]] = dict(chosen.pop("callbacks", {}))
        self.exec_requests: list[ExecRequest] = []
        self.exec_outcome = ExecOutcome()
        flavour = chosen.pop("flavour", Flavour.LUAJIT)
        host = HostServices(
            options=chosen.pop("options", {}),
            profile=chosen.pop("profile", Profile.STANDARD),
            flavour=flavour,
            config=ConfigFile(lambda: directory / "skill_config.json"),
            callbacks=self.callbacks,
            shared=shared,
            lua_exec=self._exec,
            layers=lambda: (LoadedLayer("ROOT", "r"), LoadedLayer("PROJECT", "p"), LoadedLayer("USER", "u")),
            tool_exists=lambda name: True,
            log=logging.getLogger("luaskills.test"),
            memory_bytes=chosen.pop("memory_bytes", None),
        )
        self.context = CallContext(host, chosen.pop("kind", VmKind.SKILL))
        self.runtime = lua.new_runtime(flavour)
        self.installed = install(self.runtime, self.context)
        self.enter(chosen.pop("skill", self.skill()))
        assert not chosen

    def _exec(self, request: ExecRequest, _context: CallContext) -> ExecOutcome:
        self.exec_requests.append(request)
        return self.exec_outcome

    def skill(self, skill_id: str = "notes", *, databases: bool = True) -> SkillScope:
        """A skill with both databases."""
        directory = str(self.skill_dir)

        def database(kind: str) -> DatabaseScope | None:
            path = self.directory / "databases" / kind / skill_id
            where = str(path / f"{skill_id}.sqlite3") if kind == "sqlite" else str(path)
            space = str(self.directory / "databases")
            manifest = DatabaseManifest(enable=True)
            if not databases:
                return None
            return DatabaseScope("USER", skill_id, "USER", space, directory, skill_id, kind, where, manifest)

        return SkillScope(
            skill_id=skill_id,
            skill_name=skill_id.title(),
            root_name="USER",
            skill_dir=directory,
            entry_name="search",
            tool_name=f"{skill_id}-search",
            entry_file=f"{directory}/runtime/search.lua",
            entry_dir=f"{directory}/runtime",
            tools_path="/d/tools",
            lua_path="/d/lua",
            ffi_path="/d/ffi",
            sqlite=database("sqlite"),
            lancedb=database("lance_db"),
            readable=(directory,),
            writable=(str(self.directory / "state"),),
        )

    def enter(self, skill: SkillScope | None) -> None:
        self.context.skill = skill
        assert self.installed.enter()

    def run(self, code: str, *arguments: Any) -> Any:
        """What a chunk returns, given `arguments`."""
        return self.runtime.compile(code)(*arguments)

    def json(self, code: str, *arguments: Any) -> Any:
        """The first value a chunk returns, as JSON data."""
        return json.loads(
            self.runtime.compile("local f = ... return function(...) return f(...) end")(self.installed.encode)(
                self.runtime.compile(code)(*arguments)
            )
        )

    def refusal(self, code: str, *arguments: Any) -> str:
        """The error text of a chunk that must fail, as `pcall` gives it."""
        chunk = self.runtime.compile(code)
        ok, text = self.runtime.compile("return pcall(...)")(chunk, *arguments)
        assert ok is False, f"no error, but {text!r}"
        assert isinstance(text, str)
        return text


@pytest.fixture
def make_bench(tmp_path: Path) -> Iterator[Callable[..., Bench]]:
    shared = SharedParts()
    yield lambda **chosen: Bench(tmp_path, shared, **chosen)
    shared.close()


@pytest.fixture(params=list(Flavour), ids=lambda flavour: flavour.value)
def each(request: pytest.FixtureRequest, make_bench: Callable[..., Bench]) -> Bench:
    """The bench with each Lua."""
    return make_bench(flavour=request.param)


@pytest.fixture
def bench(make_bench: Callable[..., Bench]) -> Bench:
    return make_bench()
