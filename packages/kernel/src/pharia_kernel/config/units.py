"""How durations, byte sizes and socket addresses are written in settings."""

from __future__ import annotations

import ipaddress
import re

_SECONDS = {
    **dict.fromkeys(("us", "usec", "microsecond", "microseconds"), 1e-6),
    **dict.fromkeys(("ms", "msec", "millis", "millisecond", "milliseconds"), 1e-3),
    **dict.fromkeys(("s", "sec", "secs", "second", "seconds"), 1.0),
    **dict.fromkeys(("m", "min", "mins", "minute", "minutes"), 60.0),
    **dict.fromkeys(("h", "hr", "hrs", "hour", "hours"), 3600.0),
    **dict.fromkeys(("d", "day", "days"), 86400.0),
}
_LONGEST = 1e9
"""Seconds, some thirty years; keeps absurd values within what timers take."""
_NUMBER = re.compile(r"[0-9]+(\.[0-9]+)?", re.ASCII)
_PART = re.compile(r"\s*([0-9]+(?:\.[0-9]+)?)\s*([a-z]+)\s*", re.ASCII)
_AMOUNT = r"([0-9]+(?:\.[0-9]+)?)"
_ISO = re.compile(rf"P(?:{_AMOUNT}D)?(?:T(?=[0-9])(?:{_AMOUNT}H)?(?:{_AMOUNT}M)?(?:{_AMOUNT}S)?)?", re.ASCII)
_SIZE = re.compile(r"([0-9]+(?:\.[0-9]+)?)\s*([a-z]*)", re.ASCII)
_DECIMAL = {"": 0, "b": 0, "kb": 1, "mb": 2, "gb": 3, "tb": 4}
_BINARY = {"kib": 1, "ki": 1, "mib": 2, "mi": 2, "gib": 3, "gi": 3, "tib": 4, "ti": 4}


def parse_duration(value: object) -> float:
    """Seconds from ``10s``, ``1h30m``, ``1m 30s``, ``500ms``, ``PT10S`` or a number; raises :class:`ValueError`."""
    seconds: float | None
    if isinstance(value, int | float) and not isinstance(value, bool):
        seconds = float(min(value, _LONGEST))
    elif isinstance(value, str):
        text = value.strip()
        if text.startswith("-"):
            raise ValueError("a duration must not be negative")
        seconds = float(text) if _NUMBER.fullmatch(text) else _iso_seconds(text) or _human_seconds(text.lower())
    else:
        seconds = None
    if seconds is None:
        raise ValueError("not a duration; write it like 10s, 1h30m, 500ms or PT10S")
    if not seconds > 0:
        raise ValueError("a duration must be longer than zero")
    return min(seconds, _LONGEST)


def parse_size(value: object) -> int:
    """Bytes from ``512MiB``, ``64 Ki``, ``1 GB`` or a number; raises :class:`ValueError`."""
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    match = _SIZE.fullmatch(value.strip().lower()) if isinstance(value, str) else None
    if match is not None and len(match[1]) <= 24:
        number, unit = match.groups()
        if unit in _DECIMAL:
            return int(float(number) * 1000 ** _DECIMAL[unit]) if unit else _whole(number)
        if unit in _BINARY:
            return int(float(number) * 1024 ** _BINARY[unit])
    raise ValueError("not a byte size; write it like 512MiB, 64Ki, 1 GB or as a number of bytes")


def parse_address(text: str) -> tuple[str, int]:
    """Host and port of ``ip:port`` or ``[ipv6]:port``; raises :class:`ValueError`."""
    host, colon, port = text.rpartition(":")
    bare = host[1:-1] if host.startswith("[") and host.endswith("]") else host
    try:
        version: int = ipaddress.ip_address(bare).version
    except ValueError:
        version = 0
    bracketed = bare != host
    if not colon or version != (6 if bracketed else 4) or not re.fullmatch(r"[0-9]{1,5}", port, re.ASCII):
        raise ValueError("not a socket address; write it as IP:PORT like 127.0.0.1:8081 or [::1]:8081")
    if int(port) > 65535:
        raise ValueError("the port must be between 0 and 65535")
    return bare, int(port)


def _iso_seconds(text: str) -> float | None:
    match = _ISO.fullmatch(text)
    if match is None or not any(match.groups()):
        return None
    return sum(float(part) * unit for part, unit in zip(match.groups(), (86400, 3600, 60, 1), strict=True) if part)


def _human_seconds(text: str) -> float | None:
    seconds, at = 0.0, 0
    while at < len(text):
        match = _PART.match(text, at)
        if match is None or match[2] not in _SECONDS:
            return None
        seconds += float(match[1]) * _SECONDS[match[2]]
        at = match.end()
    return seconds if text else None


def _whole(number: str) -> int:
    if "." in number:
        raise ValueError("a number of bytes without a unit must be whole")
    return int(number)
