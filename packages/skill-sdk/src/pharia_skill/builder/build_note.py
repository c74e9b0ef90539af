"""What a component says about its making."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any

from pharia_skill.builder.shape import Shape
from pharia_skill.builder.wasm import METADATA, NOTE

_TRACE = re.compile(rb"pharia_skill-(\d+(?:\.\d+)+[0-9a-z.]*)\.dist-info")


@dataclass(frozen=True, slots=True)
class BuildNote:
    sdk: str | None
    """Version of the SDK, from the note or else from the paths its installation left in the snapshot."""
    note: dict[str, Any] | None
    """What `pharia-skill build` wrote; ``None`` if something else built the component."""
    metadata: dict[str, Any] | None
    """Description and schemas, where they are kept in the file."""


def build_note(binary: bytes, shape: Shape) -> BuildNote:
    """Never fails: what can not be read counts as absent."""
    note = _object(shape.notes.get(NOTE))
    sdk = note.get("sdk") if note else None
    if not isinstance(sdk, str):
        trace = _TRACE.search(binary)
        sdk = trace[1].decode() if trace else None
    return BuildNote(sdk, note, _object(shape.notes.get(METADATA)))


def _object(content: bytes | None) -> dict[str, Any] | None:
    try:
        found = json.loads(content) if content else None
    except ValueError:
        return None
    return found if isinstance(found, dict) else None
