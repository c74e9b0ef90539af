"""The two envelopes every function answers with, and how requests become JSON values.

Success is ``{"ok":true,"result":X}``, failure ``{"ok":false,"error":"text"}``, both UTF-8 without spaces. Every call
passes here twice: encoder and decoder are made once.
"""

from __future__ import annotations

import json
from typing import NoReturn

from luaskills.errors import InvalidInput
from luaskills.types import Json


def success(value: Json) -> bytes:
    """The envelope of a result; raises ValueError for what JSON can not hold."""
    return _encoded({"ok": True, "result": value})


def failure(text: str) -> bytes:
    """The envelope of an error."""
    return _encoded({"ok": False, "error": text})


def null_text(function: str, length: int = 0) -> str:
    """The error for a null pointer, with the length that came along."""
    if length:
        return f"{function} received null JSON buffer with non-zero len"
    return f"{function} requires one non-null JSON buffer"


def decode(function: str, request: bytes | None) -> dict[str, Json]:
    """The object in a request, None being the null buffer; raises InvalidInput."""
    if request is None:
        raise InvalidInput(null_text(function))
    try:
        text = request.decode("utf-8")
    except UnicodeDecodeError as error:
        raise InvalidInput(f"{function} received invalid UTF-8 input: {error}") from None
    try:
        value = _DECODER.decode(text)
    except (ValueError, RecursionError) as error:
        raise invalid_json(function, str(error)) from None
    if not isinstance(value, dict):
        raise invalid_json(function, f"invalid type: {type_name(value)}, expected an object")
    return value


def invalid_json(function: str, reason: str) -> InvalidInput:
    """The error for a request that is not what the function takes."""
    return InvalidInput(f"{function} received invalid JSON input: {reason}")


def type_name(value: Json) -> str:
    """How messages call the type of a JSON value."""
    if value is None:
        return "null"
    for python_type, name in ((bool, "boolean"), (int, "integer"), (float, "number"), (str, "string"), (list, "array")):
        if isinstance(value, python_type):
            return name
    return "object"


def _encoded(value: Json) -> bytes:
    try:
        return _ENCODER.encode(value).encode("utf-8")
    except UnicodeEncodeError:  # a lone surrogate: only its escape is valid UTF-8
        return _ESCAPING_ENCODER.encode(value).encode("ascii")


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"`{name}` is not JSON")


_DECODER = json.JSONDecoder(parse_constant=_no_constant)
_ENCODER = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), allow_nan=False)
_ESCAPING_ENCODER = json.JSONEncoder(separators=(",", ":"), allow_nan=False)
