"""What is loaded: entries, help and names, as an authority may see them."""

from __future__ import annotations

from luaskills.ffi.engines import Held
from luaskills.ffi.request import Request
from luaskills.types import Json


def list_entries(held: Held, request: Request) -> Json:
    return held.engine.list_entries(request.authority())


def list_skill_help(held: Held, request: Request) -> Json:
    return held.engine.list_skill_help(request.authority())


def render_skill_help_detail(held: Held, request: Request) -> Json:
    """The detail, or null for a skill that is unknown or hidden."""
    flow = request.text_or_none("flow_name")
    return held.engine.render_skill_help_detail(
        request.text("skill_id"), "main" if flow is None else flow, request.authority(), request.help_invocation()
    )


def prompt_argument_completions(held: Held, request: Request) -> Json:
    return held.engine.prompt_argument_completions(
        request.text("prompt_name"), request.text("argument_name"), request.authority()
    )


def is_skill(held: Held, request: Request) -> Json:
    return {"value": held.engine.is_skill(request.text("tool_name"), request.authority())}


def skill_name_for_tool(held: Held, request: Request) -> Json:
    """``{skill_id}``, empty when no visible skill owns the name."""
    skill_id = held.engine.skill_name_for_tool(request.text("tool_name"), request.authority())
    return {} if skill_id is None else {"skill_id": skill_id}
