"""What the API answers to ``/complete`` and ``/explain``, as far as the kernel reads it."""

from __future__ import annotations

from typing import Any

import msgspec

TokenValues = dict[str, float | None]
"""Log probability of each token that was looked at in one place."""


class Result(msgspec.Struct):
    """A completion, or a chunk's share of it."""

    completion: str | None = None
    raw_completion: str | None = None
    """With control tokens."""
    finish_reason: str | None = None
    log_probs: list[TokenValues | None] | None = None
    completion_tokens: list[str] | None = None


class Completion(msgspec.Struct):
    completions: list[Result] | None = None
    num_tokens_prompt_total: int | None = None
    num_tokens_generated: int | None = None
    model_version: str | None = None
    error: Any = None


class Event(Result):
    """One event of a stream; ``type`` says which members it has."""

    type: str | None = None
    num_tokens_prompt_total: int | None = None
    num_tokens_generated: int | None = None
    model_version: str | None = None
    error: Any = None


class TextScore(msgspec.Struct):
    start: int
    length: int
    score: float


class Item(msgspec.Struct):
    """How much a part of the prompt, or of the target, had to do with the target."""

    type: str | None = None
    scores: msgspec.Raw = msgspec.Raw(b"[]")
    """Their form follows from ``type``."""


class Explanation(msgspec.Struct):
    items: list[Item] | None = None


class Explained(msgspec.Struct):
    explanations: list[Explanation] | None = None
    error: Any = None


decode_completion = msgspec.json.Decoder(Completion).decode
decode_event = msgspec.json.Decoder(Event).decode
decode_explained = msgspec.json.Decoder(Explained).decode
decode_text_scores = msgspec.json.Decoder(list[TextScore]).decode
