"""The setting ``pharia-ai-feature-set`` of the original: read and shown, no more, as every feature is always there."""

from __future__ import annotations

import re
from typing import Annotated, Any

from pydantic import BeforeValidator

BETA = "beta"
STABLE = "1"
_NUMBER = re.compile(r"[0-9]{1,10}", re.ASCII)
_LARGEST = 2**32 - 1


def parse_feature_set(text: str) -> str | None:
    """``beta``, or the number of a stable set; None for anything else."""
    word = text.strip()
    if word.lower() == BETA:
        return BETA
    return str(int(word)) if _NUMBER.fullmatch(word) and int(word) <= _LARGEST else None


def _feature_set(value: Any) -> Any:
    if isinstance(value, bool) or not isinstance(value, str | int):
        return value
    return parse_feature_set(str(value)) or STABLE


FeatureSet = Annotated[str, BeforeValidator(_feature_set)]
