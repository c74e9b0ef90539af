"""Which skill a request names."""

from __future__ import annotations

from starlette.types import Scope

from pharia_kernel.types import SkillPath, check_namespace


def skill_path(scope: Scope) -> SkillPath:
    """Of ``{namespace}`` and ``{name}``; only the namespace has a rule. Raises :class:`InvalidNamespace`."""
    parameters = scope["path_params"]
    return SkillPath(check_namespace(parameters["namespace"]), parameters["name"])
