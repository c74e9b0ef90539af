"""Explanation: which parts of the prompt made the model say the target. Only skills built for WIT 0.3 have it."""

from __future__ import annotations

from enum import Enum

from pydantic.dataclasses import dataclass


class Granularity(str, Enum):
    AUTO = "auto"
    WORD = "word"
    SENTENCE = "sentence"
    PARAGRAPH = "paragraph"


@dataclass
class ExplanationRequest:
    prompt: str
    target: str
    model: str
    granularity: Granularity = Granularity.AUTO


@dataclass
class TextScore:
    """``start`` and ``length`` count characters of the prompt."""

    start: int
    length: int
    score: float
