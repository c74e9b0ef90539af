"""What a host answered, and what an answer other than the hoped for means."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import msgspec

from pharia_kernel.skills.oci.failures import Absent, Refused, RequestFailed, Unreachable

_SHOWN = 200
_OVERLOADED = frozenset({408, 425, 429, 500, 502, 503, 504})


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    headers: Mapping[str, str]
    """Names in any case."""
    body: bytes = field(repr=False)
    host: str
    """Who gave it; after a redirection another one than was asked."""
    own: bool
    """The host that was asked gave it."""


class _Report(msgspec.Struct):
    class Error(msgspec.Struct):
        code: str = ""
        message: str = ""

    errors: list[Error] = []


def failure(answer: Answer, wanted: str, secrets: Iterable[str] = ()) -> RequestFailed:
    """What the answer means; what the host says about it is shown without ``secrets``."""
    text = f"{answer.host} answered {answer.status} for {wanted}"
    if answer.own and (said := _said(answer.body, secrets)):
        text += f": {said}"
    overloaded = answer.status in _OVERLOADED or answer.status > 504
    kind = Absent if answer.status == 404 else Unreachable if overloaded else Refused
    found = kind(text)
    found.status = answer.status
    after = answer.headers.get("Retry-After", "")
    found.pause = float(after) if after.isascii() and after.isdecimal() and len(after) < 10 else None
    return found


def _said(body: bytes, secrets: Iterable[str]) -> str:
    try:
        errors = msgspec.json.decode(body, type=_Report).errors
    except (ValueError, RecursionError):
        return ""
    text = "; ".join(f"{error.code} {error.message}".strip() for error in errors[:3])
    for secret in secrets:
        text = text.replace(secret, "***") if secret else text
    return "".join(letter for letter in text if letter.isprintable())[:_SHOWN]
