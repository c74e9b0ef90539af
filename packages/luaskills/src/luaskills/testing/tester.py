"""One skill package, loaded for a test into an engine and directories of its own."""

from __future__ import annotations

import logging
import os
import shutil
import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Self

from luaskills.client.roots import RuntimeRoots
from luaskills.engine.callbacks import CallbackTable
from luaskills.engine.engine import Engine
from luaskills.engine.options import EngineOptions
from luaskills.errors import ManifestError, SkillNotFound
from luaskills.testing.fake_host import PROVIDERS, FakeHost
from luaskills.testing.host import HostDouble
from luaskills.testing.package import MANIFEST
from luaskills.types import CallResult, Flavour, InvocationContext, Json, Profile

TIME_LIMIT_MS = 60_000
_LEFT_OUT = shutil.ignore_patterns("tests", ".git", ".venv", "__pycache__", "node_modules")
_POOL = {"min_size": 1, "max_size": 4, "idle_ttl_secs": 60}
_CALLBACK_MODE = {"provider_mode": "host_callback", "callback_mode": "json"}
_LABELS = ("ROOT", "PROJECT", "USER")


class SkillTester:
    """Loads a copy of a package as its users would, calls it, and takes everything away again.

    ``beside`` are packages it calls, ``host`` answers what it asks of its host, ``config`` is its configuration at the
    start. A call ends after ``time_limit_ms``; the network is closed to dependencies unless ``allow_download``. A
    context manager; entering raises ManifestError when the package can not be loaded, and what the engine said.
    """

    def __init__(
        self,
        package: Path | str,
        *,
        host: HostDouble | None = None,
        beside: Iterable[Path | str] = (),
        config: Mapping[str, str] | None = None,
        profile: Profile | str = Profile.STANDARD,
        flavour: Flavour | str = Flavour.LUAJIT,
        time_limit_ms: int = TIME_LIMIT_MS,
        allow_download: bool = False,
        host_options: Mapping[str, Json] | None = None,
    ) -> None:
        self.package = Path(os.path.abspath(package))
        self.skill_id = self.package.name
        self.host: HostDouble = FakeHost() if host is None else host
        self.log: list[str] = []
        """What the engine and the skill logged, ``print`` too."""
        self._packages = [self.package, *(Path(os.path.abspath(path)) for path in beside)]
        self._config = dict(config or {})
        self._own = {"profile": Profile(profile).value, "flavour": Flavour(flavour).value, **(host_options or {})}
        self._time_limit_ms, self._allow_download = time_limit_ms, allow_download
        self._folder: tempfile.TemporaryDirectory[str] | None = None
        self._engine: Engine | None = None

    def __enter__(self) -> Self:
        self._folder = tempfile.TemporaryDirectory(prefix="luaskills-test-")
        try:
            self._open(Path(self._folder.name))
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """End the engine and remove its directories."""
        engine, self._engine = self._engine, None
        folder, self._folder = self._folder, None
        if engine is not None:
            engine.close()
        if folder is not None:
            folder.cleanup()

    @property
    def engine(self) -> Engine:
        """The engine; raises RuntimeError outside of the context."""
        if self._engine is None:
            raise RuntimeError("the skill is not loaded: use `with SkillTester(…) as skill:`")
        return self._engine

    def call(
        self,
        entry: str,
        args: Mapping[str, Json] | None = None,
        *,
        context: InvocationContext | None = None,
    ) -> CallResult:
        """Call an entry by its local or its canonical name; raises CallFailed, SkillNotFound and their kinds."""
        return self.engine.call_skill(self.canonical_name(entry), dict(args or {}), context or InvocationContext())

    def help(self, flow: str = "main") -> str:
        """The body of a help node; raises EngineError."""
        detail = self.engine.render_skill_help_detail(self.skill_id, flow, "system")
        return str(detail["content"]) if detail else ""

    def config(self) -> dict[str, str]:
        """The configuration of the skill as it is now."""
        return self.engine.config.values(self.skill_id)

    def canonical_name(self, entry: str) -> str:
        """The name an entry is called by; raises SkillNotFound."""
        entries = self.engine.catalog.entries
        own = {bound.entry.local_name: name for name, bound in entries.items() if bound.entry.skill_id == self.skill_id}
        if entry in own or entry in entries:
            return own.get(entry, entry)
        raise SkillNotFound(f"skill '{self.skill_id}' has no entry '{entry}' (it has: {', '.join(sorted(own))})")

    def _open(self, root: Path) -> None:
        RuntimeRoots.ensure_layout(root)
        for package in self._packages:
            if not (package / MANIFEST).is_file():
                raise ManifestError(f"{MANIFEST} not found in {package}")
            shutil.copytree(package, root / "user_skills" / package.name, symlinks=True, ignore=_LEFT_OUT)
        log = logging.Logger("luaskills.testing", logging.INFO)
        log.addHandler(_Lines(self.log))
        callbacks = CallbackTable()
        for name, callback in self.host.callbacks.items():
            callbacks.set(name, callback)
        options = EngineOptions.parse({"pool_config": _POOL, "host_options": self._host_options(root)})
        self._engine = engine = Engine(options, callbacks, log)
        engine.load_from_roots([{"name": each, "skills_dir": str(root / f"{each.lower()}_skills")} for each in _LABELS])
        for package in self._packages:
            if package.name not in engine.catalog.packages:
                raise ManifestError(_why_not(package, self.log))
        for key, value in self._config.items():
            engine.config.set(self.skill_id, key, value)

    def _host_options(self, root: Path) -> dict[str, Json]:
        """Directories of its own, and the databases of the host where it answers for them."""
        answered = [name for name in PROVIDERS if f"{name}_provider" in self.host.callbacks]
        modes = {f"{name}_{key}": value for name in answered for key, value in _CALLBACK_MODE.items()}
        return {
            "runtime_root": str(root),
            "allow_network_download": self._allow_download,
            "limits": {"time_ms": self._time_limit_ms},
            **modes,
            **self._own,
        }


class _Lines(logging.Handler):
    """Keeps messages as text."""

    def __init__(self, lines: list[str]) -> None:
        super().__init__()
        self._lines = lines

    def emit(self, record: logging.LogRecord) -> None:
        self._lines.append(record.getMessage())


def _why_not(package: Path, log: list[str]) -> str:
    said = [line for line in log if f"/{package.name}" in line or f"'{package.name}'" in line]
    return "\n".join(said) or f"{package} is not loaded: its name is no skill id, or it is not enabled"
