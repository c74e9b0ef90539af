"""Disabling and enabling a skill."""

from __future__ import annotations

import json
import time

from luaskills.engine.engine import Engine
from luaskills.management.durable import write_text
from luaskills.management.lock import locked
from luaskills.management.planes import Action, Plane
from luaskills.management.progress import Progress
from luaskills.management.reload import Reload
from luaskills.management.requests import Scope
from luaskills.management.site import Site
from luaskills.management.targets import choose_effective
from luaskills.management.transaction import Transaction
from luaskills.types import Json


def disable(engine: Engine, plane: Plane, scope: Scope, skill_id: str, reason: str | None) -> None:
    """Write the record that keeps a skill out of loads; raises ManagementError."""
    record = {"skill_id": skill_id, "reason": reason, "disabled_at_unix_ms": time.time_ns() // 1_000_000}
    _switch(engine, plane, Action.DISABLE, scope, skill_id, record)


def enable(engine: Engine, plane: Plane, scope: Scope, skill_id: str) -> None:
    """Take that record away; raises ManagementError. A skill that is enabled stays so."""
    _switch(engine, plane, Action.ENABLE, scope, skill_id, None)


def _switch(
    engine: Engine, plane: Plane, action: Action, scope: Scope, skill_id: str, record: dict[str, Json] | None
) -> None:
    root = choose_effective(plane, action, scope, skill_id)
    progress = Progress(engine, plane, action, skill_id)
    progress.root = root
    site = Site.of(root, engine.options.host)
    path = site.disabled(skill_id)
    with locked(site.lock):
        site.settle()
        reload = Reload(engine, scope.roots, action)
        with reload, Transaction(site.base, site.journal) as transaction:
            scratch = transaction.scratch(site.state / "record_tmp")
            staged = None
            if record is not None:
                staged = scratch / "disabled.json"
                write_text(staged, json.dumps(record, indent=2, ensure_ascii=False) + "\n")
            transaction.replace(path, staged)
            transaction.begin()
            transaction.apply()
            reload()
            transaction.commit()
    progress.ended("disabled" if record is not None else "enabled")
