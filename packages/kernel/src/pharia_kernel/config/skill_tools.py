"""Settings of skills that call skills."""

from __future__ import annotations

from typing import Annotated

from pydantic import BeforeValidator, Field

from pharia_kernel.config.tables import Table

_YES = frozenset({"true", "on", "yes", "1"})
_NO = frozenset({"false", "off", "no", "0", ""})


def _choice(value: object) -> object:
    if not isinstance(value, str):
        return value
    word = value.strip().lower()
    if word in _YES or word in _NO:
        return word in _YES
    return tuple(name.strip() for name in value.split(",") if name.strip())


SkillToolChoice = Annotated[bool | tuple[str, ...], BeforeValidator(_choice)]
"""All, none, or names; of variables ``true`` or ``a, b``."""


class SkillToolSettings(Table):
    """What calls within calls may use."""

    depth: int = Field(default=8, gt=0, le=64)
    """Skills that call each other in a row, the first one not counted."""
    concurrent_calls: int = Field(default=64, gt=0)
    """Of all calls, on each level of nesting."""
