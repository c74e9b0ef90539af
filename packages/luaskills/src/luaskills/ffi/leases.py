"""What the functions named ``runtime_lease_*`` know of a session beside the engine: its profile and directories."""

from __future__ import annotations

import os
import threading
from dataclasses import dataclass

from luaskills.engine.engine import Engine
from luaskills.errors import SessionError
from luaskills.types import Json

PUBLIC, SYSTEM = "public", "system_lua_lib"


@dataclass(frozen=True, slots=True)
class Lease:
    """The fields that answers of the lease functions have on top of those of a session."""

    profile: str = PUBLIC
    lifetime: str = "finite"
    cwd: str | None = None
    workspace_root: str | None = None
    system_lua_lib: str | None = None

    def to_json(self) -> dict[str, Json]:
        return {
            "profile": self.profile,
            "lifetime": self.lifetime,
            "cwd": self.cwd,
            "workspace_root": self.workspace_root,
            "system_lua_lib": self.system_lua_lib,
        }


class Leases:
    """The leases of one engine by id; a session made by a ``runtime_session_*`` function is a public one."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._known: dict[str, Lease] = {}

    def add(self, lease_id: str, lease: Lease, alive: frozenset[str]) -> None:
        """Keep a new lease and forget those that are neither alive nor this one."""
        with self._lock:
            self._known = {key: known for key, known in self._known.items() if key in alive} | {lease_id: lease}

    def get(self, lease_id: str) -> Lease:
        return self._known.get(lease_id, Lease())

    def check(self, lease_id: str, profile: str) -> None:
        """Raise SessionError when a known lease belongs to the other profile."""
        known = self._known.get(lease_id)
        if known is not None and known.profile != profile:
            raise SessionError(
                "lease_profile_mismatch",
                f"runtime session lease `{lease_id}` belongs to profile `{known.profile}`, not `{profile}`",
            )


def system_lua_lib(engine: Engine) -> str | None:
    """The working directory of system leases, made when it is missing; None before anything is loaded."""
    directory: str | None = engine.options.host["system_lua_lib_dir"]
    if not directory:
        roots = engine.catalog.roots
        directory = roots[0].skills_dir if roots else None
    if directory:
        os.makedirs(directory, exist_ok=True)
    return directory
