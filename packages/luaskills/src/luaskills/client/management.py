"""Installing, updating, removing, enabling and disabling skills, and all that takes an authority."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from luaskills.binding.bound_engine import BoundEngine
from luaskills.errors import LuaSkillsError
from luaskills.sessions import RuntimeLeaseClient, RuntimeSessionClient
from luaskills.types import Authority, Json
from luaskills.values import RootLike, authority_json, root_json, roots_json, without_none


class SkillManagementClient:
    """Manages the skills of PROJECT and USER roots; ROOT is out of reach.

    Every method takes the chain of roots the engine works with; skills are loaded anew after a change. An
    ``authority`` is of no use on this plane.
    """

    _prefix = ""

    def __init__(self, client: BoundEngine) -> None:
        self._client = client

    def disable(self, skill_roots: Iterable[RootLike], skill_id: str, reason: str | None = None) -> dict[str, Any]:
        """Keep a skill from being loaded: ``{"disabled": True}``."""
        return self._manage("disable", skill_roots, skill_id=skill_id, reason=reason)

    def enable(self, skill_roots: Iterable[RootLike], skill_id: str) -> dict[str, Any]:
        """Undo :meth:`disable`: ``{"enabled": True}``."""
        return self._manage("enable", skill_roots, skill_id=skill_id)

    def install(
        self,
        skill_roots: Iterable[RootLike],
        request: Mapping[str, Json],
        *,
        target_root: RootLike | None = None,
        authority: Authority | str | None = None,
    ) -> dict[str, Any]:
        """Fetch and install a package; ``request`` is ``{skill_id?, source?, source_type="github"}``.

        ``{skill_id, status, message, version, source_type, source_locator}``; the status says whether it was there.
        """
        return self._manage(
            "install", skill_roots, authority, request=dict(request), target_root=root_json(target_root)
        )

    def update(
        self,
        skill_roots: Iterable[RootLike],
        request: Mapping[str, Json],
        *,
        target_root: RootLike | None = None,
        authority: Authority | str | None = None,
    ) -> dict[str, Any]:
        """As :meth:`install`, for a skill that :meth:`install` made."""
        return self._manage("update", skill_roots, authority, request=dict(request), target_root=root_json(target_root))

    def uninstall(
        self,
        skill_roots: Iterable[RootLike],
        skill_id: str,
        *,
        options: Mapping[str, bool] | None = None,
        target_root: RootLike | None = None,
        authority: Authority | str | None = None,
    ) -> dict[str, Any]:
        """Remove a package; its databases stay unless ``options`` say ``remove_sqlite`` or ``remove_lancedb``."""
        return self._manage(
            "uninstall",
            skill_roots,
            authority,
            skill_id=skill_id,
            options=dict(options or {}),
            target_root=root_json(target_root),
        )

    def _manage(
        self, action: str, skill_roots: Iterable[RootLike], authority: Authority | str | None = None, **members: Json
    ) -> dict[str, Any]:
        result: dict[str, Any] = self._client.request(
            f"{self._prefix}{action}_skill", skill_roots=roots_json(skill_roots), **members, **self._sent(authority)
        )
        return result

    def _sent(self, _authority: Authority | str | None) -> dict[str, str]:
        return {}


class SystemSkillManagementClient(SkillManagementClient):
    """Manages skills of every root and asks questions, with one authority bound; ``authority=`` wins over it."""

    _prefix = "system_"

    def __init__(self, client: BoundEngine, authority: Authority | str = Authority.SYSTEM) -> None:
        super().__init__(client)
        self.authority = authority

    def call(self, function_name: str, payload: Mapping[str, Json] | None = None) -> dict[str, Any]:
        """The object a function answers with, engine and authority added; raises LuaSkillsError for anything else."""
        result = self.call_value(function_name, payload)
        if not isinstance(result, dict):
            raise LuaSkillsError(function_name, "the result must be one JSON object")
        return result

    def call_value(self, function_name: str, payload: Mapping[str, Json] | None = None) -> Any:
        """The result of a function, engine and authority added."""
        return self._client.request_json(function_name, {**(payload or {}), **self._sent(None)})

    def list_entries(self) -> list[dict[str, Any]]:
        """Every entry the authority sees."""
        entries: list[dict[str, Any]] = self._client.request("list_entries", **self._sent(None))
        return entries

    def list_skill_help(self) -> list[dict[str, Any]]:
        """The help tree of every skill the authority sees."""
        trees: list[dict[str, Any]] = self._client.request("list_skill_help", **self._sent(None))
        return trees

    def render_skill_help_detail(
        self, skill_id: str, flow_name: str = "main", request_context: Json = None
    ) -> dict[str, Any] | None:
        """One node of a help tree; None for a skill that is unknown or hidden."""
        detail: dict[str, Any] | None = self._client.request(
            "render_skill_help_detail",
            skill_id=skill_id,
            flow_name=flow_name,
            request_context=request_context,
            **self._sent(None),
        )
        return detail

    def prompt_argument_completions(self, prompt_name: str, argument_name: str) -> list[str] | None:
        """Reserved: None."""
        completions: list[str] | None = self._client.request(
            "prompt_argument_completions", prompt_name=prompt_name, argument_name=argument_name, **self._sent(None)
        )
        return completions

    def is_skill(self, tool_name: str) -> bool:
        """Whether the authority sees an entry of this canonical name."""
        return bool(self._client.request("is_skill", tool_name=tool_name, **self._sent(None))["value"])

    def skill_name_for_tool(self, tool_name: str) -> str | None:
        """The id of the skill that owns a canonical name."""
        owner: str | None = self._client.request("skill_name_for_tool", tool_name=tool_name, **self._sent(None)).get(
            "skill_id"
        )
        return owner

    def install_private_url_manifest(
        self,
        skill_roots: Iterable[RootLike],
        skill_id: str,
        manifest_url: str,
        target_root: RootLike | None = None,
    ) -> dict[str, Any]:
        """Install from a manifest of the host's own; the authority must be ``system``."""
        return self._private("install", skill_roots, skill_id, manifest_url, target_root)

    def update_private_url_manifest(
        self,
        skill_roots: Iterable[RootLike],
        skill_id: str,
        manifest_url: str,
        target_root: RootLike | None = None,
    ) -> dict[str, Any]:
        """Update from a manifest of the host's own; the authority must be ``system``."""
        return self._private("update", skill_roots, skill_id, manifest_url, target_root)

    def runtime_sessions(self) -> RuntimeSessionClient:
        """Sessions through the system functions; LuaSkillsError when the library lacks them."""
        return RuntimeSessionClient(self._client, self.authority)

    def runtime_leases(self) -> RuntimeLeaseClient:
        """Leases through the system functions; LuaSkillsError when the library lacks them."""
        return RuntimeLeaseClient(self._client, self.authority)

    def _private(
        self, action: str, skill_roots: Iterable[RootLike], skill_id: str, url: str, target_root: RootLike | None
    ) -> dict[str, Any]:
        result: dict[str, Any] = self._client.request(
            f"system_private_{action}_skill_from_url_manifest",
            skill_roots=roots_json(skill_roots),
            skill_id=skill_id,
            manifest_url=url,
            **without_none(target_root=root_json(target_root)),
            **self._sent(None),
        )
        return result

    def _sent(self, authority: Authority | str | None) -> dict[str, str]:
        return {"authority": authority_json(self.authority if authority is None else authority)}
