"""JSON values on their way into Lua: null disappears, integers outside 64 bits become floats."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, Protocol

MAX_DEPTH = 128
_SCALARS = frozenset({str, int, float, bool, type(None)})
_MIN, _MAX = -(2**63), 2**63 - 1


class TableMaker(Protocol):
    """The part of a Lua runtime that makes tables."""

    def table_from(self, *values: object, recursive: bool = False) -> Any: ...


class NotForLua(ValueError):
    """A value that is not JSON, or nested deeper than Lua code is given."""


def to_lua(runtime: TableMaker, value: object) -> object:
    """`value` (as `json.loads` gives it) as a Lua value of `runtime`; strings are UTF-8, `bytes` pass as they are.

    Raises `NotForLua` beyond 128 levels and for what is not JSON: no Python object gets into Lua.
    """
    if (value.__class__ is dict or value.__class__ is list) and _plain(value, set(), 0):
        try:
            return runtime.table_from(value, recursive=True)
        except (OverflowError, UnicodeEncodeError):
            pass  # an integer beyond 64 bits, half of a surrogate pair
    ready = _ready(value, 0)
    if isinstance(ready, dict | list):
        return runtime.table_from(ready, recursive=True)
    return ready


def _plain(value: Any, seen: set[int], depth: int) -> bool:
    """Whether the runtime may take a dict or list as it is; a shortcut, `_ready` decides.

    The runtime loses a container that is there twice, and bounds no depth.
    """
    seen.add(id(value))
    if value.__class__ is dict:
        for key in value:
            if key.__class__ is not str:
                return False
        value = value.values()
    for item in value:
        kind = item.__class__
        if kind in _SCALARS:
            continue
        if kind is not dict and kind is not list:
            return False
        if depth >= MAX_DEPTH or id(item) in seen or not _plain(item, seen, depth + 1):
            return False
    return True


def _ready(value: Any, depth: int) -> Any:
    kind = type(value)
    if kind is float or kind is bool or value is None or kind is bytes:
        return value
    if isinstance(value, str):
        # surrogate escapes stand for the bytes of a Lua string that is not UTF-8
        return str(value) if value.isascii() else value.encode("utf-8", "surrogateescape")
    if isinstance(value, Mapping | list | tuple):
        if depth >= MAX_DEPTH:
            raise NotForLua(f"value is nested deeper than {MAX_DEPTH} levels")
        if isinstance(value, Mapping):
            return {_key(key): _ready(item, depth + 1) for key, item in value.items()}
        return [_ready(item, depth + 1) for item in value]
    if isinstance(value, int):
        return int(value) if _MIN <= value <= _MAX else _float(value)
    if isinstance(value, float):
        return float(value)
    raise NotForLua(f"a value of type {kind.__name__} is not JSON")


def _key(key: Any) -> Any:
    if not isinstance(key, str):
        raise NotForLua(f"a key of type {type(key).__name__} is not JSON")
    return _ready(key, 0)


def _float(value: int) -> float:
    try:
        return float(value)
    except OverflowError:
        return math.copysign(math.inf, value)
