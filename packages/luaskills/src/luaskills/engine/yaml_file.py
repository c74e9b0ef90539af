"""YAML files of packages: bounded, as aliases let a small text stand for endlessly many values."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from luaskills.errors import ManifestError
from luaskills.types import Json

MOST_VALUES = 100_000
"""Of a document, values that an alias repeats counted each time."""
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_LARGEST_BYTES = 1024 * 1024


def read_yaml(path: Path) -> Json:
    """The content of a YAML file of at most 1 MiB; raises ManifestError."""
    try:
        if path.stat().st_size > _LARGEST_BYTES:
            raise ManifestError(f"{path} is larger than {_LARGEST_BYTES} bytes")
        return _loaded(path.read_text("utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError, OSError, RecursionError, ValueError) as error:
        raise ManifestError(f"failed to parse {path}: {error}") from None


def values_of(node: Any, known: dict[int, int] | None = None) -> int:
    """How many values a node stands for; one that contains itself stands for too many."""
    known = {} if known is None else known
    if id(node) not in known:
        known[id(node)] = MOST_VALUES + 1
        children = node.value if not isinstance(node, yaml.ScalarNode) else ()
        inner = (part for child in children for part in (child if isinstance(child, tuple) else (child,)))
        known[id(node)] = 1 + sum(values_of(part, known) for part in inner)
    return known[id(node)]


def _loaded(text: str) -> Json:
    loader = _LOADER(text)
    try:
        node = loader.get_single_node()
        if node is None:
            return None
        if values_of(node) > MOST_VALUES:
            raise ValueError(f"the document has more than {MOST_VALUES} values, aliases counted")
        content: Json = loader.construct_document(node)
        return content
    finally:
        loader.dispose()
