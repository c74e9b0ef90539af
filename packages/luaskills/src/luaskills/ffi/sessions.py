"""Persistent sessions under both their names, ``runtime_session_*`` and ``runtime_lease_*``, public and system.

A failure of a session is an inner answer ``{ok: false, error_code, message}``; a request that is wrong in itself is
an error of the function.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from luaskills.errors import InvalidInput, SessionError
from luaskills.ffi.engines import Held
from luaskills.ffi.leases import PUBLIC, SYSTEM, Lease, system_lua_lib
from luaskills.ffi.request import Request
from luaskills.types import InvocationContext, Json

ACTIONS = ("create", "eval", "status", "list", "close")


@dataclass(frozen=True, slots=True)
class Surface:
    """One family of names: whether it takes an authority, and whether it knows profiles and directories."""

    system: bool
    leases: bool

    @property
    def profile(self) -> str:
        return SYSTEM if self.leases and self.system else PUBLIC

    def handler(self, action: str) -> Callable[[Held, Request], Json]:
        """The function of an action of ``ACTIONS``."""
        work = {"create": _create, "eval": _eval, "status": _status, "list": _list, "close": _close}[action]

        def handle(held: Held, request: Request) -> Json:
            if self.system:
                request.authority()
            try:
                return {"ok": True, **work(self, held, request)}
            except SessionError as error:
                return {"ok": False, "error_code": error.code, "message": str(error)}

        return handle


def _create(surface: Surface, held: Held, request: Request) -> dict[str, Json]:
    sid, ttl, replace = request.text("sid"), request.whole_or_none("ttl_sec"), request.flag("replace")
    if not surface.leases:
        return held.engine.sessions.create(sid, ttl, replace)
    endless = surface.system and not ttl
    if ttl == 0 and not endless:
        raise InvalidInput("runtime lease ttl_sec must be greater than 0")
    if request.value.get("mounts") is not None and not isinstance(request.value["mounts"], dict):
        raise InvalidInput("runtime lease mounts must be one JSON object when present")
    cwd, workspace = _path(request, "cwd"), _path(request, "workspace_root")
    lua_roots, c_roots = _paths(request, "lua_roots"), _paths(request, "c_roots")
    library = system_lua_lib(held.engine) if surface.system else None
    if library:
        cwd, lua_roots = cwd or library, [library, *lua_roots]
    lua_path = "".join(f"{root}/?.lua;{root}/?/init.lua;" for root in lua_roots)
    native_path = "".join(f"{root}/?.so;" for root in c_roots)
    created = held.engine.sessions.create(sid, ttl, replace, cwd, endless, lua_path, native_path)
    lease = Lease(surface.profile, "infinite" if endless else "finite", cwd, workspace, library)
    alive = frozenset(session["lease_id"] for session in held.engine.sessions.list())
    held.leases.add(created["lease_id"], lease, alive)
    return {**created, **lease.to_json()}


def _eval(surface: Surface, held: Held, request: Request) -> dict[str, Json]:
    lease_id, sid, generation = _identity(surface, held, request)
    timeout = request.whole_or_none("timeout_ms")
    given = request.value.get("invocation_context") is not None
    answer = held.engine.sessions.eval(
        lease_id,
        request.text("code"),
        request.value.get("args"),
        timeout_ms=60_000 if timeout is None else timeout,
        sid=sid,
        generation=generation,
        request=request.invocation() if given else InvocationContext(),
    )
    return _with_lease(surface, held, answer)


def _status(surface: Surface, held: Held, request: Request) -> dict[str, Json]:
    return _with_lease(surface, held, held.engine.sessions.status(*_identity(surface, held, request)))


def _close(surface: Surface, held: Held, request: Request) -> dict[str, Json]:
    return _with_lease(surface, held, held.engine.sessions.close(*_identity(surface, held, request)))


def _list(surface: Surface, held: Held, request: Request) -> dict[str, Json]:
    found = held.engine.sessions.list(request.text_or_none("sid"))
    if surface.leases:
        found = [session for session in found if held.leases.get(session["lease_id"]).profile == surface.profile]
    return {"leases": [_with_lease(surface, held, session) for session in found]}


def _identity(surface: Surface, held: Held, request: Request) -> tuple[str, str | None, int | None]:
    lease_id = request.text("lease_id")
    if surface.leases:
        held.leases.check(lease_id, surface.profile)
    return lease_id, request.text_or_none("sid"), request.whole_or_none("generation")


def _with_lease(surface: Surface, held: Held, answer: dict[str, Json]) -> dict[str, Json]:
    return {**answer, **held.leases.get(answer["lease_id"]).to_json()} if surface.leases else answer


def _path(request: Request, field: str) -> str | None:
    text = request.text_or_none(field)
    if text and "\0" in text:
        raise InvalidInput(f"{field} must not contain NUL bytes")
    return text if text and text.strip() else None


def _paths(request: Request, field: str) -> list[str]:
    texts = request.texts_or_none(field) or []
    if any("\0" in text for text in texts):
        raise InvalidInput(f"{field} must not contain NUL bytes")
    return [text for text in texts if text.strip()]
