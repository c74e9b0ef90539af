"""JSON for people: short things on one line, so that a change of one value is a change of one line."""

from __future__ import annotations

import json
from typing import Any

_WIDTH = 110


def pretty(value: Any, indent: int = 0) -> str:
    """The same value always gives the same text."""
    flat = json.dumps(value, ensure_ascii=False, allow_nan=False)
    if not isinstance(value, dict | list) or not value or len(flat) + indent <= _WIDTH:
        return flat
    space = " " * (indent + 2)
    if isinstance(value, list):
        parts = [space + pretty(item, indent + 2) for item in value]
        return "[\n" + ",\n".join(parts) + "\n" + " " * indent + "]"
    parts = [f"{space}{json.dumps(key, ensure_ascii=False)}: {pretty(item, indent + 2)}" for key, item in value.items()]
    return "{\n" + ",\n".join(parts) + "\n" + " " * indent + "}"
