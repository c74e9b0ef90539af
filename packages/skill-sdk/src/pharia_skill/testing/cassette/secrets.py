"""Keeping secrets out of what is written."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

HIDDEN = "***"
_NAMES = re.compile(r"token|password|passwd|secret|api_?key|authorization|credential", re.IGNORECASE)
_SHORTEST = 8
"""A shorter value would be found in the midst of ordinary words."""


def secrets_of(environ: Mapping[str, str]) -> frozenset[str]:
    """The values of the variables whose names say that they are secret."""
    return frozenset(value for name, value in environ.items() if len(value) >= _SHORTEST and _NAMES.search(name))


def without(secrets: Iterable[str], value: Any) -> Any:
    """A JSON value with every secret in its texts replaced."""
    known = sorted(secrets, key=len, reverse=True)
    return _walk(known, value) if known else value


def hidden_arguments(arguments: Mapping[str, Any]) -> dict[str, Any]:
    """A tool's arguments; texts under names such as ``password`` are replaced."""
    return {
        name: HIDDEN if isinstance(value, str) and _NAMES.search(name) else value for name, value in arguments.items()
    }


def _walk(secrets: list[str], value: Any) -> Any:
    if isinstance(value, str):
        for secret in secrets:
            value = value.replace(secret, HIDDEN)
        return value
    if isinstance(value, list):
        return [_walk(secrets, item) for item in value]
    if isinstance(value, dict):
        return {key: _walk(secrets, item) for key, item in value.items()}
    return value
