"""Input schemas of entries: made of parameters, checked in shape, and used to check arguments."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import jsonschema_rs

from luaskills.errors import ArgumentsInvalid, ManifestError
from luaskills.types import Json, Parameter

_TYPES = frozenset({"string", "number", "integer", "boolean", "object", "array", "null"})
_MAPS = ("properties", "patternProperties", "$defs", "definitions")
_SINGLE = ("contains", "propertyNames", "not", "if", "then", "else")
_LISTS = ("prefixItems", "oneOf", "anyOf", "allOf")


def from_parameters(parameters: tuple[Parameter, ...]) -> dict[str, Json]:
    """The schema of a ``parameters`` list; ``required`` only when somebody is."""
    schema: dict[str, Json] = {
        "type": "object",
        "properties": {p.name: {"type": p.param_type, "description": p.description} for p in parameters},
    }
    required = [p.name for p in parameters if p.required]
    if required:
        schema["required"] = required
    return schema


def to_parameters(schema: Mapping[str, Json]) -> tuple[Parameter, ...]:
    """The parameter list that a schema amounts to."""
    required = schema.get("required") or []
    return tuple(
        Parameter(name, _type_text(node), _description(node), name in required)
        for name, node in (schema.get("properties") or {}).items()
    )


def check_root(label: str, schema: Json) -> None:
    """Raise ManifestError when a schema can not be an input schema."""
    if not isinstance(schema, dict):
        raise ManifestError(f"{label} must be an object")
    if "type" not in schema:
        raise ManifestError(f'{label}.type must be present and equal to "object"')
    if schema["type"] != "object":
        raise ManifestError(f'{label}.type must be "object"')
    _check_node(label, schema)
    try:
        _validator(schema)
    except jsonschema_rs.ValidationError as error:
        raise ManifestError(f"{label} must be a valid JSON schema: {error.message}") from None
    except ValueError as error:
        raise ManifestError(f"{label} must be a valid JSON schema: {error}") from None


def argument_check(tool_name: str, schema: Mapping[str, Json]) -> Callable[[Mapping[str, Json]], None] | None:
    """A function that raises ArgumentsInvalid for arguments against the schema; None when every object is fine.

    Members that are null count as absent, as they are in Lua.
    """
    usable = _with_known_types(schema)
    if not usable.get("properties") and set(usable) <= {"type", "properties", "description", "title"}:
        return None
    try:
        validator = _validator(usable)
    except (ValueError, jsonschema_rs.ValidationError):
        return None

    def check(args: Mapping[str, Json]) -> None:
        present = {key: value for key, value in args.items() if value is not None}
        if validator.is_valid(present):
            return
        problem = next(iter(validator.iter_errors(present)))
        raise ArgumentsInvalid(f"Lua skill '{tool_name}' error: {_place(problem.instance_path)}: {problem.message}")

    return check


def _validator(schema: Mapping[str, Json]) -> jsonschema_rs.Validator:
    """A validator that reads nothing but the schema: a reference must not make the host open files or URLs."""
    return jsonschema_rs.validator_for(dict(schema), retriever=_refuse)


def _refuse(uri: str) -> Any:
    raise ValueError(f"a reference must stay inside the schema: {uri}")


def _place(path: list[str | int]) -> str:
    return "args" + "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path)


def _with_known_types(schema: Mapping[str, Json]) -> dict[str, Any]:
    """Without ``type`` words of plain parameter lists that JSON Schema does not know (``path``, ``any`` …)."""
    properties = {}
    for name, node in (schema.get("properties") or {}).items():
        kind = node.get("type") if isinstance(node, dict) else None
        known = kind is None or (kind in _TYPES if isinstance(kind, str) else True)
        properties[name] = node if known else {key: value for key, value in node.items() if key != "type"}
    return {**schema, "properties": properties}


def _type_text(node: Json) -> str:
    if not isinstance(node, dict):
        return "schema"
    kind = node.get("type")
    if isinstance(kind, str):
        return kind
    if isinstance(kind, list):
        return " | ".join(str(item) for item in kind)
    if "properties" in node or "additionalProperties" in node:
        return "object"
    if "items" in node or "prefixItems" in node:
        return "array"
    return "union" if any(key in node for key in ("oneOf", "anyOf", "allOf")) else "schema"


def _description(node: Json) -> str:
    text = node.get("description") if isinstance(node, dict) else None
    return text if isinstance(text, str) else ""


def _check_node(path: str, node: Json) -> None:
    if isinstance(node, bool):
        return
    if not isinstance(node, dict):
        raise ManifestError(f"{path} must be an object or a boolean")
    kind = node.get("type")
    if kind is not None and not isinstance(kind, str) and not (_strings(kind) and kind):
        raise ManifestError(f"{path}.type must be a string or a non-empty array of strings")
    if "required" in node and not _strings(node["required"]):
        raise ManifestError(f"{path}.required must be an array of strings")
    if "enum" in node and not isinstance(node["enum"], list):
        raise ManifestError(f"{path}.enum must be an array")
    for key in _MAPS:
        if key in node:
            if not isinstance(node[key], dict):
                raise ManifestError(f"{path}.{key} must be an object")
            for name, child in node[key].items():
                _check_node(f"{path}.{key}.{name}", child)
    for key in _LISTS:
        if key in node:
            if not isinstance(node[key], list):
                raise ManifestError(f"{path}.{key} must be an array")
            for index, child in enumerate(node[key]):
                _check_node(f"{path}.{key}[{index}]", child)
    if isinstance(node.get("items"), list):
        for index, child in enumerate(node["items"]):
            _check_node(f"{path}.items[{index}]", child)
    for key in (*_SINGLE, "additionalProperties", "items"):
        if key in node and not (key == "items" and isinstance(node[key], list)):
            _check_node(f"{path}.{key}", node[key])


def _strings(value: Json) -> bool:
    return isinstance(value, list) and all(isinstance(item, str) for item in value)
