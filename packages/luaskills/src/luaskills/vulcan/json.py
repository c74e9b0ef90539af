"""`vulcan.json`: JSON texts."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import partial

from luaskills.errors import HostFunctionError
from luaskills.vulcan.arguments import Argument, Arguments, Tag, argument, raw, text
from luaskills.vulcan.function import HostFunction

DECODE_PART = 16
"""Values take up to this many times the room of their text: `[]` is 3 bytes with its comma and a list is 56."""


def functions(memory_bytes: int | None) -> Mapping[str, HostFunction]:
    """What Lua does not do itself, by function name; `memory_bytes` bounds what `decode` may build."""
    most = None if memory_bytes is None else max(1, memory_bytes // DECODE_PART)
    return {"decode": partial(decode, most)}


def encode(given: Arguments) -> object:
    """A Lua value as compact JSON with sorted keys; an empty table is `[]`."""
    value = argument(given, 0)
    match value.tag:
        case Tag.TABLE:
            content = raw(value.value)
            try:
                content.decode("utf-8")
            except UnicodeDecodeError:
                raise HostFunctionError("json.encode: value must be a valid UTF-8 string") from None
            return content
        case Tag.STRING:
            return json.dumps(text("json.encode", "value", value), ensure_ascii=False)
        case Tag.BAD:
            raise HostFunctionError(f"json.encode: {raw(value.value).decode('utf-8', 'replace')}")
        case Tag.FUNCTION | Tag.THREAD | Tag.USERDATA:
            raise HostFunctionError(f"json.encode: Cannot convert Lua {value.type_name} to JSON")
    return scalar(value)


def scalar(value: Argument) -> str:
    """The JSON text of a nil, boolean or number; NaN and the infinities are `null`."""
    match value.value:
        case bool() as truth:
            return "true" if truth else "false"
        case int() as whole:
            return str(whole)
        case float() as number if number.is_integer() and -(2.0**63) <= number < 2.0**63:
            return str(int(number))
        case float() as number if number - number == 0:
            return repr(number)
    return "null"


def decode(most: int | None, given: Arguments) -> object:
    """The value of a JSON text of at most so many characters; `null` is nil."""
    content = text("json.decode", "text", argument(given, 0))
    if most is not None and len(content) > most:
        raise HostFunctionError(f"json.decode: text is larger than {most} bytes, a part of the memory limit")
    try:
        value = json.loads(content, parse_constant=_refused)
        json.dumps(value, ensure_ascii=False).encode("utf-8")
    except RecursionError:
        raise HostFunctionError("json.decode: value is nested too deep") from None
    except UnicodeEncodeError:
        raise HostFunctionError("json.decode: a string holds half of a surrogate pair") from None
    except ValueError as error:
        raise HostFunctionError(f"json.decode: {error}") from None
    return value


def _refused(word: str) -> object:
    raise ValueError(f"`{word}` is not JSON")


def value_of(fn: str, name: str, given: Argument) -> object:
    """Any Lua value as JSON data; raises what `encode` raises, with the prefix `{fn}`."""
    try:
        encoded = encode([given])
    except HostFunctionError as error:
        raise HostFunctionError(f"{fn}: {str(error).removeprefix('json.encode: ').replace('value', name, 1)}") from None
    return json.loads(encoded)  # type: ignore[arg-type]
