"""The question of a server who is asking, as its header ``WWW-Authenticate`` puts it."""

from __future__ import annotations

import re
from collections.abc import Mapping

_SCHEME = re.compile(r"\s*,?\s*([A-Za-z][A-Za-z0-9-]*)(?=\s*(?:,|$)|\s+[A-Za-z])")
_PARAMETER = re.compile(r'\s*,?\s*([A-Za-z][A-Za-z0-9_-]*)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s,"]+))')


def challenges(header: str) -> Mapping[str, Mapping[str, str]]:
    """Parameters by scheme, both in lower case; what can not be read ends the list."""
    found: dict[str, dict[str, str]] = {}
    at = 0
    while scheme := _SCHEME.match(header, at):
        parameters = found.setdefault(scheme[1].lower(), {})
        at = scheme.end()
        while parameter := _PARAMETER.match(header, at):
            name, quoted, plain = parameter.groups()
            parameters[name.lower()] = plain if quoted is None else re.sub(r"\\(.)", r"\1", quoted)
            at = parameter.end()
    return found
