"""Log probabilities in requests and answers; the bytes of a token are written as a list of numbers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import msgspec

from pharia_kernel.api.csi.numbers import U8
from pharia_kernel.csi import types as csi


class TopLogprobs(msgspec.Struct, frozen=True):
    top: U8
    """Alternatives per token, 0 to 20."""


Logprobs = Literal["no", "sampled"] | TopLogprobs


class Logprob(msgspec.Struct, frozen=True):
    token: list[int]
    """Bytes, possibly a part of a character."""
    logprob: float | None


class Distribution(msgspec.Struct, frozen=True):
    sampled: Logprob
    top: list[Logprob]


def wanted(logprobs: Logprobs) -> csi.LogprobMode:
    return csi.TopLogprobs(logprobs.top) if isinstance(logprobs, TopLogprobs) else logprobs


def distributions(tokens: Sequence[csi.TokenLogprob]) -> list[Distribution]:
    return [Distribution(_logprob(token.sampled), [_logprob(other) for other in token.top]) for token in tokens]


def _logprob(logprob: csi.Logprob) -> Logprob:
    return Logprob(list(logprob.token), logprob.logprob)
