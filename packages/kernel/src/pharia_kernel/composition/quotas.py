"""Who may use how much, and what is remembered of it, from the settings."""

from __future__ import annotations

from pharia_kernel.config import Settings
from pharia_kernel.config.quotas import EACH_CALLER, QuotaSettings
from pharia_kernel.quotas import NO_LIMITS, Ledger, Limits, LimitTable
from pharia_kernel.quotas.window import DAY
from pharia_kernel.telemetry.metrics import Metrics
from pharia_kernel.usage import UsageBook


def limit_table(settings: Settings, processes: int = 1) -> LimitTable:
    """The kernel's time and memory are those of every call, and not here. Its queue is shared out to ``processes``."""
    whole = settings.limits
    callers = {name: _limits(caller.limits) for name, caller in settings.callers.items()}
    return LimitTable(
        Limits(
            concurrent=whole.concurrent_calls,
            queued=-(-whole.queued_calls // processes),
            rate=whole.rate,
            burst=whole.burst,
            minute_tokens=whole.tokens_per_minute,
            day_tokens=whole.tokens_per_day,
        ),
        {name: _limits(namespace.limits) for name, namespace in settings.namespaces.items()},
        {name: limits for name, limits in callers.items() if name != EACH_CALLER},
        callers.get(EACH_CALLER, NO_LIMITS),
    )


def usage_book(settings: Settings, metrics: Metrics | None = None) -> UsageBook:
    return UsageBook(metrics, days=settings.usage.days)


def count_today(ledger: Ledger, book: UsageBook, settings: Settings) -> None:
    """What was used of this day before the start counts, for those whose tokens per day are limited."""
    table, today = limit_table(settings), book.today()
    for key, amounts in book.rows():
        if key.day != today or not (tokens := amounts.input_tokens + amounts.output_tokens):
            continue
        for account in table.accounts(key.namespace or "", key.caller or ""):
            if account.limits.day_tokens is not None:
                ledger.note_used(account.owner, DAY, tokens)


def _limits(settings: QuotaSettings) -> Limits:
    return Limits(
        concurrent=settings.concurrent_calls,
        queued=settings.queued_calls,
        rate=settings.rate,
        burst=settings.burst,
        minute_tokens=settings.tokens_per_minute,
        day_tokens=settings.tokens_per_day,
        deadline_seconds=settings.deadline_seconds,
        memory_bytes=settings.memory_bytes,
    )
