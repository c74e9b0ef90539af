"""Which documents a search may find, by their metadata."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, ClassVar, Literal

from pydantic import AfterValidator
from pydantic.dataclasses import dataclass

from pharia_skill.csi.numbers import S64


def _aware(value: datetime) -> datetime:
    if value.tzinfo is None:
        raise ValueError("Datetimes must be timezone-aware")
    return value


_Moment = Annotated[datetime, AfterValidator(_aware)]


@dataclass
class GreaterThan:
    __json_name__: ClassVar[str] = "greater_than"
    value: float


@dataclass
class GreaterThanOrEqualTo:
    __json_name__: ClassVar[str] = "greater_than_or_equal_to"
    value: float


@dataclass
class LessThan:
    __json_name__: ClassVar[str] = "less_than"
    value: float


@dataclass
class LessThanOrEqualTo:
    __json_name__: ClassVar[str] = "less_than_or_equal_to"
    value: float


@dataclass
class After:
    __json_name__: ClassVar[str] = "after"
    value: _Moment


@dataclass
class AtOrAfter:
    __json_name__: ClassVar[str] = "at_or_after"
    value: _Moment


@dataclass
class Before:
    __json_name__: ClassVar[str] = "before"
    value: _Moment


@dataclass
class AtOrBefore:
    __json_name__: ClassVar[str] = "at_or_before"
    value: _Moment


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
