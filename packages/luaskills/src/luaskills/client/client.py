"""The client of one engine."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from luaskills.binding.json_ffi import LuaSkillsJsonFfi
from luaskills.client.library_query import LibraryQuery
from luaskills.client.management import SkillManagementClient, SystemSkillManagementClient
from luaskills.client.options import create_engine_options
from luaskills.client.roots import RuntimeRoots, absolute
from luaskills.config import SkillConfigClient
from luaskills.library import EngineChoice, PathLike
from luaskills.sessions import RuntimeLeaseClient, RuntimeSessionClient
from luaskills.types import Authority, Json
from luaskills.values import LuaInvocationContext, RootLike, authority_json, context_json, roots_json


class LuaSkillsClient:
    """Owns one engine: loads skills into it, asks about them, calls them. A context manager that closes.

    Without ``library_path`` and ``LUASKILLS_LIB`` the engine is the built-in one. ``runtime_root`` is
    ``luaskills-runtime`` in the working directory by default; its directories are made, unless
    ``ensure_runtime_layout`` is False or ``engine_options`` are given. ``host_options`` and ``pool_config`` are laid
    over the defaults of :func:`~luaskills.create_engine_options`.

    Methods raise LuaSkillsError when the engine refuses or fails, RuntimeError after :meth:`close`. Calls may run in
    several threads at once.
    """

    version = LibraryQuery("version")
    """``{ffi_version, protocol}`` of the library that the arguments name, on a client of its own."""
    describe = LibraryQuery("describe")
    """``{ffi_version, exported_functions}`` of the library that the arguments name, on a client of its own."""

    def __init__(
        self,
        *,
        library_path: PathLike | None = None,
        runtime_root: PathLike | None = None,
        engine_options: Mapping[str, Any] | None = None,
        host_options: Mapping[str, Any] | None = None,
        pool_config: Mapping[str, int] | None = None,
        ensure_runtime_layout: bool = True,
        engine: EngineChoice | str = EngineChoice.AUTO,
    ) -> None:
        root = absolute(runtime_root or "luaskills-runtime")
        self.ffi = LuaSkillsJsonFfi(library_path, root, engine=engine)
        options = engine_options or create_engine_options(root, host_options=host_options, pool_config=pool_config)
        if not engine_options and ensure_runtime_layout:
            RuntimeRoots.ensure_layout(root)
        self._engine_id = int(self.ffi.call_json("luaskills_ffi_engine_new_json", {"options": options})["engine_id"])
        self._closed = False
        self.config = SkillConfigClient(self)
        self.skills = SkillManagementClient(self)

    def __enter__(self) -> LuaSkillsClient:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def engine_id(self) -> int:
        """The number of the engine in its library."""
        return self._engine_id

    @property
    def closed(self) -> bool:
        return self._closed

    def close(self) -> dict[str, Any] | None:
        """Free the engine: ``{"freed": True}`` the first time, None afterwards."""
        if self._closed:
            return None
        self._closed = True
        freed: dict[str, Any] = self.ffi.call_json("luaskills_ffi_engine_free_json", {"engine_id": self._engine_id})
        return freed

    def load_from_roots(self, skill_roots: Iterable[RootLike]) -> dict[str, Any]:
        """Load the skills of a chain of roots: ``{"loaded": True}``."""
        return self._dict("load_from_roots", skill_roots=roots_json(skill_roots))

    def reload_from_roots(self, skill_roots: Iterable[RootLike]) -> dict[str, Any]:
        """Load anew; on failure what was loaded stays: ``{"reloaded": True}``."""
        return self._dict("reload_from_roots", skill_roots=roots_json(skill_roots))

    def load_from_dirs(self, base_dir: PathLike, override_dir: PathLike | None = None) -> dict[str, Any]:
        """The form of version 0.2: the base directory as ROOT, the one that overrides it as PROJECT."""
        roots = [{"name": "ROOT", "skills_dir": absolute(base_dir).as_posix()}]
        if override_dir is not None:
            roots.append({"name": "PROJECT", "skills_dir": absolute(override_dir).as_posix()})
        return self.load_from_roots(roots)

    def list_entries(self, authority: Authority | str = Authority.DELEGATED_TOOL) -> list[dict[str, Any]]:
        """Every entry the authority sees, sorted by canonical name."""
        entries: list[dict[str, Any]] = self.request("list_entries", authority=authority_json(authority))
        return entries

    def list_skill_help(self, authority: Authority | str = Authority.DELEGATED_TOOL) -> list[dict[str, Any]]:
        """The help tree of every skill the authority sees."""
        trees: list[dict[str, Any]] = self.request("list_skill_help", authority=authority_json(authority))
        return trees

    def render_skill_help_detail(
        self,
        skill_id: str,
        flow_name: str = "main",
        *,
        authority: Authority | str = Authority.DELEGATED_TOOL,
        request_context: Json = None,
    ) -> dict[str, Any] | None:
        """One node of a help tree with its Markdown; None for a skill that is unknown or hidden."""
        detail: dict[str, Any] | None = self.request(
            "render_skill_help_detail",
            skill_id=skill_id,
            flow_name=flow_name,
            request_context=request_context,
            authority=authority_json(authority),
        )
        return detail

    def prompt_argument_completions(
        self, prompt_name: str, argument_name: str, authority: Authority | str = Authority.DELEGATED_TOOL
    ) -> list[str] | None:
        """Reserved: None."""
        completions: list[str] | None = self.request(
            "prompt_argument_completions",
            prompt_name=prompt_name,
            argument_name=argument_name,
            authority=authority_json(authority),
        )
        return completions

    def is_skill(self, tool_name: str, authority: Authority | str = Authority.DELEGATED_TOOL) -> bool:
        """Whether the authority sees an entry of this canonical name."""
        return bool(self._dict("is_skill", tool_name=tool_name, authority=authority_json(authority))["value"])

    def skill_name_for_tool(self, tool_name: str, authority: Authority | str = Authority.DELEGATED_TOOL) -> str | None:
        """The id of the skill that owns a canonical name; None when it is unknown or hidden."""
        return self._dict("skill_name_for_tool", tool_name=tool_name, authority=authority_json(authority)).get(
            "skill_id"
        )

    def call_skill(
        self,
        tool_name: str,
        args: Json = None,
        invocation_context: LuaInvocationContext | Mapping[str, Json] | None = None,
    ) -> dict[str, Any]:
        """``{content, overflow_mode, template_hint, content_bytes, content_lines, host_result?}`` of an entry."""
        return self._dict(
            "call_skill",
            tool_name=tool_name,
            args={} if args is None else args,
            invocation_context=context_json(invocation_context),
        )

    def run_lua(
        self,
        code: str,
        args: Json = None,
        invocation_context: LuaInvocationContext | Mapping[str, Json] | None = None,
    ) -> Any:
        """The first value of Lua code, which sees ``args``, as a JSON value."""
        return self.request(
            "run_lua",
            code=code,
            args={} if args is None else args,
            invocation_context=context_json(invocation_context),
        )

    def runtime_sessions(self) -> RuntimeSessionClient:
        """Persistent sessions through the public functions."""
        return RuntimeSessionClient(self)

    def runtime_leases(self) -> RuntimeLeaseClient:
        """The same under the names of version 0.4."""
        return RuntimeLeaseClient(self)

    def system(self, authority: Authority | str = Authority.SYSTEM) -> SystemSkillManagementClient:
        """Everything that takes an authority, bound to one."""
        return SystemSkillManagementClient(self, authority)

    def request(self, function: str, /, **members: Json) -> Any:
        """The result of ``luaskills_ffi_{function}_json`` on this client's engine."""
        return self.request_json(f"luaskills_ffi_{function}_json", members)

    def request_json(self, function_name: str, members: Mapping[str, Json]) -> Any:
        """The result of a function by its full name on this client's engine."""
        if self._closed:
            raise RuntimeError(f"LuaSkills engine {self._engine_id} is already closed")
        return self.ffi.call_json(function_name, {"engine_id": self._engine_id, **members})

    def _dict(self, function: str, /, **members: Json) -> dict[str, Any]:
        result: dict[str, Any] = self.request(function, **members)
        return result
