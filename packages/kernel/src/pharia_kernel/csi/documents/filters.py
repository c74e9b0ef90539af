"""Conditions on the metadata of documents.

A field is a path such as ``author.name``, ``tags[0]`` or ``links[].url``; ``[]`` is every element of an array, of which
one has to fulfil the condition. A field that a document does not have fulfils ``is-null`` and nothing else.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from typing import Any

from pharia_kernel.csi.types import Condition, Filter
from pharia_kernel.errors import InvalidCsiRequest
from pharia_kernel.types import JsonValue

Test = Callable[[JsonValue], bool]

_LONGEST_FIELD = 1000
_PART = re.compile(r"[\w-]+(\[\d*\])*")
_STEP = re.compile(r"[\w-]+|\[\d*\]")
_EVERY = "[]"
_NUMBERS: dict[str, Callable[[Any, Any], bool]] = {
    "greater-than": operator.gt,
    "greater-than-or-equal-to": operator.ge,
    "less-than": operator.lt,
    "less-than-or-equal-to": operator.le,
}
_MOMENTS: dict[str, Callable[[Any, Any], bool]] = {
    "after": operator.gt,
    "at-or-after": operator.ge,
    "before": operator.lt,
    "at-or-before": operator.le,
}


def matcher(filters: Sequence[Filter]) -> Test:
    """Whether the metadata of a document passes all ``filters``.

    Raises :class:`~pharia_kernel.errors.InvalidCsiRequest` for conditions that make no sense.
    """
    tests = [_group(one) for one in filters]
    return lambda metadata: all(test(metadata) for test in tests)


def _group(one: Filter) -> Test:
    tests = [_condition(condition) for condition in one.conditions]
    if one.mode == "with-all":
        return lambda metadata: all(test(metadata) for test in tests)
    if one.mode == "with-one-of":
        return lambda metadata: any(test(metadata) for test in tests)
    return lambda metadata: not any(test(metadata) for test in tests)


def _condition(condition: Condition) -> Test:
    path = _path(condition.field)
    if condition.operator == "is-null":
        return lambda metadata: all(value is None for value in _values(metadata, path))
    test = _value_test(condition)
    return lambda metadata: any(test(value) for value in _values(metadata, path))


def _value_test(condition: Condition) -> Test:
    wanted = condition.value
    if condition.operator in _NUMBERS:
        compare = _NUMBERS[condition.operator]
        if not _is_number(wanted):
            raise _wrong(condition, "a number")
        return lambda value: _is_number(value) and compare(value, wanted)
    if condition.operator in _MOMENTS:
        earlier_or_later, moment = _MOMENTS[condition.operator], _moment(wanted)
        if moment is None:
            raise _wrong(condition, "a moment like 2024-01-01T00:00:00Z, with its time zone")
        return lambda value: (found := _moment(value)) is not None and earlier_or_later(found, moment)
    if condition.operator == "equal-to":
        if not isinstance(wanted, str | int):
            raise _wrong(condition, "a text, a whole number or a boolean")
        return lambda value: _equal(value, wanted)
    raise InvalidCsiRequest(f"search: there is no condition {condition.operator!r} on metadata")


def _equal(value: JsonValue, wanted: str | int) -> bool:
    """True is not 1, though they are equal in Python."""
    if isinstance(value, bool) or isinstance(wanted, bool):
        return value is wanted
    return bool(value == wanted)


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _moment(value: object) -> datetime | None:
    if not isinstance(value, str):
        return None
    try:
        moment = datetime.fromisoformat(value)
    except ValueError:
        return None
    return moment if moment.tzinfo is not None else None


def _path(field: str) -> list[str]:
    if len(field) > _LONGEST_FIELD or not all(_PART.fullmatch(part) for part in field.split(".")):
        raise InvalidCsiRequest(
            f"search: {field[:_LONGEST_FIELD]!r} is not a field of metadata; write it like author.name, tags[0] or "
            f"links[].url, with at most {_LONGEST_FIELD} characters"
        )
    return _STEP.findall(field)


def _values(value: JsonValue, path: Sequence[str]) -> Iterator[JsonValue]:
    """What stands at the path; nothing where it leads nowhere."""
    found = [value]
    for step in path:
        found = [inner for one in found for inner in _inside(one, step)]
    return iter(found)


def _inside(value: JsonValue, step: str) -> Sequence[JsonValue]:
    if not step.startswith("["):
        return [value[step]] if isinstance(value, dict) and step in value else []
    if not isinstance(value, list):
        return []
    if step == _EVERY:
        return value
    at = int(step[1:-1])
    return value[at : at + 1]


def _wrong(condition: Condition, wanted: str) -> InvalidCsiRequest:
    return InvalidCsiRequest(
        f"search: {condition.operator} on field {condition.field!r} needs {wanted}, not {condition.value!r}"
    )
