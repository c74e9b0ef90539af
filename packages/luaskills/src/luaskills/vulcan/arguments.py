"""Arguments of host functions: typed values as the Lua half sends them, and the checks all functions share.

A Lua value arrives as a tag and a plain value: tables as JSON text, functions and userdata without content. So no Lua
object reaches a host function, and no host function runs Lua while it looks at its arguments.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum

from luaskills.errors import HostFunctionError

type_names = ("nil", "boolean", "integer", "number", "string", "table", "function", "thread", "userdata", "table")
_COERCED = ("table: 0x", "function: 0x", "thread: 0x", "userdata: 0x")


class Tag(IntEnum):
    """The Lua type of an argument; the numbers are those of `boot.lua`."""

    NIL = 0
    BOOLEAN = 1
    INTEGER = 2
    NUMBER = 3
    STRING = 4
    TABLE = 5
    FUNCTION = 6
    THREAD = 7
    USERDATA = 8
    BAD = 9  # a table that has no JSON form; the value says why


@dataclass(frozen=True, slots=True)
class Argument:
    """One Lua value given to a host function."""

    tag: int
    value: object = None

    @property
    def type_name(self) -> str:
        """The Lua type as messages name it."""
        return type_names[self.tag]

    @property
    def absent(self) -> bool:
        """Whether the value is nil."""
        return self.tag == Tag.NIL


NIL = Argument(Tag.NIL)
Arguments = list[Argument]
"""What one call of a host function was given."""


def received(values: tuple[object, ...]) -> Arguments:
    """The arguments of a call from the flat (tag, value, tag, value, …) sequence the Lua half sends."""
    return [Argument(int(values[i]), values[i + 1]) for i in range(0, len(values), 2)]  # type: ignore[call-overload]


def argument(arguments: Arguments, index: int) -> Argument:
    """Argument `index` (from 0); nil where fewer were given."""
    return arguments[index] if index < len(arguments) else NIL


def raw(value: object) -> bytes:
    """The bytes of a Lua string, which arrives with one code point per byte."""
    return str(value).encode("latin-1")


def byte_string(fn: str, name: str, given: Argument) -> bytes:
    """A string argument as bytes; numbers are not coerced."""
    if given.tag != Tag.STRING:
        raise HostFunctionError(f"{fn}: {name} must be a string, got {given.type_name}")
    return raw(given.value)


def text(fn: str, name: str, given: Argument) -> str:
    """A string argument that is UTF-8; it may be empty."""
    try:
        return byte_string(fn, name, given).decode("utf-8")
    except UnicodeDecodeError:
        raise HostFunctionError(f"{fn}: {name} must be a valid UTF-8 string") from None


def filled_text(fn: str, name: str, given: Argument) -> str:
    """A string argument with content and without NUL bytes."""
    return filled(fn, name, text(fn, name, given))


def filled(fn: str, name: str, value: str) -> str:
    """The same checks for a text that is already at hand."""
    if not value.strip():
        raise HostFunctionError(f"{fn}: {name} must not be empty")
    if "\0" in value:
        raise HostFunctionError(f"{fn}: {name} must not contain NUL bytes")
    return value


def path_text(fn: str, name: str, given: Argument) -> str:
    """A path argument: content, no NUL, no printed Lua object, valid on the platform."""
    return checked_path(fn, name, filled_text(fn, name, given))


def checked_path(fn: str, name: str, value: str) -> str:
    """The path checks for a text that is already at hand."""
    filled(fn, name, value)
    if value.startswith(_COERCED):
        raise HostFunctionError(f"{fn}: {name} looks like a coerced Lua object string `{value}`")
    if sys.platform == "win32" and not _windows_path(value):
        raise HostFunctionError(f"{fn}: {name} contains invalid Windows path syntax")
    return value


def _windows_path(value: str) -> bool:
    rest = value[4:] if value.startswith("\\\\?\\") else value
    if len(rest) > 1 and rest[1] == ":" and rest[0].isalpha():
        rest = rest[2:]
    return not any(c in '<>"|?*:' or ord(c) < 32 for c in rest)


def table(fn: str, name: str, given: Argument) -> dict[str, object] | list[object]:
    """A table argument: a list when it has a sequence part (or is empty), else a mapping.

    Strings in it that are not UTF-8 hold surrogate escapes.
    """
    if given.tag == Tag.BAD:
        raise HostFunctionError(f"{fn}: {name} {raw(given.value).decode('utf-8', 'replace')}")
    if given.tag != Tag.TABLE:
        raise HostFunctionError(f"{fn}: {name} must be a table, got {given.type_name}")
    value = json.loads(raw(given.value).decode("utf-8", "surrogateescape"))
    assert isinstance(value, dict | list)
    return value


def mapping(fn: str, name: str, given: Argument) -> dict[str, object]:
    """A table argument with string keys; an empty table is an empty mapping."""
    value = table(fn, name, given)
    if isinstance(value, dict):
        return value
    if value:
        raise HostFunctionError(f"{fn}: {name} must be an object")
    return {}


def options(fn: str, given: Argument) -> dict[str, object]:
    """The optional options table; unknown keys are the caller's business."""
    if given.absent:
        return {}
    value = table(fn, "options", given)
    return value if isinstance(value, dict) else {}


def flag(fn: str, name: str, chosen: Mapping[str, object]) -> bool:
    """A boolean option, false when it is not given."""
    value = chosen.get(name)
    if value is None:
        return False
    if not isinstance(value, bool):
        raise HostFunctionError(f"{fn}: options.{name} must be a boolean when provided: {json_type(value)}")
    return value


def json_type(value: object) -> str:
    """The Lua type name of a value inside a decoded table."""
    match value:
        case None:
            return "nil"
        case bool():
            return "boolean"
        case int():
            return "integer"
        case float():
            return "number"
        case str():
            return "string"
    return "table"


def strict(fn: str, name: str, value: object) -> object:
    """A decoded table again, after a check that every string in it is UTF-8."""
    try:
        json.dumps(value, ensure_ascii=False).encode("utf-8")
    except UnicodeEncodeError:
        raise HostFunctionError(f"{fn}: {name} must be a valid UTF-8 string") from None
    return value
