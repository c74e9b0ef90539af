"""What a docstring says of a function and its parameters, for the model that is to call it."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable
from typing import Any

_PARAMETERS = ("args:", "arguments:", "parameters:", "params:")
_SECTIONS = (*_PARAMETERS, "returns:", "return:", "raises:", "yields:", "example:", "examples:", "note:", "notes:")
_FIELD = ":param "


def describe(func: Callable[..., Any]) -> tuple[str | None, dict[str, str]]:
    """What comes before the first section, and the parameters: an ``Args:`` section or ``:param name:`` fields."""
    lines = (inspect.getdoc(func) or "").splitlines()
    end = next((number for number, line in enumerate(lines) if _begins_section(line)), len(lines))
    about = "\n".join(lines[:end]).strip()
    return about or None, _google(lines) | _sphinx(lines)


def _begins_section(line: str) -> bool:
    return line.lower().rstrip() in _SECTIONS or line.startswith(":")


def _google(lines: list[str]) -> dict[str, str]:
    section: list[str] = []
    inside = False
    for line in lines:
        if line and not line[0].isspace():
            inside = line.lower().rstrip() in _PARAMETERS
        elif inside and line.strip():
            section.append(line)
    if not section:
        return {}
    depth = len(section[0]) - len(section[0].lstrip())
    return _entries(line[depth:] for line in section)


def _sphinx(lines: list[str]) -> dict[str, str]:
    fields: list[str] = []
    inside = False
    for line in lines:
        if line.startswith(":"):
            inside = line.startswith(_FIELD)
            if inside:
                fields.append(line.removeprefix(_FIELD))
        elif inside and line.startswith(" "):
            fields.append(line)
    return _entries(fields)


def _entries(lines: Iterable[str]) -> dict[str, str]:
    """``name: text``, ``name (type): text`` or ``type name: text``, continued by lines that begin with a blank."""
    found: dict[str, str] = {}
    name = ""
    for line in lines:
        if line.startswith(" "):
            found[name] = f"{found.get(name, '')} {line.strip()}".strip()
        else:
            head, _, text = line.partition(":")
            words = head.partition("(")[0].split()
            name = words[-1] if words else ""
            found[name] = text.strip()
    return found
