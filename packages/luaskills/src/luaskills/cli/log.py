"""What the engine and skills log, on standard error while a command runs."""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager

_NAME = "luaskills"


@contextmanager
def logs_shown(verbose: bool) -> Iterator[None]:
    """Warnings and errors; with ``verbose`` also what skills print."""
    logger = logging.getLogger(_NAME)
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(logging.Formatter("%(message)s"))
    before = logger.level, logger.propagate
    logger.setLevel(logging.INFO if verbose else logging.WARNING)
    logger.propagate = False
    logger.addHandler(handler)
    try:
        yield
    finally:
        logger.removeHandler(handler)
        logger.level, logger.propagate = before
