"""Answers a test has prepared, and which of them a request gets."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from luaskills.types import Json

Answer = Json | BaseException | Callable[[Any], Any]
"""A JSON value, an exception to raise, or a function of the request that gives either."""
When = None | str | re.Pattern[str] | Mapping[str, Json] | Callable[[Any], bool]
"""Which requests an answer is for: those that contain a text, match a pattern, hold these members, or as a function
says."""


@dataclass(slots=True)
class Prepared:
    """One answer to requests of a callback; ``left`` is how often it may still be given, None without end."""

    to: str
    name: str
    """Which tool, or which action of a database."""
    answer: Answer
    when: When = None
    left: int | None = 1
    given: int = 0

    def fits(self, to: str, name: str, request: Json, text: str) -> bool:
        return (self.to, self.name) == (to, name) and self.left != 0 and _fits(self.when, request, text)

    def give(self, request: Json) -> Json:
        """The answer; raises what was prepared to be raised."""
        self.given += 1
        if self.left is not None:
            self.left -= 1
        value = self.answer(request) if callable(self.answer) else self.answer
        if isinstance(value, BaseException):
            raise value
        return value

    @property
    def waits(self) -> bool:
        """Whether it was prepared for requests that did not come."""
        return self.left is not None and self.left > 0

    def __str__(self) -> str:
        wanted = "" if self.when is None else f" when {shown(self.when)}"
        return f"{label(self.to, self.name)}{wanted}"


@dataclass(slots=True)
class Script:
    """Prepared answers in their order: the first that fits and is not used up is given."""

    answers: list[Prepared] = field(default_factory=list)

    def add(self, to: str, name: str, answer: Answer, when: When = None, times: int | None = 1) -> None:
        """Prepare an answer; raises ValueError for ``times`` below 1."""
        if times is not None and times < 1:
            raise ValueError(f"an answer is given at least once, not {times} times")
        self.answers.append(Prepared(to, name, answer, when, times))

    def names(self, to: str) -> list[str]:
        """The tools or actions of a callback that answers were prepared for."""
        return sorted({prepared.name for prepared in self.answers if prepared.to == to})

    def find(self, to: str, name: str, request: Json, text: str) -> Prepared | None:
        """``request`` is what members are compared with, ``text`` where a text is looked for."""
        return next((prepared for prepared in self.answers if prepared.fits(to, name, request, text)), None)

    def unused(self) -> list[str]:
        """What was prepared and not asked for."""
        return [str(prepared) for prepared in self.answers if prepared.waits]


def holds(wanted: Json, value: Json) -> bool:
    """Whether a value has the members of ``wanted``; lists have the same length, all else is equal."""
    if isinstance(wanted, Mapping):
        return isinstance(value, Mapping) and all(key in value and holds(wanted[key], value[key]) for key in wanted)
    if isinstance(wanted, list):
        return (
            isinstance(value, list)
            and len(wanted) == len(value)
            and all(holds(one, other) for one, other in zip(wanted, value, strict=True))
        )
    return isinstance(wanted, bool) == isinstance(value, bool) and wanted == value


def label(to: str, name: str) -> str:
    """A callback and what was wanted of it, in a message."""
    return f"{to} {name}".rstrip()


def shown(value: Any) -> str:
    """A value in a message: short."""
    text = value.pattern if isinstance(value, re.Pattern) else repr(value)
    return text if len(text) <= 200 else f"{text[:200]}…"


def _fits(when: When, request: Json, text: str) -> bool:
    if when is None:
        return True
    if isinstance(when, str):
        return when in text
    if isinstance(when, re.Pattern):
        return when.search(text) is not None
    if isinstance(when, Mapping):
        return holds(when, request)
    return bool(when(request))
