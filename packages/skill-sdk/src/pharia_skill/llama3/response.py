"""What the model writes, freed of its special tokens."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class SpecialTokens(str, Enum):
    EndOfTurn = "<|eot_id|>"
    EndOfMessage = "<|eom_id|>"
    PythonTag = "<|python_tag|>"
    BeginOfText = "<|begin_of_text|>"
    StartHeader = "<|start_header_id|>"
    EndHeader = "<|end_header_id|>"


@dataclass(frozen=True)
class Response:
    """``python_tag`` says whether the text began with the tag that announces a call."""

    text: str
    python_tag: bool

    @staticmethod
    def from_raw(raw: str) -> Response:
        for end in (SpecialTokens.EndOfTurn, SpecialTokens.EndOfMessage):
            raw = raw.replace(end.value, "")
        text = raw.strip()
        tag = SpecialTokens.PythonTag.value
        return Response(text.replace(tag, ""), text.startswith(tag))
