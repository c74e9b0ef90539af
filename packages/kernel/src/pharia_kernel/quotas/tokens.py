"""Tokens of models: taken by an estimate before a request, settled by what the backend says after it."""

from __future__ import annotations

from collections.abc import Sequence

from pharia_kernel.quotas.ledger import Ledger, Reservation
from pharia_kernel.quotas.limits import Account

BYTES_PER_TOKEN = 4
"""Of English and of code about four, of other languages fewer."""
ANSWER_TOKENS = 1024
"""Taken for an answer of a length that nobody bounded, or what is left if that is less."""


def estimated(text: str) -> int:
    """Tokens of a text."""
    return -(-len(text.encode("utf-8", "replace")) // BYTES_PER_TOKEN)


class TokenCount:
    """Of the accounts that a call is on."""

    def __init__(self, ledger: Ledger, accounts: Sequence[Account]) -> None:
        self._ledger = ledger
        self._accounts = accounts

    def reserve(self, prompt: int, most: int | None) -> Reservation:
        """For a request with about so many tokens and an answer of at most ``most``.

        Raises :class:`~pharia_kernel.errors.QuotaExceeded`.
        """
        if most is not None:
            return self._ledger.reserve(self._accounts, prompt + most, prompt + most)
        return self._ledger.reserve(self._accounts, prompt + 1, prompt + ANSWER_TOKENS)

    def settle(self, reservation: Reservation, used: int) -> None:
        self._ledger.settle(reservation, used)
