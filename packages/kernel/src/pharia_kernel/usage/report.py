"""Questions about usage, and their answers."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import msgspec

from pharia_kernel.usage.amounts import DIMENSIONS, Amounts, Dimension, Key, Row


class UsageQuery(msgspec.Struct, frozen=True):
    by: tuple[Dimension, ...] = DIMENSIONS
    """What rows are told apart by; the rest is added up."""
    first: str | None = None
    """Day, included."""
    last: str | None = None
    """Day, included."""
    namespace: str | None = None
    skill: str | None = None
    caller: str | None = None
    model: str | None = None


class UsageRow(msgspec.Struct, frozen=True, omit_defaults=True):
    """Amounts of what the names say; what is not named is all together."""

    calls: int
    """Calls that ran, of skills and of the CSI."""
    failures: int
    """Calls that failed or were stopped."""
    refused: int
    """Calls that had no place, or came too fast."""
    seconds: float
    """Time of the calls, their wait for a place included."""
    requests: int
    """Requests to models."""
    request_failures: int
    """Requests to models that failed or were stopped."""
    request_seconds: float
    """Time of the requests to models."""
    input_tokens: int
    output_tokens: int
    day: str | None = None
    """In UTC."""
    namespace: str | None = None
    skill: str | None = None
    """Empty for what was asked for without a skill."""
    caller: str | None = None
    model: str | None = None
    """Empty for the calls."""


class UsageReport(msgspec.Struct, frozen=True):
    rows: list[UsageRow]
    """Sorted by their names."""
    total: UsageRow


def report(
    rows: Iterable[Row], query: UsageQuery, visible: Callable[[str], bool] = lambda namespace: True
) -> UsageReport:
    """``visible`` says which namespaces may be shown."""
    sums: dict[Key, Amounts] = {}
    total = Amounts()
    for key, amounts in rows:
        if _asked_for(key, query) and visible(key.namespace or ""):
            total.add(amounts)
            sums.setdefault(_shortened(key, query.by), Amounts()).add(amounts)
    ordered = sorted(sums.items(), key=lambda row: [getattr(row[0], name) or "" for name in DIMENSIONS])
    return UsageReport([_shown(*row) for row in ordered], _shown(Key(), total))


def _asked_for(key: Key, query: UsageQuery) -> bool:
    day = key.day or ""
    if (query.first is not None and day < query.first) or (query.last is not None and day > query.last):
        return False
    wanted = (
        (query.namespace, key.namespace),
        (query.skill, key.skill),
        (query.caller, key.caller),
        (query.model, key.model),
    )
    return all(want is None or want == have for want, have in wanted)


def _shortened(key: Key, by: Iterable[Dimension]) -> Key:
    return Key(**{name: getattr(key, name) for name in by})


def _shown(key: Key, amounts: Amounts) -> UsageRow:
    return UsageRow(**msgspec.structs.asdict(amounts), **msgspec.structs.asdict(key))
