"""Telling the host how far an installation is."""

from __future__ import annotations

import time
from collections.abc import Callable

from luaskills.engine.engine import Engine
from luaskills.management.install_record import Source
from luaskills.management.planes import Action, Plane
from luaskills.types import Json, SkillRoot

_STEP_BYTES = 1 << 20


class Progress:
    """The events of one operation, in order; a callback that fails is logged and changes nothing."""

    def __init__(self, engine: Engine, plane: Plane, action: Action, skill_id: str) -> None:
        self._engine, self._plane, self._action, self._skill_id = engine, plane, action, skill_id
        self._operation = f"skill-{action.value.lower()}-{skill_id}-{int(time.time() * 1000)}"
        self._sequence, self._told_bytes = 0, 0
        self.fetched = False
        """Whether anything came over the network."""
        self.root: SkillRoot | None = None
        self.source: Source | None = None

    def tell(
        self,
        phase: str,
        status: str = "started",
        message: str | None = None,
        done: int | None = None,
        total: int | None = None,
    ) -> None:
        """Send one event; sizes in bytes."""
        callback = self._engine.callbacks.get("skill_operation_progress")
        if callback is None:
            return
        self._sequence += 1
        event: dict[str, Json] = {
            "operation_id": self._operation,
            "sequence": self._sequence,
            "plane": self._plane.value.capitalize(),
            "action": self._action.value,
            "phase": phase,
            "status": status,
            "skill_id": self._skill_id,
            "root_name": self.root.name if self.root else None,
            "source_type": self.source.source_type.value if self.source else None,
            "source_locator": self.source.locator if self.source else None,
            "bytes_done": done,
            "bytes_total": total,
            "percent": done / total * 100 if done is not None and total else None,
            "message": message,
        }
        self._call("progress", callback, event)

    def downloaded(self, done: int, total: int | None) -> None:
        """Send an event for every MiB, and for the last byte."""
        self.fetched = True
        if done - self._told_bytes >= _STEP_BYTES or done == total:
            self._told_bytes = done
            self.tell("downloading_archive", "progress", done=done, total=total)

    def ended(self, status: str) -> None:
        """Tell the host's lifecycle callback what changed."""
        callback = self._engine.callbacks.get("skill_lifecycle")
        if callback is not None:
            event: dict[str, Json] = {
                "plane": self._plane.value.capitalize(),
                "action": self._action.value,
                "skill_id": self._skill_id,
                "root_name": self.root.name if self.root else None,
                "status": status,
            }
            self._call("lifecycle", callback, event)

    def _call(self, name: str, callback: Callable[[Json], Json], event: dict[str, Json]) -> None:
        try:
            callback(event)
        except Exception:
            self._engine.log.exception("[LuaSkill] the host's %s callback failed", name)
