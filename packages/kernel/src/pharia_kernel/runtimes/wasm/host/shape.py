"""Reads the types of a compiled component through the ``wasmtime`` package."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from wasmtime import Engine
from wasmtime import component as api

from pharia_kernel.runtimes.wasm.host.types import (
    STRING,
    U8,
    ComponentShape,
    EnumOf,
    FlagsOf,
    FunctionType,
    Handle,
    Interface,
    ListOf,
    OptionOf,
    Primitive,
    RecordOf,
    ResultOf,
    TupleOf,
    Unsupported,
    ValueType,
    VariantOf,
)
from pharia_kernel.runtimes.wasm.rewriting.packing.component import MARK

_PRIMITIVES: dict[type, str] = {
    api.Bool: "bool",
    api.S8: "s8",
    api.S16: "s16",
    api.S32: "s32",
    api.S64: "s64",
    api.U8: "u8",
    api.U16: "u16",
    api.U32: "u32",
    api.U64: "u64",
    api.F32: "f32",
    api.F64: "f64",
    api.Char: "char",
    api.String: "string",
}


class _Reader:
    """Knows the resources met so far, so that handles can be named."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self.packed = False
        """Whether what is read now takes and gives bytes as texts."""
        self._resources: list[tuple[api.ResourceType, str]] = []
        """Types and where they were met first, ``interface#name``."""
        self._compound: dict[type, Callable[[Any], ValueType]] = {
            api.ListType: lambda t: ListOf(self.value(t.element)),
            api.RecordType: lambda t: RecordOf(tuple((name, self.value(field)) for name, field in t.fields)),
            api.TupleType: lambda t: self.tuple(tuple(self.value(element) for element in t.elements)),
            api.VariantType: lambda t: VariantOf(tuple((name, self.maybe(payload)) for name, payload in t.cases)),
            api.EnumType: lambda t: EnumOf(tuple(t.names)),
            api.FlagsType: lambda t: FlagsOf(tuple(t.names)),
            api.OptionType: lambda t: OptionOf(self.value(t.payload)),
            api.ResultType: lambda t: ResultOf(self.maybe(t.ok), self.maybe(t.err)),
            api.OwnType: lambda t: Handle(self.short_name(t.ty), owned=True),
            api.BorrowType: lambda t: Handle(self.short_name(t.ty), owned=False),
        }

    def value(self, read: Any) -> ValueType:
        if name := _PRIMITIVES.get(type(read)):
            return Primitive(name, self.packed)
        if convert := self._compound.get(type(read)):
            return convert(read)
        return Unsupported(type(read).__name__)

    def tuple(self, elements: tuple[ValueType, ...]) -> ValueType:
        return ListOf(U8, packed=True) if self.packed and elements == (STRING,) else TupleOf(elements)

    def maybe(self, read: Any) -> ValueType | None:
        return None if read is None else self.value(read)

    def origin(self, read: api.ResourceType) -> str:
        return next((origin for known, origin in self._resources if known == read), "")

    def short_name(self, read: api.ResourceType) -> str:
        return self.origin(read).rpartition("#")[2]

    def function(self, read: api.FuncType) -> FunctionType:
        return FunctionType(tuple(self.value(kind) for _, kind in read.params), self.maybe(read.result))

    def interface(self, name: str, read: api.ComponentInstanceType) -> Interface:
        members = {member: extern.ty for member, extern in read.exports(self._engine).items()}
        resources = {member: kind for member, kind in members.items() if isinstance(kind, api.ResourceType)}
        for member, kind in resources.items():
            if not self.origin(kind):
                self._resources.append((kind, f"{name}#{member}"))
        return Interface(
            functions={member: self.function(m) for member, m in members.items() if isinstance(m, api.FuncType)},
            resources={member: self.origin(kind) for member, kind in resources.items()},
        )

    def item(self, name: str, read: Any) -> Interface | FunctionType | None:
        if isinstance(read, api.ComponentInstanceType):
            return self.interface(name, read)
        if isinstance(read, api.FuncType):
            return self.function(read)
        return None


def read_shape(engine: Engine, component: api.Component) -> ComponentShape:
    """Imports before exports, so that exported functions can name imported resources."""
    reader = _Reader(engine)
    imports, exports = component.type.imports(engine), component.type.exports(engine)
    imported = {name: reader.item(name, extern.ty) for name, extern in imports.items()}
    reader.packed = exports.pop(MARK, None) is not None
    return ComponentShape(imported, {name: reader.item(name, extern.ty) for name, extern in exports.items()})
