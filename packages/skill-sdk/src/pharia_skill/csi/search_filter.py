"""Which documents a search may find, by their metadata."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, ClassVar, Literal

from pydantic import AfterValidator
from pydantic.dataclasses import dataclass

from pharia_skill.csi.numbers import S64

__all__ = [
    "After",
    "AtOrAfter",
    "AtOrBefore",
    "Before",
    "EqualTo",
    "FilterCondition",
    "GreaterThan",
    "GreaterThanOrEqualTo",
    "IsNull",
    "LessThan",
    "LessThanOrEqualTo",
    "MetadataFilter",
    "SearchFilter",
    "With",
    "WithOneOf",
    "Without",
]


def _aware(value: datetime) -> datetime:
    if value.tzinfo is None:
        raise ValueError("Datetimes must be timezone-aware")
    return value


@dataclass
class NumberCondition:
    """Common to the conditions that compare numbers."""

    value: float


@dataclass
class MomentCondition:
    """Common to the conditions that compare moments, which need a time zone."""

    value: Annotated[datetime, AfterValidator(_aware)]


@dataclass
class GreaterThan(NumberCondition):
    __json_name__: ClassVar[str] = "greater_than"


@dataclass
class GreaterThanOrEqualTo(NumberCondition):
    __json_name__: ClassVar[str] = "greater_than_or_equal_to"


@dataclass
class LessThan(NumberCondition):
    __json_name__: ClassVar[str] = "less_than"


@dataclass
class LessThanOrEqualTo(NumberCondition):
    __json_name__: ClassVar[str] = "less_than_or_equal_to"


@dataclass
class After(MomentCondition):
    __json_name__: ClassVar[str] = "after"


@dataclass
class AtOrAfter(MomentCondition):
    __json_name__: ClassVar[str] = "at_or_after"


@dataclass
class Before(MomentCondition):
    __json_name__: ClassVar[str] = "before"


@dataclass
class AtOrBefore(MomentCondition):
    __json_name__: ClassVar[str] = "at_or_before"


@dataclass
class EqualTo:
    __json_name__: ClassVar[str] = "equal_to"
    value: str | S64 | bool


@dataclass
class IsNull:
    __json_name__: ClassVar[str] = "is_null"
    value: Literal[True] = True


FilterCondition = (
    GreaterThan
    | GreaterThanOrEqualTo
    | LessThan
    | LessThanOrEqualTo
    | After
    | AtOrAfter
    | Before
    | AtOrBefore
    | EqualTo
    | IsNull
)


@dataclass
class MetadataFilter:
    """``field`` is a path: dots for nesting, ``a[].b`` for any and ``a[1].b`` for one item of an array."""

    field: str
    condition: FilterCondition


@dataclass
class With:
    """All conditions hold."""

    value: list[MetadataFilter]


@dataclass
class WithOneOf:
    """At least one condition holds."""

    value: list[MetadataFilter]


@dataclass
class Without:
    """No condition holds."""

    value: list[MetadataFilter]


SearchFilter = Without | With | WithOneOf
