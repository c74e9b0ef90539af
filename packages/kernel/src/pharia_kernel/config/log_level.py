"""The grammar of the ``log-level`` setting: ``info`` or ``warn,pharia_kernel.skill=debug``."""

from __future__ import annotations

import logging
import re

LEVELS = {
    "off": logging.CRITICAL + 10,
    "error": logging.ERROR,
    "warn": logging.WARNING,
    "warning": logging.WARNING,
    "info": logging.INFO,
    "debug": logging.DEBUG,
    "trace": logging.DEBUG - 5,
}
OWN = "pharia_kernel"
_TARGET = re.compile(r"[A-Za-z0-9_.]+", re.ASCII)


def parse_log_level(text: str) -> dict[str, int]:
    """Level of each logger; the empty name is every other logger. Raises :class:`ValueError`.

    A lone ``debug`` or ``trace`` is meant for the kernel's own loggers; other libraries stay at ``info``.
    """
    levels = {"": logging.INFO}
    directives = [part.strip() for part in text.split(",") if part.strip()]
    for directive in directives:
        target, equals, level = directive.rpartition("=")
        number = LEVELS.get(level.strip().lower())
        name = target.strip().replace("::", ".").replace("-", "_")
        if number is None or (equals and not _TARGET.fullmatch(name)):
            known = ", ".join(sorted(set(LEVELS) - {"warning"}))
            raise ValueError(f"`{directive}` is not a log level; write one of {known}, or LOGGER=LEVEL")
        levels[name] = number
    if len(directives) == 1 and "=" not in directives[0] and levels[""] < logging.INFO:
        return {"": logging.INFO, OWN: levels[""]}
    return levels
