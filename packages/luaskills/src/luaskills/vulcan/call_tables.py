"""What `vulcan.context`, `vulcan.deps` and `vulcan.runtime.internal` show of the running call."""

from __future__ import annotations

from collections.abc import Mapping

from luaskills.context import SkillScope
from luaskills.types import InvocationContext

_ABSENT: Mapping[str, object] = {}


def request_fields(request: InvocationContext) -> dict[str, object]:
    """The fields of `vulcan.context` about the request."""
    context = request.request_context
    capabilities = _mapping(context.get("client_capabilities"))
    return {
        "request": dict(context),
        "client_info": dict(_mapping(context.get("client_info"))),
        "client_capabilities": dict(capabilities),
        "client_budget": dict(request.client_budget),
        "tool_config": dict(request.tool_config),
        "host_result": host_result(capabilities.get("host_result")),
    }


def skill_fields(skill: SkillScope | None) -> dict[str, object]:
    """What the tables show of the running skill: `context`, `deps`, `internal`, and which databases it has."""
    if skill is None:
        return {"context": {}, "deps": {}, "internal": {}, "sqlite": False, "lancedb": False}
    return {
        "context": {"skill_dir": skill.skill_dir, "entry_dir": skill.entry_dir, "entry_file": skill.entry_file},
        "deps": {"tools_path": skill.tools_path, "lua_path": skill.lua_path, "ffi_path": skill.ffi_path},
        "internal": {
            "tool_name": skill.tool_name,
            "skill_name": skill.skill_id,
            "entry_name": skill.entry_name,
            "root_name": skill.root_name,
        },
        "sqlite": skill.sqlite is not None,
        "lancedb": skill.lancedb is not None,
    }


def host_result(capability: object) -> dict[str, object]:
    """What the client takes as a fourth result: nothing, unless it says so."""
    declared = _mapping(capability)
    kinds, most = declared.get("allowed_kinds"), declared.get("max_payload_bytes")
    named = [kind.strip() for kind in kinds if isinstance(kind, str)] if isinstance(kinds, list) else []
    return {
        "enabled": declared.get("enabled") is True,
        "allowed_kinds": [kind for kind in named if kind],
        "max_payload_bytes": most if isinstance(most, int) and not isinstance(most, bool) and most > 0 else None,
    }


def _mapping(value: object) -> Mapping[str, object]:
    return value if isinstance(value, Mapping) else _ABSENT
