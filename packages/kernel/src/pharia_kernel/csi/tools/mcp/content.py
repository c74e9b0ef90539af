"""What a tool answered, as the texts that skills take."""

from __future__ import annotations

import base64
import binascii
import json
from typing import Any

from pydantic import BaseModel

from pharia_kernel.csi.types import ToolError, ToolOutput, ToolResult

_SILENT_FAILURE = "The tool failed without saying why."


class CallAnswer(BaseModel):
    """Answer of ``tools/call``; all members may be missing."""

    content: list[Any] = []
    structuredContent: Any = None  # as the protocol has it
    isError: bool = False


def tool_result(answer: CallAnswer, limit: int) -> ToolResult:
    """Texts of at most ``limit`` bytes together.

    What is no text is named with its kind and size, so that a model knows that it is there.
    """
    texts = [_text(part) for part in answer.content]
    only_named = not any(_is_text(part) for part in answer.content)
    if answer.structuredContent is not None and only_named:
        texts.insert(0, json.dumps(answer.structuredContent, ensure_ascii=False, separators=(",", ":")))
    size = sum(len(text.encode("utf-8", "replace")) for text in texts)
    if size > limit:
        return ToolError(f"The tool answered {size:,} bytes of text; skills take {limit:,} (mcp.text-bytes).")
    if answer.isError:
        return ToolError("\n\n".join(texts) or _SILENT_FAILURE)
    return ToolOutput(tuple(texts))


def _is_text(part: Any) -> bool:
    return isinstance(part, dict) and part.get("type") == "text" and isinstance(part.get("text"), str)


def _text(part: Any) -> str:
    if _is_text(part):
        text: str = part["text"]
        return text
    kind = part.get("type") if isinstance(part, dict) else None
    if kind in ("image", "audio"):
        return _named(f"{kind}", part.get("mimeType"), part.get("data"))
    if kind == "resource_link":
        words = [part.get(name) for name in ("title", "name", "description", "uri")]
        return "\n".join(word for word in words if isinstance(word, str) and word)
    if kind == "resource" and isinstance(part.get("resource"), dict):
        return _resource(part["resource"])
    return f"[content of kind {str(kind)[:64]}, which can not be given as text]"


def _resource(resource: dict[str, Any]) -> str:
    if isinstance(text := resource.get("text"), str):
        return text
    blob, mime = resource.get("blob"), resource.get("mimeType")
    if isinstance(blob, str) and isinstance(mime, str) and mime.partition(";")[0].startswith(_TEXTUAL):
        try:
            return base64.b64decode(blob, validate=True).decode()
        except (binascii.Error, UnicodeDecodeError):
            pass
    return _named(f"resource {str(resource.get('uri'))[:512]}", mime, blob)


_TEXTUAL = ("text/", "application/json", "application/xml", "application/yaml")


def _named(what: str, mime: Any, data: Any) -> str:
    size = len(data) * 3 // 4 if isinstance(data, str) else 0
    kind = f" of type {mime[:64]}" if isinstance(mime, str) else ""
    return f"[{what}{kind}, about {size:,} bytes, which can not be given as text]"
