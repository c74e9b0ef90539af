"""Persistent sessions: Lua state that lives from one evaluation to the next.

Version 0.4 of the runtime calls a session a lease; both names work, on the same sessions.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Literal

from luaskills.binding.bound_engine import BoundEngine
from luaskills.errors import LuaSkillsError
from luaskills.types import Authority, Json
from luaskills.values import LuaInvocationContext, authority_json, context_json, without_none

RuntimeSessionAction = Literal["create", "eval", "status", "list", "close"]
RuntimeLeaseAction = RuntimeSessionAction
_Paths = list[str]  # the class below has a method of that name
_Handles = list["RuntimeSessionHandle"]
_ACTIONS: tuple[RuntimeSessionAction, ...] = ("create", "eval", "status", "list", "close")


class RuntimeSessionClient:
    """The sessions of one engine; with an authority through the system functions.

    Payloads are ``{ok, sid, lease_id, generation, …}`` or ``{ok: False, error_code, message}``. ``create`` and
    ``eval`` raise RuntimeError for the latter, the others give it back.
    """

    _family: ClassVar[str] = "runtime_session"
    _label: ClassVar[str] = "runtime session"

    def __init__(self, client: BoundEngine, authority: Authority | str | None = None) -> None:
        self._client = client
        self.authority = authority
        if authority is not None:
            for action in _ACTIONS:
                name = f"luaskills_ffi_{self._function(action)}_json"
                if not client.ffi.exports(name):
                    raise LuaSkillsError(
                        name, f"LuaSkills library does not export {name}; update the native runtime to use it"
                    )

    def call_raw(self, action: RuntimeSessionAction, payload: Mapping[str, Json]) -> dict[str, Any]:
        """The payload of one action, unchecked; ``payload`` holds the members of the request."""
        if action not in _ACTIONS:
            raise ValueError(f"unsupported {self._label} action: {action}")
        authority = {} if self.authority is None else {"authority": authority_json(self.authority)}
        answer: dict[str, Any] = self._client.request(self._function(action), **{**payload, **authority})
        return answer

    def create(
        self,
        sid: str,
        ttl_sec: int | None = None,
        replace: bool = False,
        *,
        cwd: str | None = None,
        workspace_root: str | None = None,
        lua_roots: _Paths | None = None,
        c_roots: _Paths | None = None,
        mounts: Mapping[str, Json] | None = None,
        system_package: Mapping[str, Json] | None = None,
    ) -> dict[str, Any]:
        """Make a session of a name (600 seconds to live by default), in place of one of that name if ``replace``."""
        optional = without_none(
            ttl_sec=ttl_sec,
            cwd=cwd,
            workspace_root=workspace_root,
            lua_roots=lua_roots,
            c_roots=c_roots,
            mounts=mounts,
            system_package=system_package,
        )
        return self._checked("create", self.call_raw("create", {"sid": sid, "replace": replace, **optional}))

    def create_handle(
        self, sid: str, ttl_sec: int | None = None, replace: bool = False, **directories: Any
    ) -> RuntimeSessionHandle:
        """As :meth:`create`, as a handle."""
        return self.bind_handle(self.create(sid, ttl_sec, replace, **directories))

    def bind_handle(self, payload: Mapping[str, Any]) -> RuntimeSessionHandle:
        """The handle of a payload, or of what ``identity_payload`` gave; raises RuntimeError."""
        return RuntimeSessionHandle.from_payload(self, payload)

    def eval(
        self,
        lease_id: str,
        code: str,
        args: Json = None,
        timeout_ms: int = 60_000,
        sid: str | None = None,
        generation: int | None = None,
        invocation_context: LuaInvocationContext | Mapping[str, Json] | None = None,
    ) -> dict[str, Any]:
        """Run code that sees ``args``; its first value is ``result`` of the payload. Renews the time to live."""
        request = {"lease_id": lease_id, "code": code, "args": {} if args is None else args, "timeout_ms": timeout_ms}
        optional = without_none(sid=sid, generation=generation, invocation_context=context_json(invocation_context))
        return self._checked("eval", self.call_raw("eval", {**request, **optional}))

    def status(self, lease_id: str, sid: str | None = None, generation: int | None = None) -> dict[str, Any]:
        """The payload of a session, with ``closed`` and ``expired``; does not renew it."""
        return self.call_raw("status", {"lease_id": lease_id, **without_none(sid=sid, generation=generation)})

    def list(self, sid: str | None = None) -> dict[str, Any]:
        """``{ok, leases}``: the sessions that live."""
        return self.call_raw("list", without_none(sid=sid))

    def list_handles(self, sid: str | None = None) -> _Handles:
        """The sessions that live, as handles."""
        found = self.list(sid).get("leases")
        if not isinstance(found, list):
            raise RuntimeError(f"{self._label} list payload is missing the leases array")
        return [self.bind_handle(payload) for payload in found]

    def find_handle(self, sid: str) -> RuntimeSessionHandle | None:
        """The handle of the session of a name, None without one."""
        return next(iter(self.list_handles(sid)), None)

    def close(self, lease_id: str, sid: str | None = None, generation: int | None = None) -> dict[str, Any]:
        """End a session: its payload with ``closed: True``."""
        return self.call_raw("close", {"lease_id": lease_id, **without_none(sid=sid, generation=generation)})

    def uses_system_runtime_session_endpoints(self) -> bool:
        """Whether calls go to the system functions."""
        return self.authority is not None

    def uses_system_runtime_lease_endpoints(self) -> bool:
        """Whether calls go to the system functions."""
        return self.authority is not None

    def missing(self, kind: str, field: str) -> RuntimeError:
        """The error for a payload without an identity field."""
        return RuntimeError(f"{self._label} payload is missing required {kind} field: {field}")

    def _function(self, action: str) -> str:
        return f"{'' if self.authority is None else 'system_'}{self._family}_{action}"

    def _checked(self, action: str, payload: dict[str, Any]) -> dict[str, Any]:
        if payload.get("ok") is True:
            return payload
        code, message = payload.get("error_code") or "unknown", payload.get("message") or "no message"
        raise RuntimeError(f"{self._label} {action} failed: {code}: {message}")


class RuntimeLeaseClient(RuntimeSessionClient):
    """Sessions through the functions ``runtime_lease_*``, whose payloads also tell profile and directories."""

    _family = "runtime_lease"
    _label = "runtime lease"


class RuntimeSessionHandle:
    """One session, by its three identity fields; every call is guarded by them."""

    def __init__(self, sessions: RuntimeSessionClient, lease_id: str, sid: str, generation: int) -> None:
        self._sessions = sessions
        self.lease_id = lease_id
        self.sid = sid
        self.generation = generation

    @classmethod
    def from_payload(cls, sessions: RuntimeSessionClient, payload: Mapping[str, Any]) -> RuntimeSessionHandle:
        """From what the engine said, or from what ``identity_payload`` gave; raises RuntimeError."""
        for field in ("lease_id", "sid"):
            if not isinstance(payload.get(field), str):
                raise sessions.missing("string", field)
        generation = payload.get("generation")
        if isinstance(generation, bool) or not isinstance(generation, int):
            raise sessions.missing("integer", "generation")
        return cls(sessions, payload["lease_id"], payload["sid"], generation)

    def identity_payload(self) -> dict[str, Any]:
        """``{lease_id, sid, generation}``, all that is needed to come back to the session."""
        return {"lease_id": self.lease_id, "sid": self.sid, "generation": self.generation}

    def eval(
        self,
        code: str,
        args: Json = None,
        timeout_ms: int = 60_000,
        invocation_context: LuaInvocationContext | Mapping[str, Json] | None = None,
    ) -> dict[str, Any]:
        """Run code in the session; raises RuntimeError."""
        return self._sessions.eval(self.lease_id, code, args, timeout_ms, self.sid, self.generation, invocation_context)

    def status(self) -> dict[str, Any]:
        """The payload of the session, or why it is gone."""
        return self._sessions.status(self.lease_id, self.sid, self.generation)

    def close(self) -> dict[str, Any]:
        """End the session: its payload with ``closed: True``, or why it was gone."""
        return self._sessions.close(self.lease_id, self.sid, self.generation)


RuntimeLeaseHandle = RuntimeSessionHandle
