"""What there is to know about a skill without running it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal


@dataclass(frozen=True, slots=True)
class SkillDescription:
    """Outside of a component, every decorated function carries one as ``__pharia_skill__``.

    Schemas are JSON Schema. A function skill has an ``output_schema``; a message-stream skill has a ``payload_schema``
    when its writer is annotated with what its messages end with.
    """

    kind: Literal["skill", "message-stream-skill"]
    function: str
    name: str
    """What the decorator was told, or the function's."""
    description: str | None
    input_schema: Mapping[str, Any]
    output_schema: Mapping[str, Any] | None = None
    payload_schema: Mapping[str, Any] | None = None
    tags: tuple[str, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """Ready for ``json.dumps``; what a skill of this kind does not have is left out."""
        shown: dict[str, Any] = {
            "kind": self.kind,
            "function": self.function,
            "name": self.name,
            "description": self.description,
            "input_schema": dict(self.input_schema),
        }
        if self.output_schema is not None:
            shown["output_schema"] = dict(self.output_schema)
        if self.payload_schema is not None:
            shown["payload_schema"] = dict(self.payload_schema)
        if self.tags:
            shown["tags"] = list(self.tags)
        return shown
