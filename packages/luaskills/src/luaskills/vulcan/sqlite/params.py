"""Parameters of SQL statements, checked and turned into what SQLite binds."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from typing import Any

from luaskills.errors import HostFunctionError

Bound = None | int | float | str | bytes


def params_of(fields: Mapping[str, object]) -> list[Bound]:
    """The values of `params`; none when it is missing."""
    if fields.get("params_json") is not None:
        raise HostFunctionError("params_json is no longer supported; use params")
    value = fields.get("params")
    if value is None:
        return []
    if not isinstance(value, list):
        raise HostFunctionError("params must be an array")
    return _values("params", value)


def items_of(fields: Mapping[str, object]) -> list[list[Bound]]:
    """The rows of `items`."""
    value = fields.get("items")
    if not isinstance(value, list):
        raise HostFunctionError("items must be an array of arrays")
    if not value:
        raise HostFunctionError("items must not be empty")
    for i, row in enumerate(value):
        if not isinstance(row, list):
            raise HostFunctionError(f"items[{i}] must be an array")
    return [_values(f"items[{i}]", row) for i, row in enumerate(value)]


def _values(name: str, values: list[Any]) -> list[Bound]:
    return [_bound(f"{name}[{i}]", value) for i, value in enumerate(values)]


def _bound(name: str, value: object) -> Bound:
    match value:
        case None | bool() | float():
            return value
        case int():
            return _int64(name, value)
        case str():
            return _text(name, value)
        case Mapping():
            return _typed(name, value)
    raise HostFunctionError(f"{name} must contain only scalar values")


def _typed(name: str, fields: Mapping[str, object]) -> Bound:
    kind, value = fields.get("kind"), fields.get("value")
    if not isinstance(kind, str):
        raise HostFunctionError(f"{name}.kind is required for typed parameters")
    match kind, value:
        case "null", _:
            return None
        case "bool", bool():
            return value
        case "int64", int() if not isinstance(value, bool):
            return _int64(name, value)
        case "float64", int() | float() if not isinstance(value, bool):
            return float(value)
        case "string", str():
            return _text(name, value)
        case "bytes", _:
            return _bytes(name, fields)
        case ("bool", _) | ("int64", _) | ("float64", _) | ("string", _):
            article = "an" if kind == "int64" else "a"
            raise HostFunctionError(f"{name}.value must be {article} {kind}")
    raise HostFunctionError(f"{name}.kind={kind} is unsupported")


def _bytes(name: str, fields: Mapping[str, object]) -> bytes:
    encoded, value = fields.get("base64"), fields.get("value")
    if isinstance(encoded, str):
        try:
            return base64.b64decode(encoded, validate=True)
        except (binascii.Error, ValueError) as error:
            raise HostFunctionError(f"{name}.base64 is invalid: {error}") from None
    if not isinstance(value, list):
        raise HostFunctionError(f"{name}.value must be an array of bytes or base64 must be given")
    for i, byte in enumerate(value):
        if isinstance(byte, bool) or not isinstance(byte, int) or byte < 0:
            raise HostFunctionError(f"{name}.value[{i}] must be a whole number")
        if byte > 255:
            raise HostFunctionError(f"{name}.value[{i}] exceeds u8")
    return bytes(value)


def _int64(name: str, value: int) -> int:
    if not -(2**63) <= value < 2**63:
        raise HostFunctionError(f"{name}.value must be an int64")
    return value


def _text(name: str, value: str) -> str:
    try:
        value.encode("utf-8")
    except UnicodeEncodeError:
        raise HostFunctionError(f"{name} must be a valid UTF-8 string") from None
    return value
