"""What a model callback of the host may answer, read into the one form skills get."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass

CODES = frozenset(
    {"model_unavailable", "invalid_argument", "provider_error", "timeout", "budget_exceeded", "internal_error"}
)
_TOKENS = ("input_tokens", "output_tokens")


@dataclass(frozen=True, slots=True)
class ModelFailure:
    """Why there is no answer; provider fields come from the host."""

    code: str
    message: str
    provider_message: str | None = None
    provider_code: str | None = None
    provider_status: int | None = None

    def envelope(self) -> dict[str, object]:
        """The table a skill gets."""
        fields = {name: getattr(self, name) for name in self.__slots__}
        return {"ok": False, "error": {name: value for name, value in fields.items() if value is not None}}


def answer_of(name: str, answer: object) -> dict[str, object]:
    """The table for the answer of callback `name` (`embed` or `llm`), bare or wrapped, success or failure."""
    if isinstance(answer, Mapping) and answer.get("ok") is False:
        return failure_of(answer.get("error")).envelope()
    payload = answer
    if isinstance(answer, Mapping) and answer.get("ok") is True:
        wrapped = next((answer[key] for key in ("value", "result") if isinstance(answer.get(key), Mapping)), None)
        payload = wrapped if wrapped is not None else answer
    try:
        if not isinstance(payload, Mapping):
            raise ValueError("expected an object")
        return {
            "ok": True,
            **(_embedding(payload) if name == "embed" else _assistant(payload)),
            **_usage(name, payload),
        }
    except ValueError as error:
        return ModelFailure("internal_error", f"model {name} response JSON decode failed: {error}").envelope()


def failure_of(error: object) -> ModelFailure:
    """The failure an error object of the host describes; unknown codes are `internal_error`."""
    if not isinstance(error, Mapping):
        return ModelFailure("internal_error", "model callback answered ok=false without an error object")
    code, message = error.get("code"), error.get("message")
    return ModelFailure(
        code if isinstance(code, str) and code in CODES else "internal_error",
        message if isinstance(message, str) else "model callback failed",
        _text(error.get("provider_message")),
        _text(error.get("provider_code")),
        _status(error.get("provider_status")),
    )


def failure_of_exception(error: Exception) -> ModelFailure:
    """The failure a raised callback means: its text may be an error object in JSON."""
    text = str(error) or type(error).__name__
    try:
        value = json.loads(text)
    except ValueError:
        return ModelFailure("internal_error", text)
    if isinstance(value, Mapping):
        if isinstance(value.get("error"), Mapping):
            return failure_of(value["error"])
        if "code" in value or "message" in value:
            return failure_of(value)
        if isinstance(value.get("error"), str):
            return ModelFailure("internal_error", value["error"])
    return ModelFailure("internal_error", text)


def _embedding(payload: Mapping[str, object]) -> dict[str, object]:
    vector = payload.get("vector")
    if not isinstance(vector, list | tuple):
        raise ValueError("missing field `vector`" if vector is None else "`vector` must be an array of numbers")
    if not all(isinstance(value, int | float) and not isinstance(value, bool) for value in vector):
        raise ValueError("`vector` must be an array of numbers")
    dimensions = payload.get("dimensions")
    if not _whole(dimensions):
        raise ValueError("missing field `dimensions`" if dimensions is None else "`dimensions` must be a whole number")
    return {"vector": list(vector), "dimensions": dimensions}


def _assistant(payload: Mapping[str, object]) -> dict[str, object]:
    assistant = payload.get("assistant")
    if not isinstance(assistant, str):
        raise ValueError("missing field `assistant`" if assistant is None else "`assistant` must be a string")
    return {"assistant": assistant}


def _usage(name: str, payload: Mapping[str, object]) -> dict[str, object]:
    usage = payload.get("usage")
    if usage is None:
        return {}
    if not isinstance(usage, Mapping):
        raise ValueError("`usage` must be an object")
    counts = {key: usage[key] for key in _TOKENS[: 1 if name == "embed" else 2] if usage.get(key) is not None}
    if not all(_whole(value) for value in counts.values()):
        raise ValueError("`usage` must hold whole numbers")
    return {"usage": counts}


def _text(value: object) -> str | None:
    return None if value is None else str(value)


def _status(value: object) -> int | None:
    return value if isinstance(value, int) and _whole(value) and value < 2**16 else None


def _whole(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0
