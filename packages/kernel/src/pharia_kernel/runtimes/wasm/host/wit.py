"""Reads interfaces out of WIT text, as far as a host needs them: functions, resources and their types.

Names may be used before they are declared, so types are first noted as written and resolved when everything is read.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from pharia_kernel.runtimes.wasm.host.types import (
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
    ValueType,
    VariantOf,
)

_COMMENT = re.compile(r"//[^\n]*|/\*.*?\*/", re.DOTALL)
_GATE = re.compile(r"@[a-z]+\s*\([^)]*\)")
_TOKEN = re.compile(r"->|%?[A-Za-z][A-Za-z0-9-]*|[0-9][0-9A-Za-z.+-]*|[{}()<>,:;=@./_*]")
_PRIMITIVES = frozenset(["bool", "u8", "u16", "u32", "u64", "s8", "s16", "s32", "s64", "f32", "f64", "char", "string"])

Resolve = Callable[[], ValueType]
"""A type as written; to be called when all names are known."""


class WitError(ValueError):
    """The text is not WIT, or uses what this reader does not know."""


@dataclass(frozen=True, slots=True)
class Package:
    name: str
    """``namespace:name``"""
    version: str | None
    interfaces: dict[str, Interface]


@dataclass(slots=True)
class _Scope:
    types: dict[str, Resolve] = field(default_factory=dict)
    resources: list[str] = field(default_factory=list)
    functions: dict[str, Callable[[], FunctionType]] = field(default_factory=dict)


class _Tokens:
    def __init__(self, text: str) -> None:
        self._tokens = _TOKEN.findall(_GATE.sub(" ", _COMMENT.sub(" ", text)))
        self._at = 0

    def peek(self) -> str:
        return self._tokens[self._at] if self._at < len(self._tokens) else ""

    def take(self) -> str:
        if self._at >= len(self._tokens):
            raise WitError("the text ends too early")
        self._at += 1
        return str(self._tokens[self._at - 1]).removeprefix("%")

    def accept(self, token: str) -> bool:
        found = self.peek() == token
        self._at += found
        return found

    def expect(self, *tokens: str) -> None:
        for token in tokens:
            if not self.accept(token):
                raise WitError(f"{token!r} expected, found {self.peek()!r}")

    def until(self, stop: str) -> str:
        parts = []
        while self.peek() != stop:
            parts.append(self.take())
        return "".join(parts)

    def listed(self, end: str) -> Iterator[None]:
        """One round per member of a list that ends with ``end``; commas are optional."""
        while not self.accept(end):
            yield
            self.accept(",")


class _Reader:
    def __init__(self, text: str) -> None:
        self.tokens = _Tokens(text)
        self.scopes: dict[str, _Scope] = {}

    def package(self) -> tuple[str, str | None]:
        tokens = self.tokens
        tokens.expect("package")
        name, _, version = tokens.until(";").partition("@")
        tokens.expect(";")
        while tokens.peek():
            kind, label = tokens.take(), tokens.take()
            tokens.expect("{")
            if kind == "interface":
                self.interface(self.scopes.setdefault(label, _Scope()))
            elif kind == "world":
                tokens.until("}")
                tokens.expect("}")
            else:
                raise WitError(f"interface or world expected, found {kind!r}")
        return name, version or None

    def interface(self, scope: _Scope) -> None:
        tokens = self.tokens
        while not tokens.accept("}"):
            word = tokens.take()
            if word in ("record", "variant", "enum", "flags"):
                name = tokens.take()
                scope.types[name] = self.compound(scope, word)
            elif word == "resource":
                self.resource(scope)
            elif word == "use":
                self.use(scope)
            elif word == "type":
                name = tokens.take()
                tokens.expect("=")
                scope.types[name] = self.value(scope)
                tokens.expect(";")
            else:
                tokens.expect(":", "func")
                scope.functions[word] = self.function(scope)
                tokens.expect(";")

    def use(self, scope: _Scope) -> None:
        source = self.scopes.setdefault(self.tokens.until("{").rstrip("."), _Scope())
        self.tokens.expect("{")
        for _ in self.tokens.listed("}"):
            name = alias = self.tokens.take()
            if self.tokens.accept("as"):
                alias = self.tokens.take()
            scope.types[alias] = _named(source, name)
        self.tokens.expect(";")

    def resource(self, scope: _Scope) -> None:
        tokens = self.tokens
        name = tokens.take()
        scope.resources.append(name)
        scope.types[name] = lambda: Handle(name, owned=True)
        if tokens.accept(";"):
            return
        tokens.expect("{")
        while not tokens.accept("}"):
            member = tokens.take()
            if member == "constructor":
                made = Handle(name, owned=True)
                scope.functions[f"[constructor]{name}"] = self.function(scope, result=made)
            else:
                tokens.expect(":")
                static = tokens.accept("static")
                tokens.expect("func")
                own = None if static else Handle(name, owned=False)
                scope.functions[f"[{'static' if static else 'method'}]{name}.{member}"] = self.function(scope, own)
            tokens.expect(";")

    def compound(self, scope: _Scope, kind: str) -> Resolve:
        tokens = self.tokens
        members: list[tuple[str, Resolve | None]] = []
        tokens.expect("{")
        for _ in tokens.listed("}"):
            name = tokens.take()
            payload = None
            if tokens.accept(":"):
                payload = self.value(scope)
            elif tokens.accept("("):
                payload = self.value(scope)
                tokens.expect(")")
            members.append((name, payload))
        if kind == "record":
            return lambda: RecordOf(tuple((name, payload()) for name, payload in members if payload))
        if kind == "variant":
            return lambda: VariantOf(tuple((name, payload and payload()) for name, payload in members))
        names = tuple(name for name, _ in members)
        return lambda: EnumOf(names) if kind == "enum" else FlagsOf(names)

    def function(
        self, scope: _Scope, own: Handle | None = None, result: Handle | None = None
    ) -> Callable[[], FunctionType]:
        parameters: list[Resolve] = []
        self.tokens.expect("(")
        for _ in self.tokens.listed(")"):
            self.tokens.take()
            self.tokens.expect(":")
            parameters.append(self.value(scope))
        answer = self.value(scope) if self.tokens.accept("->") else None

        def resolve() -> FunctionType:
            first = (own,) if own else ()
            return FunctionType((*first, *(part() for part in parameters)), result or (answer and answer()))

        return resolve

    def value(self, scope: _Scope) -> Resolve:
        name = self.tokens.take()
        if name in _PRIMITIVES:
            return lambda: Primitive(name)
        if name in ("own", "borrow"):
            self.tokens.expect("<")
            resource = self.tokens.take()
            self.tokens.expect(">")
            return lambda: Handle(resource, owned=name == "own")
        parts: list[Resolve | None] = []
        if self.tokens.accept("<"):
            for _ in self.tokens.listed(">"):
                parts.append(None if self.tokens.accept("_") else self.value(scope))
        if name in ("list", "option", "result", "tuple"):
            return lambda: _generic(name, [part and part() for part in parts])
        return _named(scope, name)


def _generic(name: str, parts: list[ValueType | None]) -> ValueType:
    first, second = (*parts, None, None)[:2]
    if name == "result":
        return ResultOf(first, second)
    if first is None:
        raise WitError(f"{name} needs a type")
    if name == "tuple":
        return TupleOf(tuple(part for part in parts if part))
    return ListOf(first) if name == "list" else OptionOf(first)


def _named(scope: _Scope, name: str) -> Resolve:
    def resolve() -> ValueType:
        try:
            return scope.types[name]()
        except KeyError:
            raise WitError(f"type {name} is not declared") from None

    return resolve


def parse_wit(text: str) -> Package:
    """The interfaces of a package in one text; raises :class:`WitError`."""
    reader = _Reader(text)
    name, version = reader.package()
    return Package(
        name=name,
        version=version,
        interfaces={
            label: Interface(
                {member: function() for member, function in scope.functions.items()},
                {resource: f"{label}#{resource}" for resource in scope.resources},
            )
            for label, scope in reader.scopes.items()
        },
    )
