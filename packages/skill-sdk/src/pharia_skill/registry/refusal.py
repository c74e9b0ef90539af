"""The error for an answer that is not the one hoped for."""

from __future__ import annotations

import json
from urllib.parse import urlsplit

from pharia_skill.errors import (
    NotInRegistry,
    RegistryError,
    RegistryForbidden,
    RegistryRefused,
    RegistryUnauthorized,
)
from pharia_skill.registry.connection import Answer
from pharia_skill.registry.credentials import TOKEN, USER

_LONGEST_TEXT = 300
_MEANING: dict[int, tuple[type[RegistryError], str]] = {
    401: (RegistryUnauthorized, f"check {USER} and {TOKEN}"),
    403: (RegistryForbidden, "this user lacks the right; ask who runs the registry, or check SKILL_REPOSITORY"),
    404: (NotInRegistry, "check registry, repository, name and tag"),
    405: (RegistryRefused, "this registry can only be read"),
    413: (RegistryRefused, "the skill is larger than the registry, or a proxy before it, takes"),
    429: (RegistryRefused, "too many requests; try again later"),
}


def refusal(answer: Answer, doing: str) -> RegistryError:
    """``doing`` continues "while": ``asking for a token``."""
    kind, way_out = _MEANING.get(answer.status, (RegistryRefused, ""))
    if answer.status >= 500:
        way_out = "the registry is at fault; try again later"
    host = urlsplit(answer.url).netloc
    said = _said(answer.body)
    text = f"{host} answered {answer.status} while {doing}" + (f": {said}" if said else "")
    return kind(f"{text} ({way_out})" if way_out else text)


def codes(answer: Answer) -> set[str]:
    """The codes a registry gives with its errors, such as ``BLOB_UPLOAD_UNKNOWN``."""
    return {str(error.get("code", "")) for error in _errors(answer.body)}


def _errors(body: bytes) -> list[dict[str, object]]:
    try:
        errors = json.loads(body)["errors"]
    except (ValueError, KeyError, TypeError):
        return []
    return [error for error in errors if isinstance(error, dict)] if isinstance(errors, list) else []


def _said(body: bytes) -> str:
    found = [" ".join(str(error[part]) for part in ("code", "message") if error.get(part)) for error in _errors(body)]
    text = "; ".join(found)
    return "".join(letter for letter in text if letter.isprintable())[:_LONGEST_TEXT]
