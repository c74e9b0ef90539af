"""Log probabilities of tokens, in the two forms in which endpoints send them."""

from __future__ import annotations

from collections.abc import Iterable

from pharia_kernel.csi.inference.openai import wire
from pharia_kernel.csi.types import Logprob, LogprobMode, TokenLogprob, TopLogprobs

_UNKNOWN = float("nan")


def kept_alternatives(mode: LogprobMode, *, chat: bool) -> int:
    """How many alternatives an answer carries. A chat asked for ``sampled`` shows one, a completion none."""
    if isinstance(mode, TopLogprobs):
        return mode.top
    return 1 if chat and mode == "sampled" else 0


def token_logprobs(found: wire.Logprobs | None, alternatives: int) -> tuple[TokenLogprob, ...]:
    """``alternatives`` per token are kept, the most likely first."""
    if found is None:
        return ()
    if found.content is not None:
        return tuple(
            TokenLogprob(_of_entry(entry), _best(map(_of_entry, entry.top_logprobs or ()), alternatives))
            for entry in found.content
        )
    tokens = found.tokens or []
    values = found.token_logprobs or [None] * len(tokens)
    tops = found.top_logprobs or [None] * len(tokens)
    return tuple(
        TokenLogprob(
            _logprob(token, value),
            _best((_logprob(other, its) for other, its in (top or {}).items()), alternatives),
        )
        for token, value, top in zip(tokens, values, tops, strict=False)
    )


def _best(alternatives: Iterable[Logprob], count: int) -> tuple[Logprob, ...]:
    if count == 0:
        return ()
    return tuple(sorted(alternatives, key=lambda other: other.logprob, reverse=True)[:count])


def _of_entry(entry: wire.TokenEntry) -> Logprob:
    if entry.bytes is not None and all(0 <= byte < 256 for byte in entry.bytes):
        return Logprob(bytes(entry.bytes), _UNKNOWN if entry.logprob is None else entry.logprob)
    return _logprob(entry.token, entry.logprob)


def _logprob(token: str, value: float | None) -> Logprob:
    return Logprob(token.encode("utf-8", "replace"), _UNKNOWN if value is None else value)
