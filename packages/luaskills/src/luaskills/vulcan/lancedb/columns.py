"""The columns of a table as a skill declares them."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from typing import Any

from luaskills.errors import HostFunctionError

_SCALARS = {
    "string": "string",
    "text": "string",
    "bool": "bool_",
    "boolean": "bool_",
    "int32": "int32",
    "int64": "int64",
    "integer": "int64",
    "float32": "float32",
    "float64": "float64",
    "number": "float64",
    "binary": "binary",
}
_VECTORS = ("vector", "vector_float32")


def schema_of(columns: object) -> Any:
    """The Arrow schema of `[{name, type, dim?}]`; type `vector` needs `dim`."""
    if not isinstance(columns, list) or not columns:
        raise HostFunctionError("columns must be a non-empty array")
    arrow = importlib.import_module("pyarrow")
    return arrow.schema([_field(arrow, i, column) for i, column in enumerate(columns)])


def _field(arrow: Any, index: int, column: object) -> Any:
    if not isinstance(column, Mapping):
        raise HostFunctionError(f"columns[{index}] must be an object")
    name, kind, dim = column.get("name"), column.get("type"), column.get("dim")
    if not isinstance(name, str) or not name.strip():
        raise HostFunctionError(f"columns[{index}].name must not be empty")
    if kind in _VECTORS:
        if isinstance(dim, bool) or not isinstance(dim, int) or not 0 < dim <= 65_536:
            raise HostFunctionError(f"columns[{index}].dim must be a whole number from 1 to 65536")
        return arrow.field(name, arrow.list_(arrow.float32(), dim))
    if kind not in _SCALARS:
        known = ", ".join([*_SCALARS, *_VECTORS])
        raise HostFunctionError(f"columns[{index}].type must be one of: {known}")
    return arrow.field(name, getattr(arrow, _SCALARS[str(kind)])())
