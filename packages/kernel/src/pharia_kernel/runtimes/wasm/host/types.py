"""Types of the component model as plain values, whether read from a component or from WIT text.

The same types may cross in two ways, and are equal: see :mod:`pharia_kernel.runtimes.wasm.rewriting.packing.component`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Primitive:
    """``bool``, ``u8`` … ``s64``, ``f32``, ``f64``, ``char`` or ``string``."""

    name: str
    packed: bool = field(default=False, compare=False)
    """A string whose characters are the bytes of its UTF-8."""


@dataclass(frozen=True, slots=True)
class ListOf:
    element: ValueType
    packed: bool = field(default=False, compare=False)
    """Bytes that come as a text, one character each, which is alone in a tuple."""


@dataclass(frozen=True, slots=True)
class RecordOf:
    fields: tuple[tuple[str, ValueType], ...]


@dataclass(frozen=True, slots=True)
class TupleOf:
    elements: tuple[ValueType, ...]


@dataclass(frozen=True, slots=True)
class VariantOf:
    cases: tuple[tuple[str, ValueType | None], ...]


@dataclass(frozen=True, slots=True)
class EnumOf:
    names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class FlagsOf:
    names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class OptionOf:
    payload: ValueType


@dataclass(frozen=True, slots=True)
class ResultOf:
    ok: ValueType | None
    err: ValueType | None


@dataclass(frozen=True, slots=True)
class Handle:
    """``own<resource>`` or ``borrow<resource>``; resources are told apart by name."""

    resource: str
    owned: bool


@dataclass(frozen=True, slots=True)
class Unsupported:
    """A type of a newer component model (future, stream, …)."""

    name: str


ValueType = (
    Primitive | ListOf | RecordOf | TupleOf | VariantOf | EnumOf | FlagsOf | OptionOf | ResultOf | Handle | Unsupported
)

U8 = Primitive("u8")
BYTES = ListOf(U8)
STRING = Primitive("string")


@dataclass(frozen=True, slots=True)
class FunctionType:
    """Parameter names do not belong to a signature; they are left out."""

    parameters: tuple[ValueType, ...]
    result: ValueType | None = None


@dataclass(frozen=True, slots=True)
class Interface:
    """The functions and resources of one instance; methods are named as in the binary, ``[method]stream.next``."""

    functions: dict[str, FunctionType]
    resources: Mapping[str, str] = field(default_factory=dict)
    """Each resource, and where it comes from (``wasi:io/poll@0.2.0#pollable``): interfaces use those of others."""


@dataclass(frozen=True, slots=True)
class ComponentShape:
    """What a component wants and gives. Root functions stand beside interfaces."""

    imports: dict[str, Interface | FunctionType | None]
    exports: dict[str, Interface | FunctionType | None]
