"""What a failed request means to the skill's caller, and whether it is worth another try."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

import msgspec

from pharia_kernel.errors import (
    BackendFailed,
    BackendRateLimited,
    BackendTimeout,
    BackendUnauthorized,
    BackendUnavailable,
    CallerUnauthorized,
    CsiError,
    InvalidCsiRequest,
    ModelNotFound,
    UnsupportedOperation,
)

_SHOWN = 500
"""Characters of a backend's own words in an error text."""


class Failure(Exception):
    """Carries the error from the attempt that met it to the loop that decides about the next."""

    def __init__(self, error: CsiError, *, transient: bool = False) -> None:
        super().__init__(error)
        self.error = error
        self.transient = transient


@dataclass(frozen=True, slots=True)
class Asked:
    """What was asked of whom; the words of error texts."""

    backend: str
    """Base URL, or a name."""
    path: str
    model: str
    token: str | None = field(default=None, repr=False)
    """Never shown, even if the backend repeats it."""
    of_caller: bool = False
    """The token is the caller's, so a refusal is the caller's matter and not the operator's."""

    def shown(self, text: str) -> str:
        text = text.replace(self.token, "***") if self.token else text
        text = " ".join(text.split())
        return text if len(text) <= _SHOWN else text[:_SHOWN] + "…"


def refusal(asked: Asked, status: int, headers: Mapping[str, str], body: bytes) -> Failure:
    """The failure behind an answer whose status is not 200."""
    message, code, kind = _report(body)
    wait = _retry_after(headers.get("Retry-After"))
    text = f"{asked.backend} answered {status} for {asked.path} with model {asked.model!r}"
    if shown := asked.shown(message or body.decode("utf-8", "replace")):
        text += f": {shown}"
    if 300 <= status < 400:
        return Failure(
            BackendFailed(f"{asked.backend} answered {status}, a redirection; configure the URL it leads to")
        )
    if status == 404 and message is None and asked.path == "/completions":
        return Failure(UnsupportedOperation(f"{text} (this backend has no completions; let the skill use chat)"))
    error = _classified(asked, text, status, code)
    if wait is not None and status in (429, 503):
        error.retry_after = math.ceil(wait)
    exhausted = "insufficient_quota" in (code, kind)
    return Failure(error, transient=status in (429, 502, 503) and not exhausted)


def reported(asked: Asked, error: Any) -> CsiError:
    """The error behind an error object that came inside an answer or a stream."""
    body = msgspec.json.encode({"error": error})
    status = error.get("code") if isinstance(error, dict) else None
    known = status if isinstance(status, int) and 400 <= status < 600 else 500
    message, code, _ = _report(body)
    text = f"{asked.backend} reported an error for {asked.path} with model {asked.model!r}: "
    return _classified(asked, text + asked.shown(message or body.decode()), known, code)


def _classified(asked: Asked, text: str, status: int, code: object) -> CsiError:
    if code == "invalid_api_key" or status in (401, 403):
        if asked.of_caller:
            return CallerUnauthorized(f"{text} (check what the caller's token may use)")
        return BackendUnauthorized(f"{text} (check the token that is configured for {asked.backend})")
    if code in ("model_not_found", "UNKNOWN_MODEL") or status == 404:
        return ModelNotFound(f"{text} (check the model's name; its list is at {asked.backend}/models)")
    if status in (402, 429):
        return BackendRateLimited(text)
    if status in (408, 504):
        return BackendTimeout(text)
    if status in (502, 503):
        return BackendUnavailable(text)
    if status in (405, 501):
        return UnsupportedOperation(text)
    if 400 <= status < 500:
        return InvalidCsiRequest(text)
    return BackendFailed(text)


def _report(body: bytes) -> tuple[str | None, object, object]:
    """Message, code and type of an error body; of OpenAI's form, or with these members at the top."""
    try:
        found = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None, None, None
    error = found.get("error", found) if isinstance(found, dict) else found
    if isinstance(error, str):
        return error, *((found.get("code"), found.get("type")) if isinstance(found, dict) else (None, None))
    if not isinstance(error, dict):
        return None, None, None
    message = error.get("message")
    return (message if isinstance(message, str) else None), error.get("code"), error.get("type")


def _retry_after(header: str | None) -> float | None:
    """Seconds from now; the header holds them, or a date."""
    if header is None:
        return None
    try:
        seconds = float(header)
    except ValueError:
        try:
            date = parsedate_to_datetime(header)
        except ValueError:
            return None
        seconds = (date if date.tzinfo else date.replace(tzinfo=UTC)).timestamp() - datetime.now(UTC).timestamp()
    return min(max(0.0, seconds), 86400.0) if math.isfinite(seconds) else None
