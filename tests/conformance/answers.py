"""Tokens of an answer, and how a guest sees them."""

from __future__ import annotations

from pharia_kernel.csi.types import Logprob, TokenLogprob

# The second token is half of a character.
TOKENS = (
    TokenLogprob(Logprob(b"a", -0.5), (Logprob(b"a", -0.5), Logprob(b"b", -1.25))),
    TokenLogprob(Logprob(b"\xc3", -2.0)),
)
GIVEN_TOKENS = [
    {
        "sampled": {"token": "a", "logprob": -0.5},
        "top": [{"token": "a", "logprob": -0.5}, {"token": "b", "logprob": -1.25}],
    },
    {"sampled": {"token": "\xc3", "logprob": -2.0}, "top": []},
]
