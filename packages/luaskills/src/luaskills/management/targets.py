"""Which root an action works on, and whether it may."""

from __future__ import annotations

import os
from pathlib import Path

from luaskills.engine.roots import Candidate, discover
from luaskills.errors import InvalidInput, ManagementError
from luaskills.management.planes import Action, Plane
from luaskills.management.requests import Scope
from luaskills.types import Authority, SkillRoot


def choose_target(plane: Plane, action: Action, scope: Scope) -> SkillRoot:
    """The root to install to, update in or remove from; raises ManagementError."""
    if plane is Plane.SYSTEM:
        return _system_target(action, scope)
    if scope.target is not None:
        label = _label(scope.target)
        if label == "ROOT":
            raise ManagementError(f"ordinary skills plane cannot {action.value} the system-controlled ROOT skill root")
        if label not in ("PROJECT", "USER"):
            raise ManagementError(
                f"ordinary skills plane can only {action.value} PROJECT or USER skill roots; got '{label}'"
            )
        return _in_chain(scope.target, scope.roots)
    for label in ("USER", "PROJECT"):
        for root in scope.roots:
            if root.name == label:
                return root
    raise ManagementError("ordinary skills plane requires a PROJECT or USER skill root; ROOT is system-controlled")


def check_owner(action: Action, target: SkillRoot, roots: tuple[SkillRoot, ...], skill_id: str) -> None:
    """Refuse to put a skill beside one of the same id that ROOT holds; raises ManagementError."""
    root = _root(roots)
    if target.name != "ROOT" and is_package_directory(package_directory(root, skill_id)):
        raise ManagementError(
            f"skill '{skill_id}' is managed by the ROOT system layer at {package_directory(root, skill_id)}; "
            f"{action.value} in '{target.name}' is not allowed until the ROOT skill is removed"
        )


def check_not_shadowed(target: SkillRoot, roots: tuple[SkillRoot, ...], skill_id: str) -> None:
    """Refuse to update a copy that a higher root hides; raises ManagementError."""
    for root in roots:
        if root.name == target.name:
            return
        if is_package_directory(package_directory(root, skill_id)):
            raise ManagementError(
                f"skill '{skill_id}' in target root '{target.name}' is shadowed by higher-priority root "
                f"'{root.name}'; update the higher-priority layer or remove that override before changing this "
                "fallback root"
            )


def choose_effective(plane: Plane, action: Action, scope: Scope, skill_id: str) -> SkillRoot:
    """The root whose copy of a skill is in effect, for enabling and disabling; raises ManagementError."""
    found: Candidate | None = next((c for c in discover(scope.roots) if c.skill_id == skill_id), None)
    if found is None:
        kind = "declared" if action is Action.ENABLE else "effective"
        raise ManagementError(f"{kind} skill instance '{skill_id}' not found")
    if found.root.name == "ROOT":
        if plane is Plane.SKILLS:
            raise ManagementError(
                "ROOT skill root is system-controlled and cannot be processed through the skills plane "
                f"for action {action.value}"
            )
        _check_authority(action, scope)
    return found.root


def package_directory(root: SkillRoot, skill_id: str) -> Path:
    """Where a root has, or would have, a package."""
    return Path(os.path.abspath(root.skills_dir)) / skill_id


def is_package_directory(path: Path) -> bool:
    """Whether this is a directory that wins or hides an id: a real one, not a link."""
    return path.is_dir() and not path.is_symlink()


def require_authority(action: Action, scope: Scope) -> None:
    """Raise InvalidInput when a request of the system plane does not say who asks."""
    if scope.authority is None:
        name = f"system_{action.value.lower()}_skill"
        raise InvalidInput(f"{name} requires host-injected authority: use 'system' or 'delegated_tool'")


def _system_target(action: Action, scope: Scope) -> SkillRoot:
    target = scope.target or _root(scope.roots)
    if _label(target) == "ROOT":
        _check_authority(action, scope)
    return _in_chain(target, scope.roots)


def no_root(action: Action) -> ManagementError:
    """The refusal of the system plane when the chain has no ROOT."""
    return ManagementError(
        f"system {action.value.lower()} requires a configured ROOT skill root; ordinary PROJECT/USER layers must be "
        "managed through the skills plane"
    )


def _check_authority(action: Action, scope: Scope) -> None:
    if scope.authority is not Authority.SYSTEM:
        raise ManagementError(f"DelegatedTool authority cannot {action.value} the system-controlled ROOT skill root")


def _in_chain(target: SkillRoot, roots: tuple[SkillRoot, ...]) -> SkillRoot:
    path = os.path.realpath(target.skills_dir)
    for root in roots:
        if root.name == _label(target) and os.path.realpath(root.skills_dir) == path:
            return root
    raise ManagementError(
        f"target root '{_label(target)}' at {target.skills_dir} is not part of the full runtime root chain"
    )


def _root(roots: tuple[SkillRoot, ...]) -> SkillRoot:
    """That of the system; every checked chain has it."""
    return next(root for root in roots if root.name == "ROOT")


def _label(root: SkillRoot) -> str:
    return root.name.strip().upper()
