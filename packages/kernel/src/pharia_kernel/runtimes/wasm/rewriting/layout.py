"""How a component puts its core modules together: who is instantiated with what, in which order.

Sections about anything else are kept as they are. Numbers are those of the component model's binary format.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from pharia_kernel.runtimes.wasm.binary import Reader, sections
from pharia_kernel.runtimes.wasm.rewriting.core_module import FUNCTION, MEMORY, SORTS
from pharia_kernel.runtimes.wasm.rewriting.errors import NotRewritable

CORE_MODULES, CORE_INSTANCES, COMPONENTS, INSTANCES, ALIASES, TYPES, CANONICAL, IMPORTS, EXPORTS = (
    1,
    2,
    4,
    5,
    6,
    7,
    8,
    10,
    11,
)
LISTS = (CORE_INSTANCES, ALIASES, CANONICAL)
"""Sections whose entries are taken apart."""
CORE, CORE_INSTANCE = 0x00, 0x12

_DESTRUCTOR = b"\x3f\x7f\x01"
"""Of a resource the component defines: a core function, by its number."""
_CORE_MODULE = 0x11
_FROM_INSTANCE, _FROM_CORE_INSTANCE = 0, 1
_LIFT, _LOWER = 0, 1
_MOST_INSTANCES = 1000
"""No engine takes more."""
_RESOURCES = (2, 3, 4)
UTF8, UTF16, LATIN1_OR_UTF16, OPTION_MEMORY, REALLOC, _POST_RETURN = range(6)
_OPTIONS = {
    UTF8: None,
    UTF16: None,
    LATIN1_OR_UTF16: None,
    OPTION_MEMORY: MEMORY,
    REALLOC: FUNCTION,
    _POST_RETURN: FUNCTION,
}
"""Of canonical functions, and the sort of core item each names."""

Option = tuple[int, tuple[int, int] | None]
"""And the item it names: sort and number."""


@dataclass(frozen=True, slots=True)
class Kept:
    """Stays as it is: a section, or an entry of a section of aliases."""

    section: int
    content: bytes


@dataclass(frozen=True, slots=True)
class Module:
    number: int
    binary: bytes


@dataclass(frozen=True, slots=True)
class Instance:
    number: int
    module: int
    arguments: dict[str, int]
    """Core instances by the names their items are imported from."""


@dataclass(frozen=True, slots=True)
class Collection:
    """A core instance made of items of others: sort and number of each."""

    items: dict[str, tuple[int, int]]


@dataclass(frozen=True, slots=True)
class Alias:
    """A core item by the instance that exports it."""

    instance: int
    name: str


@dataclass(frozen=True, slots=True)
class Canonical:
    """A function by the component model's rules; ``head`` and ``tail`` stand around what it names of the core."""

    head: bytes
    lifted: int | None
    """The core function a function of the component is made of; otherwise this is a core function."""
    options: tuple[Option, ...] | None
    """``None`` for those that have none."""
    tail: bytes


Ordered = Kept | Module | Instance | Canonical


@dataclass(slots=True)
class Layout:
    order: list[Ordered] = field(default_factory=list)
    """What has to stay in order. The rest has an effect only where it is used."""
    modules: list[Module] = field(default_factory=list)
    instances: list[Instance | Collection] = field(default_factory=list)
    items: list[list[Alias | Canonical]] = field(default_factory=lambda: [[] for _ in SORTS])

    def instance(self, number: int) -> Instance:
        """One that is made of a module."""
        found = self.instances[number]
        if isinstance(found, Instance):
            return found
        raise NotRewritable(f"core instance {number} is not made of a module")

    def function(self, number: int) -> Canonical:
        """One that the host makes."""
        found = self.items[FUNCTION][number]
        if isinstance(found, Canonical):
            return found
        raise NotRewritable(f"core function {number} is an alias")


def layout_of(component: bytes) -> Layout:
    """Raises :class:`NotRewritable`, also for components that name core items in places that are not read here."""
    layout = Layout()
    for section, content in sections(component):
        if section == CORE_MODULES:
            layout.modules.append(Module(len(layout.modules), content))
            layout.order.append(layout.modules[-1])
        elif read := _READ.get(section):
            Reader(content).all(lambda each, read=read: read(each, layout))  # type: ignore[misc]
        else:
            _check(section, content)
            layout.order.append(Kept(section, content))
    if len(layout.instances) > _MOST_INSTANCES:
        raise NotRewritable(f"there are {len(layout.instances)} core instances")
    return layout


def _instance(reader: Reader, layout: Layout) -> None:
    kind = reader.byte()
    if kind > 1:
        raise NotRewritable(f"a core instance of kind {kind}")
    if kind:
        items = reader.all(lambda each: (each.name(), (each.byte(), each.number())))
        layout.instances.append(Collection(dict(items)))
        return
    module = reader.number()
    arguments = reader.all(lambda each: (each.name(), each.byte(), each.number()))
    if any(sort != CORE_INSTANCE for _, sort, _ in arguments):
        raise NotRewritable("a module is given something other than instances")
    instance = Instance(len(layout.instances), module, {name: number for name, _, number in arguments})
    layout.instances.append(instance)
    layout.order.append(instance)


def _alias(reader: Reader, layout: Layout) -> None:
    begin = reader.position
    sort = reader.byte()
    core = reader.byte() if sort == CORE else None
    target = reader.byte()
    number = reader.number()
    if core == _CORE_MODULE:
        raise NotRewritable("a core module comes from elsewhere")
    if target == _FROM_CORE_INSTANCE and core in SORTS:
        layout.items[core].append(Alias(number, reader.name()))
        return
    if target == _FROM_CORE_INSTANCE:
        raise NotRewritable(f"an item of sort {core}")
    if target == _FROM_INSTANCE:
        reader.name()
    else:
        reader.number()
    layout.order.append(Kept(ALIASES, reader.since(begin)))


def _canonical(reader: Reader, layout: Layout) -> None:
    begin, kind = reader.position, reader.byte()
    if kind in _RESOURCES:
        reader.number()
        layout.items[FUNCTION].append(Canonical(reader.since(begin), None, None, b""))
    elif kind == _LOWER:
        reader.byte()
        reader.number()
        head = reader.since(begin)
        layout.items[FUNCTION].append(Canonical(head, None, _options(reader), b""))
    elif kind == _LIFT:
        reader.byte()
        head, function, options = reader.since(begin), reader.number(), _options(reader)
        begin = reader.position
        reader.number()
        layout.order.append(Canonical(head, function, options, reader.since(begin)))
    else:
        raise NotRewritable(f"a canonical function of kind {kind}")


def _options(reader: Reader) -> tuple[Option, ...]:
    return tuple(reader.all(_option))


def _option(reader: Reader) -> Option:
    option = reader.byte()
    if option not in _OPTIONS:
        raise NotRewritable(f"a canonical function with option {option}")
    sort = _OPTIONS[option]
    return option, None if sort is None else (sort, reader.number())


_READ = {CORE_INSTANCES: _instance, ALIASES: _alias, CANONICAL: _canonical}


def _check(section: int, content: bytes) -> None:
    if section == TYPES and _DESTRUCTOR in content:
        raise NotRewritable("a resource has a destructor")
    if section == COMPONENTS:
        for inner, inside in sections(content):
            if inner == ALIASES:
                Reader(inside).all(lambda each: _alias(each, Layout()))
            _check(inner, inside)
