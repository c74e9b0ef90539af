"""The log of decisions. Never holds tokens."""

from __future__ import annotations

import logging

from pharia_kernel.types import Action, Caller

logger = logging.getLogger("pharia_kernel.audit")


def decided(caller: Caller, namespace: str | None, action: Action, *, allowed: bool, reason: str) -> None:
    """One record: at level ``info`` what was allowed, at ``warning`` what was not."""
    level = logging.INFO if allowed else logging.WARNING
    if not logger.isEnabledFor(level):
        return
    fields = {
        "who": caller.id or "anonymous",
        "action": action.value,
        "namespace": namespace or "*",
        "allowed": allowed,
        "reason": reason,
    }
    logger.log(level, "%s %s", action.value, "allowed" if allowed else "refused", extra=fields)
