"""What a skill asked, in order."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from pharia_skill.csi import (
    ChatRequest,
    ChunkRequest,
    CompletionRequest,
    DocumentPath,
    ExplanationRequest,
    InvokeRequest,
    SearchRequest,
    SelectLanguageRequest,
)

Request = (
    ChatRequest
    | ChunkRequest
    | CompletionRequest
    | DocumentPath
    | ExplanationRequest
    | InvokeRequest
    | SearchRequest
    | SelectLanguageRequest
)

_SHOWN = 80


@dataclass(frozen=True)
class Call:
    """``function`` is named as in the HTTP interface: ``chat``, ``chat_stream``, ``invoke_tool``, …

    ``request`` is a copy, made when it was asked; ``answer`` is ``None`` for streams and for calls that failed.
    """

    function: str
    request: Request
    answer: Any = None


def subject_of(request: Request) -> str | None:
    """The model or the tool that is asked."""
    match request:
        case ChatRequest() | CompletionRequest() | ExplanationRequest():
            return request.model
        case ChunkRequest():
            return request.params.model
        case InvokeRequest():
            return request.name
    return None


def text_of(request: Request) -> str:
    """The part of a request that people mean by it: the last message, the prompt, the query."""
    match request:
        case ChatRequest():
            return request.messages[-1].content or "" if request.messages else ""
        case CompletionRequest() | ExplanationRequest():
            return request.prompt
        case ChunkRequest() | SelectLanguageRequest():
            return request.text
        case SearchRequest():
            return request.query
        case InvokeRequest():
            return ", ".join(f"{name}={value!r}" for name, value in request.arguments.items())
        case DocumentPath():
            return f"{request.namespace}/{request.collection}/{request.name}"


def described(function: str, request: Request) -> str:
    text = text_of(request)
    shown = text if len(text) <= _SHOWN else text[:_SHOWN] + "…"
    subject = subject_of(request)
    return f"{function} {subject}: {shown!r}" if subject is not None else f"{function}: {shown!r}"


def listed(lines: Sequence[str]) -> str:
    return "".join(f"\n  {line}" for line in lines)
