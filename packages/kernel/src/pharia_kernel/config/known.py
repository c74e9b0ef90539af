"""Which keys exist: our own, and those of the original whose features are not here."""

from __future__ import annotations

import difflib
import types
from typing import Annotated, Any, Union, get_args, get_origin

from pydantic import SecretStr

from pharia_kernel.config.settings import Settings
from pharia_kernel.config.tables import Table

ALIASES = {"wasmtime-cache-dir": "cache-dir"}

FILE_SUFFIX = "-file"
"""Every secret may stand in a file, whose path is the value of the key with this behind it."""

NO_EFFECT = frozenset(
    {
        "use-pooling-allocator",
        "wasmtime-cache-size-request",
        "wasmtime-cache-size-limit",
    }
)
"""Keys that are harmless to leave in place."""


def _fields(table: type[Table], prefix: str = "") -> dict[str, Any]:
    found: dict[str, Any] = {}
    own_first = sorted(table.model_fields.items(), key=lambda field: field[0] not in table.__annotations__)
    for name, info in own_first:
        key = prefix + (info.alias or name)
        inner = _table_of(info.annotation)
        if inner is None and get_origin(info.annotation) is dict:
            found[f"{key}.*"] = get_args(info.annotation)[1]
        elif inner is None:
            found[key] = info.annotation
        else:
            found |= _fields(inner, f"{key}.*." if get_origin(info.annotation) is dict else f"{key}.")
    return found


def _table_of(annotation: Any) -> type[Table] | None:
    if isinstance(annotation, type) and issubclass(annotation, Table):
        return annotation
    if get_origin(annotation) in (dict, Annotated, Union, types.UnionType):
        return next((table for table in map(_table_of, get_args(annotation)) if table), None)
    return None


FIELDS = _fields(Settings)
"""Annotation of every value, by pattern such as ``namespaces.*.directory``."""

_NAMED = frozenset(key[: at + 1] for key in FIELDS for at, character in enumerate(key) if character == "*")
"""Beginnings of patterns up to each ``*``."""

TABLES = frozenset(key.partition(".")[0] for key in FIELDS if "." in key)

_SECRET_WORDS = ("token", "password", "secret")


def pattern(path: tuple[str, ...]) -> str:
    """The key with the names of tables, such as that of a namespace, replaced by ``*``."""
    found = path[0]
    for part in path[1:]:
        found = f"{found}.*" if f"{found}.*" in _NAMED else f"{found}.{part}"
    return found


def is_secret(path: tuple[str, ...]) -> bool:
    annotation = FIELDS.get(pattern(path))
    if annotation is not None:
        return _holds_secret(annotation)
    return any(word in path[-1].lower() for word in _SECRET_WORDS)


def _holds_secret(annotation: Any) -> bool:
    return annotation is SecretStr or any(map(_holds_secret, get_args(annotation)))


def secret_of_file(path: tuple[str, ...]) -> tuple[str, ...] | None:
    """The secret that a key such as ``registry-password-file`` names the file of."""
    secret = (*path[:-1], path[-1].removesuffix(FILE_SUFFIX))
    if secret == path or pattern(path) in FIELDS or pattern(secret) not in FIELDS or not is_secret(secret):
        return None
    return secret


def nearest(path: tuple[str, ...]) -> str | None:
    """The known key that was probably meant."""
    inside = [key for key in FIELDS if key.startswith(f"{pattern(path)}.")]
    found = inside or difflib.get_close_matches(pattern(path), list(FIELDS), n=1, cutoff=0.6)
    if not found:
        return None
    return found[0].replace("*", path[1], 1) if len(path) > 1 else found[0].replace("*", "NAME", 1)
