"""How a component puts its core modules together: who is instantiated, with what.

Reads the sections that say so and passes over everything about types. Names and numbers are those of the component
model's binary format.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeVar

from pharia_skill.builder import leb128
from pharia_skill.builder.wasm import CORE_MODULE, read_name, sections
from pharia_skill.errors import ComponentizeFailed

FUNCTION, TABLE, MEMORY, GLOBAL = range(4)
"""Sorts of core items."""

T = TypeVar("T")
_CORE_INSTANCES, _ALIASES, _CANONICAL, _IMPORTS = 2, 6, 8, 10
_COMPONENT_FUNCTION, _COMPONENT_INSTANCE = 1, 5
_LIFT, _LOWER, _RESOURCE_NEW, _RESOURCE_DROP, _RESOURCE_REP = range(5)
_PLAIN_OPTIONS = 3


@dataclass(frozen=True, slots=True)
class Export:
    """Something a core instance exports."""

    instance: int
    name: str


@dataclass(frozen=True, slots=True)
class HostFunction:
    """A function the component imports: ``wasi:io/poll#poll``, without a version."""

    name: str


@dataclass(frozen=True, slots=True)
class Instantiated:
    module: int
    arguments: dict[str, int]
    """Core instances by the module name they are imported under."""


@dataclass(frozen=True, slots=True)
class Collected:
    """An instance made of exports of others: sort and index of each."""

    items: dict[str, tuple[int, int]]


@dataclass(slots=True)
class Anatomy:
    modules: list[memoryview] = field(default_factory=list)
    instances: list[Instantiated | Collected] = field(default_factory=list)
    items: tuple[list[Export | HostFunction], ...] = field(default_factory=lambda: ([], [], [], []))
    """Functions, tables, memories and globals."""
    interfaces: list[str] = field(default_factory=list)
    """Of the instances the component imports."""
    functions: list[HostFunction] = field(default_factory=list)
    """Of the component itself."""


class _Reader:
    def __init__(self, content: memoryview) -> None:
        self._content = content
        self._position = 0

    def byte(self) -> int:
        self._position += 1
        return self._content[self._position - 1]

    def number(self) -> int:
        value, self._position = leb128.read(self._content, self._position)
        return value

    def name(self) -> str:
        text, self._position = read_name(self._content, self._position)
        return text

    def all(self, read: Callable[[], T]) -> list[T]:
        return [read() for _ in range(self.number())]


def anatomy_of(component: memoryview) -> Anatomy:
    """Raises :class:`~pharia_skill.errors.ComponentizeFailed` for what ``componentize-py`` does not write."""
    found = Anatomy()
    for number, content, _ in sections(component):
        if number == CORE_MODULE:
            found.modules.append(content)
        elif number == _CORE_INSTANCES:
            reader = _Reader(content)
            found.instances += reader.all(lambda reader=reader: _instance(reader))  # type: ignore[misc]
        elif number == _ALIASES:
            reader = _Reader(content)
            reader.all(lambda reader=reader: _alias(reader, found))  # type: ignore[misc]
        elif number == _IMPORTS:
            reader = _Reader(content)
            found.interfaces += reader.all(lambda reader=reader: _imported(reader))  # type: ignore[misc]
        elif number == _CANONICAL:
            reader = _Reader(content)
            reader.all(lambda reader=reader: _canonical(reader, found))  # type: ignore[misc]
    return found


def _instance(reader: _Reader) -> Instantiated | Collected:
    if reader.byte() == 0:
        module = reader.number()

        def argument() -> tuple[str, int]:
            name = reader.name()
            reader.byte()
            return name, reader.number()

        return Instantiated(module, dict(reader.all(argument)))
    return Collected(dict(reader.all(lambda: (reader.name(), (reader.byte(), reader.number())))))


def _alias(reader: _Reader, found: Anatomy) -> None:
    sort = reader.byte()
    core = reader.byte() if sort == 0 else None
    target = reader.byte()
    number = reader.number()
    if target == 2:
        reader.number()
        return
    name = reader.name()
    if target == 1 and core is not None:
        found.items[core].append(Export(number, name))
    elif target == 0 and sort == _COMPONENT_FUNCTION:
        interface = found.interfaces[number] if number < len(found.interfaces) else ""
        found.functions.append(HostFunction(f"{interface}#{name}"))


def _imported(reader: _Reader) -> str:
    """Interface of an imported instance, without its version."""
    reader.byte()
    name = reader.name()
    if reader.byte() != _COMPONENT_INSTANCE:
        raise ComponentizeFailed(f"the component imports `{name}`, which is no interface")
    reader.number()
    return name.partition("@")[0]


def _canonical(reader: _Reader, found: Anatomy) -> None:
    kind = reader.byte()
    function = HostFunction("resource")
    if kind in (_LIFT, _LOWER):
        reader.byte()
        index = reader.number()
        function = found.functions[index] if kind == _LOWER else HostFunction("lifted")
        for _ in range(reader.number()):
            if reader.byte() >= _PLAIN_OPTIONS:
                reader.number()
    elif kind not in (_RESOURCE_NEW, _RESOURCE_DROP, _RESOURCE_REP):
        raise ComponentizeFailed(f"the component has a canonical function of unknown kind {kind}")
    if kind != _LOWER:
        reader.number()
    if kind == _LIFT:
        found.functions.append(function)
    else:
        found.items[FUNCTION].append(function)
