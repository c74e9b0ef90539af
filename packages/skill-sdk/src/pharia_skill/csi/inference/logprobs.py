"""How likely the model found its tokens: what to ask for, and the answer."""

from __future__ import annotations

import math
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator
from pydantic.dataclasses import dataclass

from pharia_skill.csi.numbers import U8
from pharia_skill.csi.quick import quick
from pharia_skill.csi.reading import FromDict


def none_to_nan(value: Any) -> Any:
    """JSON has no NaN; ``null`` stands for it."""
    return math.nan if value is None else value


def _bytes_of(value: Any) -> Any:
    return bytes(value) if isinstance(value, list) else value


NanFloat = Annotated[float, BeforeValidator(none_to_nan)]


@dataclass
class TopLogprobs:
    """The sampled token and the ``top`` most likely ones (0 to 20) of every position."""

    top: U8


NoLogprobs = Literal["no"]
SampledLogprobs = Literal["sampled"]
Logprobs = TopLogprobs | NoLogprobs | SampledLogprobs


@quick
@dataclass
class Logprob:
    """``token`` is raw bytes: part of a character is possible."""

    token: Annotated[bytes, BeforeValidator(_bytes_of)]
    logprob: NanFloat

    def try_as_utf8(self) -> str | None:
        """The token as text; ``None`` when it is not valid UTF-8 on its own."""
        try:
            return self.token.decode()
        except UnicodeDecodeError:
            return None


@quick
@dataclass
class Distribution(FromDict):
    """Of one position: the token that was chosen, and the alternatives that were asked for."""

    sampled: Logprob
    top: list[Logprob]
