"""Which keys exist: our own, and those of the original whose features are not here."""

from __future__ import annotations

import difflib
import types
from typing import Annotated, Any, Union, get_args, get_origin

from pydantic import SecretStr

from pharia_kernel.config.settings import Settings
from pharia_kernel.config.tables import Table

ALIASES = {"wasmtime-cache-dir": "cache-dir"}

NO_EFFECT = frozenset(
    {
        "pharia-ai-feature-set",
        "metrics-address",
        "document-index-url",
        "otel-endpoint",
        "otel-sampling-ratio",
        "otel-gen-ai-content-capture",
        "use-pooling-allocator",
        "memory-request",
        "memory-limit",
        "wasmtime-cache-size-request",
        "wasmtime-cache-size-limit",
        "namespaces.*.mcp-servers",
    }
)
"""Keys that are harmless to leave in place."""

_OTHER_NAMESPACE = "skills can only be served from a directory so far; set `directory` instead"
REFUSED = {
    "authorization-url": "access control is not available yet, and the kernel does not run without the one it was "
    "asked for; remove the key and keep the kernel behind a gateway that authorizes callers",
    "inference-url": "this inference API is not available yet; use openai-inference, or remove the key",
    "namespaces.*.config-url": _OTHER_NAMESPACE,
    "namespaces.*.config-access-token": _OTHER_NAMESPACE,
    "namespaces.*.registry": _OTHER_NAMESPACE,
    "namespaces.*.base-repository": _OTHER_NAMESPACE,
    "namespaces.*.registry-user": _OTHER_NAMESPACE,
    "namespaces.*.registry-password": _OTHER_NAMESPACE,
    "namespaces.*.path": _OTHER_NAMESPACE,
    "namespaces.*.skills": _OTHER_NAMESPACE,
}
"""Keys that promise something the kernel would silently not do, with the way out."""


def _fields(table: type[Table], prefix: str = "") -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, info in table.model_fields.items():
        key = prefix + (info.alias or name)
        inner = _table_of(info.annotation)
        if inner is None:
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

TABLES = frozenset(key.partition(".")[0] for key in FIELDS if "." in key)

_SECRET_WORDS = ("token", "password", "secret")


def pattern(path: tuple[str, ...]) -> str:
    """The key with the name of a namespace replaced by ``*``."""
    return ".".join(("namespaces", "*", *path[2:]) if path[0] == "namespaces" and len(path) > 1 else path)


def is_secret(path: tuple[str, ...]) -> bool:
    return FIELDS.get(pattern(path)) is SecretStr or any(word in path[-1].lower() for word in _SECRET_WORDS)


def nearest(path: tuple[str, ...]) -> str | None:
    """The known key that was probably meant."""
    found = difflib.get_close_matches(pattern(path), list(FIELDS), n=1, cutoff=0.6)
    if not found:
        return None
    return found[0].replace("*", path[1], 1) if len(path) > 1 else found[0].replace("*", "NAME", 1)
