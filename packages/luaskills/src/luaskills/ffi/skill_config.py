"""The skill configuration: texts by skill and key."""

from __future__ import annotations

from luaskills.errors import InvalidInput
from luaskills.ffi.engines import Held
from luaskills.ffi.request import Request
from luaskills.types import Json


def list_values(held: Held, request: Request) -> Json:
    """``[{skill_id, key, value}]``, sorted; of one skill when the request names it."""
    config, only = held.engine.config, request.text_or_none("skill_id")
    found = config.all() if only is None else {only.strip(): config.values(only)}
    return [
        {"skill_id": skill_id, "key": key, "value": value}
        for skill_id, values in found.items()
        for key, value in values.items()
    ]


def get_value(held: Held, request: Request) -> Json:
    skill_id, key = _place(request)
    value = held.engine.config.get(skill_id, key)
    answer: dict[str, Json] = {"found": value is not None, "skill_id": skill_id, "key": key}
    return answer if value is None else {**answer, "value": value}


def set_value(held: Held, request: Request) -> Json:
    """Set ``key`` to ``value``; callers of version 0.6 send an object ``values`` of scalars in their place."""
    _no_revision(request)
    values = request.mapping_or_none("values")
    if values is None:
        skill_id, key = _place(request)
        value = request.text("value")
        held.engine.config.set(skill_id, key, value)
        return {"action": "set", "skill_id": skill_id, "key": key, "value": value}
    skill_id = request.text("skill_id").strip()
    texts = {key.strip(): _scalar_text(key, value) for key, value in values.items()}
    for key, text in texts.items():
        held.engine.config.set(skill_id, key, text)
    answer: dict[str, Json] = {"action": "set", "skill_id": skill_id, "values": texts}
    if len(texts) == 1:
        [(key, text)] = texts.items()
        answer |= {"key": key, "value": text}
    return answer


def delete_value(held: Held, request: Request) -> Json:
    _no_revision(request)
    skill_id, key = _place(request)
    deleted = held.engine.config.delete(skill_id, key)
    return {"action": "delete", "skill_id": skill_id, "key": key, "deleted": deleted}


def _no_revision(request: Request) -> None:
    """Writing only over a known revision is asked for by callers of version 0.6; ignoring it would lose updates."""
    if request.value.get("expected_revision") is not None:
        raise InvalidInput("this engine keeps no revisions of skill configuration: leave out expected_revision")


def _place(request: Request) -> tuple[str, str]:
    return request.text("skill_id").strip(), request.text("key").strip()


def _scalar_text(key: str, value: Json) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str | int | float):
        return str(value)
    raise InvalidInput(f"skill config value of `{key}` must be a text, a number or a boolean")
