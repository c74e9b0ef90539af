"""What a server says about its tools, as far as it can be used."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel

from pharia_kernel.csi.types import ToolInfo

_NAME_CHARACTERS = 256


class ToolsPage(BaseModel):
    """Answer of ``tools/list``. Each tool is looked at on its own, so that a wrong one does not hide the others."""

    tools: list[Any] = []
    nextCursor: str | None = None  # as the protocol has it


def tool_info(found: Any) -> ToolInfo | None:
    """None for what is not the description of a tool that can be called."""
    if not isinstance(found, dict):
        return None
    name, schema = found.get("name"), found.get("inputSchema")
    if not (isinstance(name, str) and 0 < len(name) <= _NAME_CHARACTERS):
        return None
    if schema is None:
        schema = {"type": "object"}
    if not isinstance(schema, dict):
        return None
    texts = (found.get("description"), found.get("title"))
    return ToolInfo(name, next((text for text in texts if isinstance(text, str) and text), ""), schema)
