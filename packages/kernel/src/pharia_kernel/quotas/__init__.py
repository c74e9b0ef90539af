"""What callers and namespaces may use: calls, tokens, time, memory. Exact, also where several processes serve."""

from pharia_kernel.quotas.admission import Admission, Place
from pharia_kernel.quotas.ledger import Ledger, Reservation, ledger_bytes
from pharia_kernel.quotas.limits import ANONYMOUS, NO_LIMITS, Limits, LimitTable, Owner, Spender
from pharia_kernel.quotas.quotas import Quotas
from pharia_kernel.quotas.tokens import TokenCount

__all__ = [
    "ANONYMOUS",
    "NO_LIMITS",
    "Admission",
    "Ledger",
    "LimitTable",
    "Limits",
    "Owner",
    "Place",
    "Quotas",
    "Reservation",
    "Spender",
    "TokenCount",
    "ledger_bytes",
]
