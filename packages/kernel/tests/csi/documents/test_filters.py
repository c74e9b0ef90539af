"""Which metadata passes which filters."""

from __future__ import annotations

from typing import Any, Literal

import pytest

from pharia_kernel.csi.documents.filters import matcher
from pharia_kernel.csi.types import Condition, Filter
from pharia_kernel.errors import InvalidCsiRequest

_METADATA = {
    "year": 2024,
    "ratio": 0.5,
    "zero": 0,
    "created": "2024-05-01T12:00:00+02:00",
    "day": "2024-05-01",
    "author": {"name": "Ann", "e-mail": None},
    "tags": ["a", "b"],
    "links": [{"url": "x", "rank": 1}, {"url": "y", "rank": 9}],
    "done": True,
}


def _passes(*filters: Filter, metadata: Any = _METADATA) -> bool:
    return matcher(filters)(metadata)


def _with(field: str, operator: str, value: Any = None) -> Filter:
    return Filter("with-all", (Condition(field, operator, value),))


@pytest.mark.parametrize(
    ("field", "operator", "value", "passes"),
    [
        ("year", "greater-than", 2023.5, True),
        ("year", "greater-than", 2024, False),
        ("year", "greater-than-or-equal-to", 2024, True),
        ("year", "less-than", 2024, False),
        ("year", "less-than-or-equal-to", 2024.0, True),
        ("ratio", "less-than", 1, True),
        ("done", "greater-than", 0, False),
        ("author.name", "greater-than", 0, False),
        ("created", "after", "2024-05-01T09:59:59Z", True),
        ("created", "after", "2024-05-01T10:00:00Z", False),
        ("created", "at-or-after", "2024-05-01T10:00:00Z", True),
        ("created", "before", "2024-05-01T10:00:00Z", False),
        ("created", "at-or-before", "2024-05-01T10:00:00Z", True),
        ("day", "after", "2020-01-01T00:00:00Z", False),
        ("year", "after", "2020-01-01T00:00:00Z", False),
        ("year", "equal-to", 2024, True),
        ("year", "equal-to", "2024", False),
        ("author.name", "equal-to", "Ann", True),
        ("done", "equal-to", True, True),
        ("done", "equal-to", 1, False),
        ("zero", "equal-to", False, False),
        ("zero", "is-null", None, False),
        ("author.e-mail", "is-null", None, True),
        ("nowhere", "is-null", None, True),
        ("nowhere.at.all", "is-null", None, True),
        ("nowhere", "equal-to", "x", False),
        ("nowhere", "less-than", 5, False),
        ("tags[0]", "equal-to", "a", True),
        ("tags[1]", "equal-to", "a", False),
        ("tags[7]", "is-null", None, True),
        ("tags[]", "equal-to", "b", True),
        ("tags", "equal-to", "b", False),
        ("links[].rank", "greater-than", 5, True),
        ("links[].rank", "greater-than", 9, False),
        ("links[0].rank", "greater-than", 5, False),
        ("links[].none", "is-null", None, True),
        ("links[].url", "is-null", None, False),
    ],
)
def test_a_condition_holds_for_what_it_says(field: str, operator: str, value: Any, passes: bool) -> None:
    assert _passes(_with(field, operator, value)) is passes
    assert _passes(Filter("without", (Condition(field, operator, value),))) is not passes


@pytest.mark.parametrize(
    ("mode", "years", "passes"),
    [
        ("with-all", (2024, 2024), True),
        ("with-all", (2024, 2000), False),
        ("with-one-of", (2024, 2000), True),
        ("with-one-of", (2000, 2001), False),
        ("without", (2000, 2001), True),
        ("without", (2000, 2024), False),
    ],
)
def test_a_group_takes_its_conditions_together(
    mode: Literal["with-all", "with-one-of", "without"], years: tuple[int, ...], passes: bool
) -> None:
    assert _passes(Filter(mode, tuple(Condition("year", "equal-to", year) for year in years))) is passes


def test_every_filter_has_to_be_passed() -> None:
    assert _passes(_with("year", "equal-to", 2024), _with("done", "equal-to", True))
    assert not _passes(_with("year", "equal-to", 2024), _with("done", "equal-to", False))


@pytest.mark.parametrize("metadata", [None, 7, "text", [1], True])
def test_metadata_of_any_kind_has_no_fields(metadata: Any) -> None:
    assert _passes(_with("year", "is-null"), metadata=metadata)
    assert not _passes(_with("year", "equal-to", 7), metadata=metadata)


@pytest.mark.parametrize("field", ["", ".", "a.", "a[", "a[-1]", "a[x]", "[0]", "a b", "a[0]b", "x" * 1001])
def test_a_field_that_is_no_path_is_refused(field: str) -> None:
    with pytest.raises(InvalidCsiRequest, match="not a field"):
        matcher([_with(field, "is-null")])


@pytest.mark.parametrize(
    ("operator", "value", "said"),
    [
        ("greater-than", "5", "a number"),
        ("less-than", True, "a number"),
        ("after", "2024-01-01", "a moment"),
        ("after", "yesterday", "a moment"),
        ("before", 5, "a moment"),
        ("equal-to", None, "a text"),
        ("like", "x", "no condition"),
    ],
)
def test_a_condition_that_makes_no_sense_is_refused(operator: str, value: Any, said: str) -> None:
    with pytest.raises(InvalidCsiRequest, match=said):
        matcher([_with("year", operator, value)])
