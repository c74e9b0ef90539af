"""Loading skills, calling entries, running free code."""

from __future__ import annotations

from pathlib import Path

from luaskills.ffi.engines import Held
from luaskills.ffi.request import Request
from luaskills.types import Json


def load_from_roots(held: Held, request: Request) -> Json:
    held.management.recover(request.roots())
    held.engine.load_from_roots(request.roots())
    return {"loaded": True}


def reload_from_roots(held: Held, request: Request) -> Json:
    held.management.recover(request.roots())
    held.engine.reload_from_roots(request.roots())
    return {"reloaded": True}


def load_from_dirs(held: Held, request: Request) -> Json:
    """The form before roots had labels: the base directory is ROOT, the one that overrides it PROJECT."""
    roots = [{"name": "ROOT", "skills_dir": request.text("base_dir")}]
    override = request.text_or_none("override_dir")
    if override and Path(override) != Path(roots[0]["skills_dir"]):
        roots.append({"name": "PROJECT", "skills_dir": override})
    held.management.recover(roots)
    _load(held, roots)
    return {"loaded": True}


def call_skill(held: Held, request: Request) -> Json:
    result = held.engine.call_skill(request.text("tool_name"), request.value.get("args"), request.invocation())
    return result.to_json()


def run_lua(held: Held, request: Request) -> Json:
    return held.engine.run_lua(request.text("code"), request.value.get("args"), request.invocation())


def _load(held: Held, roots: list[dict[str, str]]) -> None:
    held.management.recover(roots)
    held.engine.load_from_roots(roots)
