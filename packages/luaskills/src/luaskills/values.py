"""Values hosts hand to the SDK, and their JSON: roots, authorities, invocation contexts, sources of skills."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any

from luaskills.types import Authority, Json, SkillRoot

RuntimeSkillRoot = SkillRoot
RootLike = RuntimeSkillRoot | Mapping[str, str]


class SkillInstallSourceType(str, Enum):
    """Where a package comes from."""

    GITHUB = "github"
    URL = "url"
    OFFICIAL_HUB = "official_hub"
    PRIVATE_URL_MANIFEST = "private_url_manifest"


@dataclass(frozen=True)
class LuaInvocationContext:
    """What the host says about one request, as skills see it in ``vulcan.context``."""

    request_context: Json = None
    client_budget: Json = None
    tool_config: Json = None

    def to_json(self) -> dict[str, Json]:
        """``{request_context, client_budget, tool_config}``, the last two never null."""
        return {
            "request_context": self.request_context,
            "client_budget": self.client_budget or {},
            "tool_config": self.tool_config or {},
        }


def context_json(context: LuaInvocationContext | Mapping[str, Json] | None) -> dict[str, Json] | None:
    """The JSON of a context; None stays None."""
    if context is None:
        return None
    if isinstance(context, LuaInvocationContext):
        return context.to_json()
    known = {key: context.get(key) for key in ("request_context", "client_budget", "tool_config")}
    return {**context, **LuaInvocationContext(**known).to_json()}


def authority_json(authority: Authority | str) -> str:
    """The text of an authority; a text is passed on as it is, the engine checks it."""
    return authority.value if isinstance(authority, Authority) else authority


def root_json(root: RootLike | None) -> dict[str, str] | None:
    """The JSON of a root; None stays None."""
    if root is None:
        return None
    return root.to_json() if isinstance(root, RuntimeSkillRoot) else dict(root)


def roots_json(roots: Iterable[RootLike]) -> list[dict[str, str] | None]:
    """The JSON of a chain of roots."""
    return [root_json(root) for root in roots]


def without_none(**members: Any) -> dict[str, Any]:
    """The members that are not None."""
    return {key: value for key, value in members.items() if value is not None}
