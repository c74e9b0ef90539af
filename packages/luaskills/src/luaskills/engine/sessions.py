"""Persistent sessions: a private VM per session whose globals live from one evaluation to the next.

The runtime of version 0.4 calls them leases; it is one mechanism. A finished session leaves a tombstone that still says
what became of it for an hour.
"""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from luaskills.context import VmKind
from luaskills.engine.vm import Vm
from luaskills.errors import CallFailed, InvalidInput, LimitExceeded, SessionError
from luaskills.types import InvocationContext, Json

DEFAULT_TTL_SECONDS = 600
LARGEST_TTL_SECONDS = 3600
MOST_SESSIONS = 8
TOMBSTONE_SECONDS = 3600.0
_ENDINGS = {"closed": "is closed", "expired": "is expired", "replaced": "was replaced"}


@dataclass(slots=True)
class Session:
    """One live session."""

    lease_id: str
    sid: str
    generation: int
    ttl_sec: int | None
    """None for a session that never expires."""
    vm: Vm
    expires: float
    """Unix time in seconds."""
    busy: bool = False
    cwd: str | None = None

    def to_json(self) -> dict[str, Json]:
        return {
            "sid": self.sid,
            "lease_id": self.lease_id,
            "generation": self.generation,
            "ttl_sec": self.ttl_sec,
            "expires_at_unix_ms": None if self.ttl_sec is None else int(self.expires * 1000),
        }

    def renew(self, now: float) -> None:
        """Let the time to live begin anew."""
        self.expires = math.inf if self.ttl_sec is None else now + self.ttl_sec


@dataclass(frozen=True, slots=True)
class Tombstone:
    """What became of a session: ``closed``, ``expired`` or ``replaced``."""

    sid: str
    generation: int
    ending: str
    until: float


