"""Reading values from the JSON of the HTTP interface."""

from __future__ import annotations

from typing import Any, Self

from pydantic import TypeAdapter


class FromDict:
    @classmethod
    def from_dict(cls, body: dict[str, Any]) -> Self:
        """Keys that are not known are ignored. Raises ``pydantic.ValidationError``."""
        return TypeAdapter(cls).validate_python(body)
