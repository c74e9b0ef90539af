"""A YAML file with the line of every value in it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from luaskills.engine.yaml_file import MOST_VALUES, values_of
from luaskills.types import Json

LARGEST_BYTES = 1024 * 1024

Place = tuple[str | int, ...]
"""Keys and indexes that lead to a value."""


class YamlProblem(ValueError):
    """A file can not be read as YAML; ``line`` counts from 1."""

    def __init__(self, message: str, line: int = 1) -> None:
        super().__init__(message)
        self.line = line


@dataclass(frozen=True, slots=True)
class LinedYaml:
    """The value of a document, and where its parts stand."""

    value: Json
    lines: Mapping[Place, int] = field(default_factory=dict)

    def line(self, *place: str | int) -> int:
        """The line of a value, or of the nearest value around it; for a member the line of its key."""
        for end in range(len(place), -1, -1):
            if place[:end] in self.lines:
                return self.lines[place[:end]]
        return 1


class _Loader(yaml.SafeLoader):
    """Only ``true`` and ``false`` are booleans, and dates stay texts: what is tested is JSON."""


_OTHERWISE = ("tag:yaml.org,2002:bool", "tag:yaml.org,2002:timestamp")
_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag not in _OTHERWISE]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
_Loader.add_implicit_resolver("tag:yaml.org,2002:bool", re.compile("^(?:true|false)$"), ["t", "f"])


def read_lined(path: Path) -> LinedYaml:
    """A file of at most 1 MiB; raises :class:`YamlProblem`."""
    try:
        if path.stat().st_size > LARGEST_BYTES:
            raise YamlProblem(f"is larger than {LARGEST_BYTES} bytes")
        return parse_lined(path.read_text("utf-8"))
    except UnicodeDecodeError as error:
        raise YamlProblem(f"is not UTF-8: {error.reason} at byte {error.start}") from None
    except OSError as error:
        raise YamlProblem(f"can not be read: {error.strerror}") from None


def parse_lined(text: str) -> LinedYaml:
    """One document; raises :class:`YamlProblem`."""
    try:
        loader = _Loader(text)
        try:
            node = loader.get_single_node()
            if node is None:
                return LinedYaml(None)
            if values_of(node) > MOST_VALUES:
                raise YamlProblem(f"has more than {MOST_VALUES} values, aliases counted", node.start_mark.line + 1)
            lines: dict[Place, int] = {(): node.start_mark.line + 1}
            _collect(node, (), lines, set())
            return LinedYaml(loader.construct_document(node), lines)
        finally:
            loader.dispose()
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        text = " ".join(part for part in (error.context, error.problem) if part)
        raise YamlProblem(text, mark.line + 1 if mark else 1) from None
    except yaml.YAMLError as error:
        raise YamlProblem(str(error).partition("\n")[0]) from None
    except YamlProblem:
        raise
    except (RecursionError, ValueError, TypeError) as error:
        raise YamlProblem(f"can not be read: {error}") from None


def _collect(node: Any, place: Place, lines: dict[Place, int], seen: set[int]) -> None:
    """Lines of all values below a node; one that is repeated by an alias counts where it first stands."""
    if id(node) in seen:
        return
    seen.add(id(node))
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            if isinstance(key, yaml.ScalarNode):
                inner = (*place, key.value)
                lines.setdefault(inner, key.start_mark.line + 1)
                _collect(value, inner, lines, seen)
    elif isinstance(node, yaml.SequenceNode):
        for index, value in enumerate(node.value):
            lines.setdefault((*place, index), value.start_mark.line + 1)
            _collect(value, (*place, index), lines, seen)
