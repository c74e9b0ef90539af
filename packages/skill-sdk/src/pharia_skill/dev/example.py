"""How a skill is called, shown with a value that fits its schema."""

from __future__ import annotations

import json
from typing import Any

from pharia_skill.builder import SkillType

_PLAIN: dict[str, Any] = {"string": "text", "integer": 1, "number": 1.0, "boolean": True, "null": None}
_DEEPEST = 8


def try_it(url: str, kind: SkillType, example: Any) -> str:
    """A command line that calls the skill."""
    options, route = ("-s", "run") if kind is SkillType.SKILL else ("-sN", "message-stream")
    body = json.dumps(example, ensure_ascii=False).replace("'", "'\\''")
    return f"curl {options} {url}/{route} -H 'Content-Type: application/json' -d '{body}'"


def example_of(schema: Any, root: Any = None, depth: int = 0) -> Any:
    """The schema's own example or default where it has one; None where nothing is said."""
    root = schema if root is None else root
    if not isinstance(schema, dict) or depth > _DEEPEST:
        return None
    if "$ref" in schema:
        return example_of(_referenced(schema["$ref"], root), root, depth + 1)
    for key in ("default", "const"):
        if key in schema:
            return schema[key]
    for key in ("examples", "enum"):
        if schema.get(key):
            return schema[key][0]
    for key in ("anyOf", "oneOf", "allOf"):
        if schema.get(key):
            return example_of(schema[key][0], root, depth + 1)
    if schema.get("type") == "object":
        required = schema.get("required", ())
        members = {name: each for name, each in schema.get("properties", {}).items() if name in required}
        return {name: example_of(each, root, depth + 1) for name, each in members.items()}
    if schema.get("type") == "array":
        return [example_of(schema["items"], root, depth + 1)] if "items" in schema else []
    return _PLAIN.get(str(schema.get("type")))


def _referenced(reference: str, root: Any) -> Any:
    found = root
    for part in reference.removeprefix("#/").split("/"):
        found = found.get(part) if isinstance(found, dict) else None
    return found
