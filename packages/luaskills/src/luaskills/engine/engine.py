"""The engine: one load of skills at a time, and everything a host may ask of it."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

from luaskills.context import Callbacks, HostServices, LoadedLayer, SharedParts
from luaskills.engine import catalog as catalogs
from luaskills.engine.callbacks import CallbackTable, ProvidersKept
from luaskills.engine.calls import Calls
from luaskills.engine.catalog import Catalog
from luaskills.engine.config_file import ConfigFile
from luaskills.engine.dependencies import Dependencies
from luaskills.engine.help import help_detail, list_help
from luaskills.engine.options import EngineOptions
from luaskills.engine.providers import check_providers
from luaskills.engine.roots import Candidate, common_runtime_root, parse_roots
from luaskills.engine.runtime_manifest import check_packaged_runtime
from luaskills.engine.sessions import Sessions
from luaskills.errors import EngineClosed, InvalidInput
from luaskills.types import Authority, CallResult, InvocationContext, Json, SkillManifest, SkillRoot

LOGGER_NAME = "luaskills.runtime"
_NO_CONTEXT = InvocationContext()


class Engine:
    """Loads skill packages and runs them. Thread safe; calls run in parallel and may re-enter from callbacks.

    A context manager that closes. Every method after :meth:`close` raises EngineClosed.
    """

    def __init__(
        self,
        options: EngineOptions | None = None,
        callbacks: Callbacks | None = None,
        log: logging.Logger | None = None,
    ) -> None:
        self.options = options or EngineOptions()
        self.callbacks: Callbacks = callbacks if callbacks is not None else CallbackTable()
        self._host_functions = ProvidersKept(self.callbacks)
        self._log = log or logging.getLogger(LOGGER_NAME)
        self._shared = SharedParts()
        self._loading = threading.RLock()
        self._closed = False
        self.config = ConfigFile(lambda: self._config_path())
        self._calls = self._new_calls(Catalog())
        self.sessions = Sessions(lambda kind: self._current().new_vm(kind))

    def __enter__(self) -> Engine:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Free the VMs, sessions, databases and caches; calls that run end as they do."""
        with self._loading:
            if self._closed:
                return
            self._closed = True
            self.sessions.drop_all()
            self._calls.retire()
            self._shared.close()

    @property
    def log(self) -> logging.Logger:
        return self._log

    def close_databases(self, directory: Path) -> None:
        """Close the databases that are open in a directory, because it goes away."""
        self._shared.drop(lambda name: f":{directory}" in name)

    @property
    def catalog(self) -> Catalog:
        """What is loaded now."""
        return self._current().catalog

    def load_from_roots(self, roots: Iterable[SkillRoot | Mapping[str, str]]) -> None:
        """Load the packages of a chain of roots in place of what was loaded; on failure that stays."""
        self._current()
        chain = parse_roots(roots)
        check_packaged_runtime(self.options.host, self._log)
        with self._loading:
            config_path = self._chosen_config_path(chain)
            loaded = catalogs.read_catalog(chain, self.options, config_path, self._log, self._prepare)
            fresh = self._new_calls(loaded)
            fresh.warm()
            before, self._calls = self._calls, fresh
            before.retire()
            self.sessions.drop_all()
        self._tell_delta(before.catalog, loaded)

    def reload_from_roots(self, roots: Iterable[SkillRoot | Mapping[str, str]]) -> None:
        """As :meth:`load_from_roots`: the new state takes over only when it is whole."""
        self.load_from_roots(roots)

    def list_entries(self, authority: Authority | str = Authority.DELEGATED_TOOL) -> list[dict[str, Json]]:
        """Every visible entry, sorted by canonical name."""
        visible = _visible(authority)
        return [
            bound.entry.to_json()
            for bound in self._current().catalog.entries.values()
            if visible(bound.entry.root_name)
        ]

    def list_skill_help(self, authority: Authority | str = Authority.DELEGATED_TOOL) -> list[dict[str, Json]]:
        """The help tree of every visible skill."""
        return list_help(self._current().catalog, _visible(authority))

    def render_skill_help_detail(
        self,
        skill_id: str,
        flow_name: str = "main",
        authority: Authority | str = Authority.DELEGATED_TOOL,
        request: InvocationContext = _NO_CONTEXT,
    ) -> dict[str, Json] | None:
        """One help node with its body; None for a skill that is unknown or hidden."""
        calls = self._current()
        package = calls.catalog.packages.get(skill_id)
        if package is None or not _visible(authority)(package.root_name):
            return None
        return help_detail(calls.catalog, package, flow_name, self.options.host, calls.help_body, request)

    def prompt_argument_completions(
        self, _prompt_name: str, _argument_name: str, authority: Authority | str = Authority.DELEGATED_TOOL
    ) -> list[str] | None:
        """Reserved by the runtime: always None."""
        self._current()
        _visible(authority)
        return None

    def is_skill(self, tool_name: str, authority: Authority | str = Authority.DELEGATED_TOOL) -> bool:
        return self.skill_name_for_tool(tool_name, authority) is not None

    def skill_name_for_tool(self, tool_name: str, authority: Authority | str = Authority.DELEGATED_TOOL) -> str | None:
        """The id of the skill that owns a canonical name; None when unknown or hidden."""
        visible = _visible(authority)
        bound = self._current().catalog.entries.get(tool_name)
        return bound.entry.skill_id if bound is not None and visible(bound.entry.root_name) else None

    def call_skill(self, tool_name: str, args: Json = None, request: InvocationContext = _NO_CONTEXT) -> CallResult:
        """Run an entry; raises SkillNotFound, CallFailed and its kinds."""
        return self._current().call_skill(tool_name, args, request)

    def prepare(self, tool_name: str) -> None:
        """Make the VM of the next call of an entry now, while nobody waits for it; raises SkillNotFound."""
        self._current().prepare(tool_name)

    def run_lua(self, code: str, args: Json = None, request: InvocationContext = _NO_CONTEXT) -> Json:
        """Run code without a skill and give its first value; raises CallFailed."""
        return self._current().run_lua(code, args, request)

    def _current(self) -> Calls:
        if self._closed:
            raise EngineClosed("the engine is closed")
        return self._calls

    def _new_calls(self, loaded: Catalog) -> Calls:
        def host(calls: Calls) -> HostServices:
            return HostServices(
                options=self.options.host,
                profile=self.options.profile,
                flavour=self.options.flavour,
                config=self.config,
                callbacks=self._host_functions,
                shared=self._shared,
                lua_exec=calls.execute,
                layers=lambda: tuple(LoadedLayer(root.name, root.skills_dir) for root in loaded.roots),
                tool_exists=loaded.entries.__contains__,
                log=self._log,
                memory_bytes=self.options.limits.memory_bytes,
            )

        return Calls(loaded, self.options, host)

    def _prepare(self, candidate: Candidate, manifest: SkillManifest) -> None:
        check_providers(manifest, self.options.host, self._host_functions)
        if (candidate.skill_dir / "dependencies.yaml").is_file():
            Dependencies(self.options.host, self._log).prepare(candidate, manifest)

    def _config_path(self) -> Path | None:
        explicit = self.options.host["skill_config_file_path"]
        return Path(explicit) if explicit else self._current().catalog.config_path

    def _chosen_config_path(self, chain: tuple[SkillRoot, ...]) -> Path:
        explicit = self.options.host["skill_config_file_path"]
        return Path(explicit) if explicit else common_runtime_root(chain) / "config" / "skill_config.json"

    def _tell_delta(self, before: Catalog, after: Catalog) -> None:
        callback = self.callbacks.get("entry_registry_delta")
        if callback is None:
            return
        try:
            callback(catalogs.delta(before, after))
        except Exception:
            self._log.exception("[LuaSkill] the host's callback for changed entries failed")


def _visible(authority: Authority | str) -> Callable[[str], bool]:
    try:
        chosen = Authority(authority)
    except ValueError:
        raise InvalidInput(f"unknown variant `{authority}`, expected `system` or `delegated_tool`") from None
    return lambda root_name: chosen is Authority.SYSTEM or root_name != "ROOT"
