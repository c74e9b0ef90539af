"""The management functions of one engine, with the requests and results of the JSON FFI."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from http.client import HTTPException

from luaskills.engine.engine import Engine
from luaskills.engine.roots import LABELS
from luaskills.errors import DependencyError, ManagementError, ManifestError
from luaskills.management import application, removal, switching
from luaskills.management.planes import Action, Plane
from luaskills.management.requests import (
    RemovalOptions,
    Scope,
    SourceRequest,
    SourceType,
    chain,
    optional_text,
    required,
    required_text,
)
from luaskills.management.resolution import checked_skill_id
from luaskills.management.site import Site
from luaskills.management.targets import no_root, require_authority
from luaskills.types import Authority, Json, SkillRoot

Request = Mapping[str, Json]


class Management:
    """Manages the packages of one engine; the engine is reloaded inside of every transaction.

    Requests are those of the JSON FFI, ``engine_id`` is not looked at. Raises InvalidInput for a request of the wrong
    shape, RootChainError for a wrong chain, ManagementError for what is refused or fails; then nothing has changed.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def install(self, plane: Plane | str, request: Request) -> dict[str, Json]:
        """``{skill_roots, request, target_root?, authority?}`` → ``{skill_id, status, message, version, …}``."""
        asked = SourceRequest.parse(required(request, "request"))
        return self._apply(Plane(plane), Action.INSTALL, request, asked)

    def update(self, plane: Plane | str, request: Request) -> dict[str, Json]:
        """As :meth:`install`, for a skill that an install made."""
        asked = SourceRequest.parse(required(request, "request"))
        return self._apply(Plane(plane), Action.UPDATE, request, asked)

    def install_from_manifest(self, request: Request) -> dict[str, Json]:
        """``{skill_roots, skill_id, manifest_url, target_root?, authority}``, authority ``system`` only."""
        return self._apply(Plane.SYSTEM, Action.INSTALL, request, _manifest_source("install", request))

    def update_from_manifest(self, request: Request) -> dict[str, Json]:
        """As :meth:`install_from_manifest`."""
        return self._apply(Plane.SYSTEM, Action.UPDATE, request, _manifest_source("update", request))

    def uninstall(self, plane: Plane | str, request: Request) -> dict[str, Json]:
        """``{skill_roots, skill_id, target_root?, options, authority?}`` → what was removed and what was kept."""
        options = RemovalOptions.parse(request.get("options"))
        scope, skill_id = self._scope(Plane(plane), Action.UNINSTALL, request), _skill_id(request)
        with _failures(Action.UNINSTALL, skill_id):
            return removal.uninstall(self._engine, Plane(plane), scope, skill_id, options).to_json()

    def enable(self, plane: Plane | str, request: Request) -> dict[str, Json]:
        """``{skill_roots, skill_id, authority?}`` → ``{"enabled": True}``."""
        scope, skill_id = self._scope(Plane(plane), Action.ENABLE, request), _skill_id(request)
        with _failures(Action.ENABLE, skill_id):
            switching.enable(self._engine, Plane(plane), scope, skill_id)
        return {"enabled": True}

    def disable(self, plane: Plane | str, request: Request) -> dict[str, Json]:
        """``{skill_roots, skill_id, reason?, authority?}`` → ``{"disabled": True}``."""
        scope, skill_id = self._scope(Plane(plane), Action.DISABLE, request), _skill_id(request)
        reason = optional_text(request, "reason")
        with _failures(Action.DISABLE, skill_id):
            switching.disable(self._engine, Plane(plane), scope, skill_id, reason)
        return {"disabled": True}

    def recover(self, skill_roots: Sequence[SkillRoot | Request]) -> None:
        """Finish or undo what a killed process left in these roots; call it before the roots are loaded.

        Creates nothing, waits for nobody, and leaves alone what a living process is doing.
        """
        for root in chain(skill_roots):
            with _failures(None, root.name):
                Site.of(root, self._engine.options.host).recover()

    def _apply(self, plane: Plane, action: Action, request: Request, asked: SourceRequest) -> dict[str, Json]:
        scope = self._scope(plane, action, request)
        with _failures(action, asked.skill_id or asked.source or ""):
            return application.apply(self._engine, plane, action, scope, asked).to_json()

    def _scope(self, plane: Plane, action: Action, request: Request) -> Scope:
        if plane is Plane.SYSTEM and request.get("target_root") is None and not _has_root(request):
            raise no_root(action)
        scope = Scope.parse(request)
        if plane is Plane.SKILLS:
            return replace(scope, authority=None)
        require_authority(action, scope)
        return scope


def _has_root(request: Request) -> bool:
    """False only for a chain of known layers without ROOT; what is wrong otherwise its own check says."""
    roots = request.get("skill_roots")
    if not isinstance(roots, list | tuple):
        return True
    names = [
        str(root.name if isinstance(root, SkillRoot) else root.get("name")).strip().upper()
        for root in roots
        if isinstance(root, SkillRoot | Mapping)
    ]
    return "ROOT" in names or not all(name in LABELS for name in names)


def _manifest_source(name: str, request: Request) -> SourceRequest:
    if request.get("authority") != Authority.SYSTEM:
        function = f"luaskills_ffi_system_private_{name}_skill_from_url_manifest_json"
        raise ManagementError(f"{function} requires system authority for private URL manifest operations")
    url = required_text(request, "manifest_url")
    return SourceRequest(required_text(request, "skill_id"), url, SourceType.PRIVATE_URL_MANIFEST)


def _skill_id(request: Request) -> str:
    return checked_skill_id(required_text(request, "skill_id"))


@contextmanager
def _failures(action: Action | None, name: str) -> Iterator[None]:
    """Everything the outside does to an operation, as ManagementError."""
    try:
        yield
    except (DependencyError, ManifestError) as error:
        raise ManagementError(str(error)) from error
    except (OSError, HTTPException) as error:
        what = f"{action.value} of skill '{name}'" if action else f"recovery of root '{name}'"
        raise ManagementError(f"{what} failed: {error}") from error
