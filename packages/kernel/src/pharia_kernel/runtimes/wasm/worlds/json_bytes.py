"""JSON a guest passes to the host while it is called."""

from __future__ import annotations

import re
from itertools import accumulate

import msgspec

from pharia_kernel.errors import InvalidCsiRequest
from pharia_kernel.types import JsonValue

MOST_LEVELS = 500
"""Of what is nested. The host's functions run on the guest's stack of 2 MiB, which parsing must not overflow."""
_TEXT = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"', re.DOTALL)
_OPENING, _CLOSING = b"[{", b"]}"
_NO_BRACKETS = bytes(set(range(256)) - set(_OPENING + _CLOSING))
_STEP = {**dict.fromkeys(_OPENING, 1), **dict.fromkeys(_CLOSING, -1)}


def json_of(data: bytes | None, what: str) -> JsonValue:
    """Raises :class:`InvalidCsiRequest`, which says ``what`` was passed."""
    if data is None:
        return None
    if levels(data) > MOST_LEVELS:
        raise InvalidCsiRequest(
            f"the skill passed {what} that is not JSON a program can read: more than {MOST_LEVELS} levels"
        )
    try:
        return msgspec.json.decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise InvalidCsiRequest(f"the skill passed {what} that is not JSON: {error}") from None


def levels(data: bytes) -> int:
    """How deeply JSON is nested, at most; counted exactly only where there are many brackets."""
    opened = sum(data.count(each) for each in (b"[", b"{"))
    if opened <= MOST_LEVELS:
        return opened
    brackets = _TEXT.sub(b"", data).translate(None, _NO_BRACKETS)
    return max(accumulate(map(_STEP.__getitem__, brackets)), default=0)
