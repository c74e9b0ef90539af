"""A mapping of a case file, read member by member; every problem names the file and the line."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from luaskills.testing.case import CaseProblem
from luaskills.testing.lined_yaml import LinedYaml, Place
from luaskills.types import Json


@dataclass(frozen=True, slots=True)
class Fields:
    """The mapping at ``place`` of a file."""

    file: Path
    document: LinedYaml
    place: Place
    value: Mapping[str, Any]

    @classmethod
    def of(cls, file: Path, document: LinedYaml, place: Place, value: Json, what: str) -> Fields:
        """Raises :class:`CaseProblem` when ``value`` is no mapping."""
        if not isinstance(value, dict) or not all(isinstance(key, str) for key in value):
            raise CaseProblem(file, document.line(*place), f"{what} must be a mapping")
        return cls(file, document, place, value)

    @property
    def line(self) -> int:
        return self.document.line(*self.place)

    def problem(self, key: str | None, text: str) -> CaseProblem:
        """The error to raise about a member, or about the whole."""
        place = self.place if key is None else (*self.place, key)
        return CaseProblem(self.file, self.document.line(*place), text)

    def only(self, what: str, known: Collection[str]) -> None:
        """Refuse members that have no meaning."""
        for key in self.value:
            if key not in known:
                raise self.problem(key, f"{what} has no `{key}` (it may have: {', '.join(sorted(known))})")

    def inner(self, key: str) -> Fields:
        """A member that is a mapping; an empty one when it is absent."""
        value = self.value.get(key)
        return Fields.of(self.file, self.document, (*self.place, key), {} if value is None else value, f"`{key}`")

    def text(self, key: str) -> str | None:
        """A member that is a text; None when it is absent."""
        value = self.value.get(key)
        if value is None or isinstance(value, str):
            return value
        raise self.problem(key, f"`{key}` must be a text, not {value!r} (quote it)")

    def texts(self, key: str) -> tuple[str, ...]:
        """A member that is a text or a list of texts."""
        value = self.value.get(key)
        values = [] if value is None else value if isinstance(value, list) else [value]
        if not all(isinstance(one, str) for one in values):
            raise self.problem(key, f"`{key}` must be a text or a list of texts")
        return tuple(values)

    def mapping(self, key: str) -> dict[str, Json]:
        """A member that is an object of JSON."""
        return dict(self.inner(key).value)

    def items(self, key: str) -> list[Fields]:
        """A member that is a list of mappings."""
        value = self.value.get(key)
        if value is None:
            return []
        if not isinstance(value, list):
            raise self.problem(key, f"`{key}` must be a list")
        return [
            Fields.of(self.file, self.document, (*self.place, key, index), one, f"an item of `{key}`")
            for index, one in enumerate(value)
        ]