@dataclass(slots=True)
class Sessions:
    """All sessions of one engine. Failures are SessionError with the code of the inner envelope."""

    new_vm: Callable[[VmKind], Vm]
    now: Callable[[], float] = time.time
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _live: dict[str, Session] = field(default_factory=dict)
    _ended: dict[str, Tombstone] = field(default_factory=dict)
    _generations: dict[str, int] = field(default_factory=dict)
    _sequence: int = 0

    def create(
        self,
        sid: str,
        ttl_sec: int | None = None,
        replace: bool = False,
        cwd: str | None = None,
        endless: bool = False,
        lua_path: str = "",
        native_path: str = "",
    ) -> dict[str, Json]:
        """A new session of this name; raises InvalidInput for the name, SessionError for the rest.

        ``endless`` sessions live until they are closed or replaced, whatever ``ttl_sec`` says. The paths are templates
        that go in front of ``package.path`` and ``package.cpath``.
        """
        sid = checked_sid(sid)
        ttl = DEFAULT_TTL_SECONDS if ttl_sec is None else min(max(1, int(ttl_sec)), LARGEST_TTL_SECONDS)
        vm = self.new_vm(VmKind.SESSION)
        if lua_path or native_path:
            vm.search(lua_path, native_path)
        with self._lock:
            self._expire()
            holder = next((session for session in self._live.values() if session.sid == sid), None)
            if holder is not None:
                self._make_room(holder, replace)
            if len(self._live) >= MOST_SESSIONS:
                raise SessionError("lease_limit_exceeded", "runtime session lease limit exceeded")
            self._sequence += 1
            self._generations[sid] = generation = self._generations.get(sid, 0) + 1
            now = self.now()
            lease_id = f"rt_{int(now * 1000)}_{self._sequence}"
            session = Session(lease_id, sid, generation, None if endless else ttl, vm, now, cwd=cwd)
            session.renew(now)
            self._live[session.lease_id] = session
            return session.to_json()

    def eval(
        self,
        lease_id: str,
        code: str,
        args: Json = None,
        *,
        timeout_ms: int = 60_000,
        sid: str | None = None,
        generation: int | None = None,
        request: InvocationContext | None = None,
    ) -> dict[str, Json]:
        """Run code in the session's VM and renew its time to live."""
        if timeout_ms <= 0:
            raise InvalidInput("runtime session eval timeout_ms must be greater than 0")
        session = self._claim(lease_id, sid, generation)
        try:
            result = _evaluate(session, code, args, timeout_ms, request or InvocationContext())
        except LimitExceeded as error:
            text = f"luaexec {error}" if error.kind == "time" else str(error)
            raise SessionError("eval_failed", f"Runtime session eval error: {text}") from None
        except CallFailed as error:
            raise SessionError("eval_failed", f"Runtime session eval error: {error}") from None
        except UnicodeDecodeError as error:
            text = f"Runtime session eval error: the result is not valid UTF-8: {error}"
            raise SessionError("eval_failed", text) from None
        finally:
            with self._lock:
                session.busy = False
                session.renew(self.now())
        answer = session.to_json()
        del answer["ttl_sec"]
        return {**answer, "result": result}

    def status(self, lease_id: str, sid: str | None = None, generation: int | None = None) -> dict[str, Json]:
        """The session's fields; does not renew it."""
        with self._lock:
            return {**self._find(lease_id, sid, generation).to_json(), "closed": False, "expired": False}

    def close(self, lease_id: str, sid: str | None = None, generation: int | None = None) -> dict[str, Json]:
        """End a session; SessionError ``lease_busy`` while it evaluates."""
        with self._lock:
            session = self._find(lease_id, sid, generation)
            if session.busy:
                raise SessionError("lease_busy", f"runtime session lease `{lease_id}` is busy")
            self._end(session, "closed")
            return {**session.to_json(), "closed": True, "expired": False}

    def list(self, sid: str | None = None) -> list[dict[str, Json]]:
        """The live sessions, busy ones too, sorted by sid, generation and lease."""
        with self._lock:
            self._expire()
            chosen = [s for s in self._live.values() if sid is None or s.sid == sid.strip()]
            chosen.sort(key=lambda s: (s.sid, s.generation, s.lease_id))
            return [{**session.to_json(), "closed": False, "expired": False} for session in chosen]

    def drop_all(self) -> None:
        """Forget every session without a trace, as a reload does."""
        with self._lock:
            self._live.clear()
            self._ended.clear()

    def _claim(self, lease_id: str, sid: str | None, generation: int | None) -> Session:
        with self._lock:
            session = self._find(lease_id, sid, generation)
            if session.busy:
                raise SessionError("lease_busy", f"runtime session lease `{lease_id}` is busy")
            session.busy = True
            return session

    def _find(self, lease_id: str, sid: str | None, generation: int | None) -> Session:
        self._expire()
        session, ended = self._live.get(lease_id), self._ended.get(lease_id)
        known = session or ended
        if known is None:
            raise SessionError("lease_not_found", f"runtime session lease `{lease_id}` was not found")
        if sid is not None and sid.strip() != known.sid:
            raise SessionError(
                "lease_sid_mismatch",
                f"runtime session lease `{lease_id}` belongs to sid `{known.sid}`, not `{sid.strip()}`",
            )
        if generation is not None and generation != known.generation:
            raise SessionError(
                "lease_generation_mismatch",
                f"runtime session lease `{lease_id}` generation mismatch: expected {generation}, "
                f"actual {known.generation}",
            )
        if session is None:
            assert ended is not None
            raise SessionError(
                f"lease_{ended.ending}",
                f"runtime session lease `{lease_id}` {_ENDINGS[ended.ending]} "
                f"(sid `{ended.sid}`, generation {ended.generation})",
            )
        return session

    def _make_room(self, holder: Session, replace: bool) -> None:
        if not replace:
            raise SessionError(
                "lease_exists", f"runtime session SID `{holder.sid}` already has lease `{holder.lease_id}`"
            )
        if holder.busy:
            raise SessionError(
                "lease_busy", f"runtime session SID `{holder.sid}` cannot replace busy lease `{holder.lease_id}`"
            )
        self._end(holder, "replaced")

    def _end(self, session: Session, ending: str) -> None:
        del self._live[session.lease_id]
        self._ended[session.lease_id] = Tombstone(
            session.sid, session.generation, ending, self.now() + TOMBSTONE_SECONDS
        )

    def _expire(self) -> None:
        now = self.now()
        for session in [s for s in self._live.values() if not s.busy and s.expires <= now]:
            self._end(session, "expired")
        for lease_id in [key for key, tombstone in self._ended.items() if tombstone.until <= now]:
            del self._ended[lease_id]


def checked_sid(sid: Any) -> str:
    """The trimmed name of a session; raises InvalidInput."""
    text = sid.strip() if isinstance(sid, str) else ""
    if not text:
        raise InvalidInput("runtime session sid must not be empty")
    if len(text.encode("utf-8", "replace")) > 128:
        raise InvalidInput("runtime session sid must not exceed 128 bytes")
    if "\0" in text:
        raise InvalidInput("runtime session sid must not contain NUL bytes")
    return text


def _evaluate(session: Session, code: str, args: Json, timeout_ms: int, request: InvocationContext) -> Json:
    vm = session.vm
    given = args if isinstance(args, dict) else {}
    vm.context.luaexec_active, vm.context.cwd = True, session.cwd

    def work() -> Json:
        return vm.run_json(vm.with_args(code, "session"), vm.to_lua(given))

    return vm.call(work, None, request, time_ms=timeout_ms)
