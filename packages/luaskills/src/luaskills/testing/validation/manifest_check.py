"""``skill.yaml``: everything the engine would refuse, and what was probably not meant."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from luaskills.engine.yaml_file import read_yaml
from luaskills.errors import ManifestError
from luaskills.testing.lined_yaml import LinedYaml, YamlProblem, read_lined
from luaskills.testing.validation.finding import Findings
from luaskills.testing.validation.pieces import Pieces, pieces_of
from luaskills.types import Json

_TOP = ("name", "version", "enable", "debug", "lancedb", "sqlite", "entries", "help")
_ENTRY = ("name", "description", "lua_entry", "lua_module", "parameters", "input_schema", "input_schema_file", "help")
_PARAMETER = ("name", "type", "description", "required")
_SCHEMA_PLACE = re.compile(r"entry\.input_schema((?:\.[^.\[\s]+|\[\d+\])+)")


class ManifestCheck:
    """Checks one manifest into ``findings``."""

    def __init__(self, package: Path, findings: Findings) -> None:
        self._package, self._findings = package, findings
        self._file = package / "skill.yaml"
        self._lines = LinedYaml(None)

    def run(self) -> dict[str, Any] | None:
        """The document, if it could be read."""
        if not self._file.is_file():
            self._findings.error(self._file, 1, f"skill.yaml not found in {self._package}")
            return None
        try:
            self._lines = read_lined(self._file)
            data = read_yaml(self._file)
        except YamlProblem as error:
            self._findings.error(self._file, error.line, f"failed to parse {self._file}: {error}")
            return None
        except ManifestError as error:
            self._findings.error(self._file, 1, str(error))
            return None
        if not isinstance(data, dict):
            self._findings.error(self._file, 1, f"failed to parse {self._file}: the document must be a mapping")
            return None
        with pieces_of(self._package, data.get("name")) as pieces:
            self._top(pieces, data)
            self._entries(pieces, data.get("entries"))
            self._help(pieces, data.get("help"))
            self._ask(pieces, {key: value for key, value in data.items() if key != "enable"})
        return data

    def _ask(self, pieces: Pieces, manifest: Mapping[str, Json], *place: str | int) -> None:
        """Enter what the engine says of a manifest, unless it said so of a smaller piece of it."""
        message = pieces.problem(manifest)
        if message is None or self._findings.says(message):
            return
        found = _SCHEMA_PLACE.match(message)
        if found and place[-1:] == ("input_schema",):
            inner = re.findall(r"[^.\[\]]+", found[1])
            place = (*place, *(int(part) if part.isdecimal() else part for part in inner))
        self._findings.error(self._file, self._lines.line(*place), message)

    def _top(self, pieces: Pieces, data: Mapping[str, Any]) -> None:
        for key in ("name", "version"):
            self._ask(pieces, pieces.whole(**{key: data.get(key, ...)}), key)
        for key in ("skill_id", "enable", "debug", "sqlite", "lancedb"):
            if key in data:
                self._ask(pieces, pieces.whole(**{key: data[key]}), key)
        self._unknown(data, (*_TOP, "skill_id"), "skill.yaml")

    def _entries(self, pieces: Pieces, entries: Json) -> None:
        if not isinstance(entries, list) or not entries:
            self._ask(pieces, pieces.whole(entries=entries), "entries")
            return
        for index, entry in enumerate(entries):
            if isinstance(entry, dict):
                self._entry(pieces, entry, "entries", index)
            else:
                self._ask(pieces, pieces.whole(entries=[entry]), "entries", index)
        names: list[Json] = []
        for index, entry in enumerate(entries):
            name = entry.get("name") if isinstance(entry, dict) else None
            if name in names:
                twice = [pieces.entry(name=name), pieces.entry(name=name)]
                self._ask(pieces, pieces.whole(entries=twice), "entries", index, "name")
            names.append(name)

    def _entry(self, pieces: Pieces, entry: Mapping[str, Any], *place: str | int) -> None:
        def ask(key: str, **parts: Any) -> None:
            self._ask(pieces, pieces.whole(entries=[pieces.entry(**parts)]), *place, key)

        ask("name", name=entry.get("name", ...))
        name = entry.get("name")
        if not isinstance(name, str) or pieces.problem(pieces.whole(entries=[pieces.entry(name=name)])):
            name = "good"
        for key in ("lua_entry", "lua_module"):
            ask(key, name=name, **{key: entry.get(key, ...)})
        for key in ("description", "help", "input_schema", "input_schema_file"):
            if key in entry:
                ask(key, name=name, **{key: entry[key]})
        if entry.get("input_schema") is not None and entry.get("input_schema_file") is not None:
            both = {key: entry[key] for key in ("input_schema", "input_schema_file")}
            ask("input_schema_file", name=name, **both)
        parameters = entry.get("parameters")
        if isinstance(parameters, list):
            for index, parameter in enumerate(parameters):
                piece = pieces.whole(entries=[pieces.entry(name=name, parameters=[parameter])])
                self._ask(pieces, piece, *place, "parameters", index)
                self._unknown(parameter, _PARAMETER, "a parameter", *place, "parameters", index)
        elif parameters is not None:
            ask("parameters", name=name, parameters=parameters)
        self._unknown(entry, _ENTRY, "an entry", *place)

    def _help(self, pieces: Pieces, data: Json) -> None:
        if data is None:
            return
        if not isinstance(data, dict):
            self._ask(pieces, pieces.whole(help=data), "help")
            return
        self._ask(pieces, pieces.whole(help={"main": data.get("main")}), "help", "main")
        self._help_file(data.get("main"), "help", "main")
        topics = data.get("topics")
        for index, topic in enumerate(topics if isinstance(topics, list) else []):
            self._ask(pieces, pieces.whole(help={"topics": [topic]}), "help", "topics", index)
            self._help_file(topic, "help", "topics", index)
        if topics is not None and not isinstance(topics, list):
            self._ask(pieces, pieces.whole(help={"topics": topics}), "help", "topics")
        self._unknown(data, ("main", "topics"), "help", "help")

    def _help_file(self, node: Json, *place: str | int) -> None:
        file = node.get("file") if isinstance(node, dict) else None
        if isinstance(file, str) and file.strip() and not (self._package / file).is_file():
            self._findings.error(self._file, self._lines.line(*place, "file"), f"help file {file} not found")
        self._unknown(node, ("name", "description", "file"), "a help node", *place)

    def _unknown(self, data: Json, known: tuple[str, ...], what: str, *place: str | int) -> None:
        for key in data if isinstance(data, dict) else ():
            if key not in known:
                line = self._lines.line(*place, key)
                self._findings.warning(self._file, line, f"{what} has no key `{key}`: it is ignored")
