"""What the parts of a manifest say of one another."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from luaskills.testing.lined_yaml import LinedYaml
from luaskills.testing.validation.finding import Findings

# the words of JSON Schema
_TYPES = frozenset({"string", "number", "integer", "boolean", "object", "array", "null"})


def check_references(file: Path, data: Mapping[str, Any], lines: LinedYaml, findings: Findings) -> None:
    """Enter help topics that are not there, module names used twice and types that say nothing."""
    topics = [topic.get("name") for topic in _mappings(_mapping(data.get("help")).get("topics"))]
    modules: dict[str, str] = {}
    for index, entry in enumerate(_mappings(data.get("entries"))):
        name, topic, module = entry.get("name"), entry.get("help"), str(entry.get("lua_module") or "")
        if topic and topic not in topics and topic != "main":
            line = lines.line("entries", index, "help")
            findings.warning(file, line, f"entry {name} names the help topic {topic!r}, which there is not")
        if module in modules:
            line = lines.line("entries", index, "lua_module")
            findings.warning(file, line, f"entries {modules[module]} and {name} have the lua_module {module!r} both")
        if module:
            modules.setdefault(module, str(name))
        for number, parameter in enumerate(_mappings(entry.get("parameters"))):
            kind = parameter.get("type")
            if isinstance(kind, str) and kind not in _TYPES:
                line = lines.line("entries", index, "parameters", number, "type")
                findings.warning(
                    file,
                    line,
                    f"parameter {parameter.get('name')} has the type {kind!r}, which no argument is checked against",
                )


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _mappings(value: Any) -> list[Mapping[str, Any]]:
    return [_mapping(item) for item in value] if isinstance(value, list) else []
