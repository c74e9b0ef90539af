"""What a team writes down about its namespace: one TOML document with its skills and tools."""

from __future__ import annotations

import logging
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from pharia_kernel.config.mcp import McpServerSettings
from pharia_kernel.config.skill_entries import VARIANTS, Canary, ChatEntry, ProgrammableEntry, SkillEntry
from pharia_kernel.config.tables import Table
from pharia_kernel.csi.tools.native import NATIVE_TOOLS
from pharia_kernel.skills.registry import DescriptionInvalid

__all__ = ["BrokenEntry", "Canary", "ChatEntry", "Description", "ProgrammableEntry", "SkillEntry", "parse_description"]

logger = logging.getLogger("pharia_kernel.skills")

_KEYS = ("skills", "mcp-servers", "native-tools")


@dataclass(frozen=True, slots=True)
class BrokenEntry:
    """A skill that is meant to be there and can not."""

    name: str
    problem: str


@dataclass(frozen=True, slots=True)
class Description:
    skills: tuple[SkillEntry | BrokenEntry, ...] = ()
    """At most one of each name."""
    mcp_servers: tuple[str, ...] = ()
    """URLs as the team wrote them."""
    native_tools: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    """What was left out."""


EMPTY = Description()


def parse_description(text: str) -> Description:
    """Raises :class:`DescriptionInvalid` for what makes the whole document useless.

    An entry that can not be used is a :class:`BrokenEntry`, so that it harms no other.
    """
    try:
        document = tomllib.loads(text)
    except ValueError as error:
        raise DescriptionInvalid(f"it is not TOML: {error}") from None
    warnings = [f"{key}: no such key, it is left out" for key in document if key not in _KEYS]
    entries: dict[str, SkillEntry | BrokenEntry] = {}
    if "skills" not in document:
        raise DescriptionInvalid("skills is missing; for none write skills = []")
    for at, table in enumerate(_list_of(document, "skills", dict)):
        entry = _entry(f"skills[{at}]", table, warnings)
        if entry.name in entries:
            warnings.append(f"skills[{at}]: {entry.name} is there already; the last one counts")
        entries[entry.name] = entry
    return Description(
        tuple(entries.values()),
        tuple(_mcp_servers(document, warnings)),
        tuple(dict.fromkeys(_native_tools(document))),
        tuple(warnings),
    )


def _entry(place: str, table: Mapping[str, Any], warnings: list[str]) -> SkillEntry | BrokenEntry:
    name, kind = table.get("name"), table.get("type", "programmable")
    if not isinstance(name, str) or not name:
        raise DescriptionInvalid(f"{place} has no name")
    if kind not in VARIANTS:
        types = ", ".join(VARIANTS)
        warnings.append(f"{place} ({name}): type {kind!r} is none of {types}; it is taken for programmable")
    form: type[ChatEntry | ProgrammableEntry] = ChatEntry if kind == "chat" else ProgrammableEntry
    known = _members(form)
    warnings += [f"{place} ({name}): {key} is left out" for key in table if key not in known]
    try:
        said = {key: table[key] for key in table if key in known and key != "type"}
        return form.model_validate({**said, "type": "lua"} if kind == "lua" else said)
    except ValidationError as error:
        problems = "; ".join(map(_explain, error.errors()))
        return BrokenEntry(name, f"{place} of the namespace's description: {problems}")


def _members(form: type[Table]) -> set[str]:
    return {key for name, info in form.model_fields.items() for key in (name, info.alias or name)}


def _explain(problem: ErrorDetails) -> str:
    key = ".".join(map(str, problem["loc"]))
    return (
        f"{key} is missing"
        if problem["type"] == "missing"
        else f"{key}: {problem['msg'].removeprefix('Value error, ')}"
    )


def _mcp_servers(document: Mapping[str, Any], warnings: list[str]) -> list[str]:
    """Only URLs: what runs a program on this machine is the operator's to say."""
    urls: list[str] = []
    for url in dict.fromkeys(_list_of(document, "mcp-servers", str)):
        try:
            McpServerSettings(url=url)
            urls.append(url)
        except ValidationError as error:
            warnings.append(f"mcp-servers: one of them is left out: {_explain(error.errors()[0])}")
    return urls


def _native_tools(document: Mapping[str, Any]) -> list[str]:
    names: list[str] = _list_of(document, "native-tools", str)
    for name in names:
        if name not in NATIVE_TOOLS:
            raise DescriptionInvalid(f"native-tools: there is no tool {name!r} (known: {', '.join(NATIVE_TOOLS)})")
    return names


def _list_of(document: Mapping[str, Any], key: str, kind: type) -> list[Any]:
    found = document.get(key, [])
    if not isinstance(found, list) or not all(isinstance(one, kind) for one in found):
        wanted = "tables with the skills" if kind is dict else "texts"
        raise DescriptionInvalid(f"{key} must be a list of {wanted}")
    return found
