"""From the bytes of an answer to what it says, or to the error that is inside it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol, TypeVar

import msgspec

from pharia_kernel.csi.http.failures import Asked, reported
from pharia_kernel.errors import BackendAnswerInvalid, CsiError


class WireAnswer(Protocol):
    """A struct of what an endpoint sends; most report errors in a member of their answers too."""

    error: Any


Wire = TypeVar("Wire", bound=WireAnswer)


class _Anything(msgspec.Struct):
    error: Any = None


_decode_anything = msgspec.json.Decoder(_Anything).decode


def decoded(decode: Callable[[bytes], Wire], data: bytes, asked: Asked) -> Wire:
    """Raises the error that is inside the answer, or :class:`BackendAnswerInvalid` if it is something else."""
    try:
        found = decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise unexpected(asked, f"{asked.shown(str(error))}; it begins with {_beginning(data, asked)}") from None
    if found.error:
        raise reported(asked, found.error)
    return found


def whole_instead_of_stream(data: bytes, asked: Asked) -> CsiError:
    """The error behind JSON that came where a stream was asked for; most often it says what went wrong."""
    try:
        decoded(_decode_anything, data, asked)
    except CsiError as error:
        return error
    return unexpected(asked, "it is one JSON document where a stream was asked for")


def unexpected(asked: Asked, what: str) -> BackendAnswerInvalid:
    return BackendAnswerInvalid(
        f"{asked.backend} answered {asked.path} with model {asked.model!r} in an unexpected way: {what}"
    )


def _beginning(data: bytes, asked: Asked) -> str:
    return repr(asked.shown(data[:200].decode("utf-8", "replace")))
