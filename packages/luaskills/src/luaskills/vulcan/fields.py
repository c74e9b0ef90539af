"""Fields of an input table, by kind, with the messages of the database functions."""

from __future__ import annotations

from collections.abc import Mapping

from luaskills.errors import HostFunctionError


def required_text(fields: Mapping[str, object], name: str) -> str:
    """A text with content."""
    value = fields.get(name)
    if not isinstance(value, str) or not value.strip():
        raise HostFunctionError(f"missing or empty field `{name}`")
    return _utf8(name, value)


def optional_text(fields: Mapping[str, object], name: str, default: str = "") -> str:
    """A text that may be missing."""
    value = fields.get(name)
    if value is None:
        return default
    if not isinstance(value, str):
        raise HostFunctionError(f"{name} must be a string")
    return _utf8(name, value)


def optional_whole(fields: Mapping[str, object], name: str, default: int, *, least: int = 0, most: int) -> int:
    """A whole number within bounds that may be missing."""
    value = fields.get(name)
    if value is None:
        return default
    if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
        raise HostFunctionError(f"{name} must be a whole number from {least} to {most}")
    return value


def required_whole(fields: Mapping[str, object], name: str) -> int:
    """A whole number of at least 0."""
    value = fields.get(name)
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise HostFunctionError(f"{name} is required")
    return value


def _utf8(name: str, value: str) -> str:
    try:
        value.encode("utf-8")
    except UnicodeEncodeError:
        raise HostFunctionError(f"{name} must be a valid UTF-8 string") from None
    return value
