"""What callers and namespaces may use, for those who serve them."""

from __future__ import annotations

from pharia_kernel.quotas.admission import Admission, Place
from pharia_kernel.quotas.ledger import Ledger, ledger_bytes
from pharia_kernel.quotas.limits import Account, LimitTable, Spender
from pharia_kernel.quotas.memory import OwnMemory
from pharia_kernel.quotas.tokens import TokenCount

_KNOWN = 4096
"""Pairs of namespace and caller whose accounts are remembered."""


class Quotas:
    """One for each kernel. :meth:`close` ends what it shares with other processes."""

    def __init__(self, table: LimitTable, ledger: Ledger, admission: Admission | None = None) -> None:
        self._table = table
        self._ledger = ledger
        self._admission = admission or Admission(ledger)
        self._accounts: dict[tuple[str, str], tuple[Account, ...]] = {}

    @classmethod
    def alone(cls, table: LimitTable) -> Quotas:
        """Of one process."""
        return cls(table, Ledger(OwnMemory(ledger_bytes(1))))

    @property
    def ledger(self) -> Ledger:
        return self._ledger

    def close(self) -> None:
        self._admission.close()

    def use(self, table: LimitTable) -> None:
        """From now on; what was used stays used."""
        self._table = table
        self._accounts.clear()

    @property
    def running(self) -> int:
        return self._admission.running

    @property
    def waiting(self) -> int:
        return self._admission.waiting

    def place(self, spender: Spender) -> Place:
        """For one call."""
        return Place(self._admission, spender.namespace, spender.caller, self._of(spender))

    def tokens(self, spender: Spender) -> TokenCount | None:
        """For the requests of one call; None where nobody counts."""
        accounts = [account for account in self._of(spender) if account.limits.for_tokens]
        return TokenCount(self._ledger, accounts) if accounts else None

    def deadline_seconds(self, spender: Spender, whole: float) -> float:
        """Of a call that may otherwise take ``whole`` seconds."""
        own = (account.limits.deadline_seconds for account in self._of(spender))
        return min([whole, *(seconds for seconds in own if seconds is not None)])

    def memory_bytes(self, spender: Spender) -> int | None:
        """Of a call; None where nobody says less than the skill may have."""
        own = (account.limits.memory_bytes for account in self._of(spender) if account.owner.kind == "caller")
        return next(own, None)

    def _of(self, spender: Spender) -> tuple[Account, ...]:
        key = (spender.namespace, spender.caller)
        found = self._accounts.get(key)
        if found is None:
            if len(self._accounts) >= _KNOWN:
                self._accounts.clear()
            found = self._accounts[key] = self._table.accounts(*key)
        return found
