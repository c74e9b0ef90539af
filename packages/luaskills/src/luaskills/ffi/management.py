"""Installing, updating, removing, enabling and disabling skills, on the ordinary and on the system plane."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from luaskills.errors import InvalidInput, ManagementError
from luaskills.ffi.engines import Held
from luaskills.ffi.envelope import invalid_json
from luaskills.ffi.request import Request
from luaskills.management import Plane
from luaskills.types import Authority, Json

ACTIONS = ("install", "update", "uninstall", "enable", "disable")


def handler(action: str, plane: Plane) -> Callable[[Held, Request], Json]:
    """The function of an action of ``ACTIONS`` on a plane."""

    def handle(held: Held, request: Request) -> Json:
        _check(action, request)
        if plane is Plane.SYSTEM:
            request.authority()
        management = held.management
        work: Mapping[str, Callable[[Plane, Mapping[str, Json]], dict[str, Json]]] = {
            "install": management.install,
            "update": management.update,
            "uninstall": management.uninstall,
            "enable": management.enable,
            "disable": management.disable,
        }
        try:
            return work[action](plane, request.value)
        except InvalidInput as error:
            raise invalid_json(request.function, str(error)) from None

    return handle


def install_from_manifest(held: Held, request: Request) -> Json:
    _check_private(request)
    return held.management.install_from_manifest(request.value)


def update_from_manifest(held: Held, request: Request) -> Json:
    _check_private(request)
    return held.management.update_from_manifest(request.value)


def _check(action: str, request: Request) -> None:
    request.roots()
    if action in ("install", "update"):
        request.mapping("request")
    else:
        request.text("skill_id")
    request.mapping_or_none("target_root")


def _check_private(request: Request) -> None:
    if request.authority() is not Authority.SYSTEM:
        raise ManagementError(f"{request.function} requires system authority for private URL manifest operations")
    request.roots()
    for key in ("skill_id", "manifest_url"):
        request.text(key)
