"""The types of a component, by their numbers, and where its lists of bytes are written."""

from __future__ import annotations

from dataclasses import replace

from pharia_kernel.runtimes.wasm.binary import CUSTOM, HEADER_BYTES, Reader, sections, sized
from pharia_kernel.runtimes.wasm.rewriting.errors import NotRewritable
from pharia_kernel.runtimes.wasm.rewriting.layout import (
    ALIASES,
    COMPONENTS,
    EXPORTS,
    IMPORTS,
    INSTANCES,
    TYPES,
    Canonical,
    Kept,
    Layout,
)
from pharia_kernel.runtimes.wasm.rewriting.packing.notation import (
    FUNCTION,
    INSTANCE,
    TYPE,
    alias,
    export,
    external_name,
    external_type,
)
from pharia_kernel.runtimes.wasm.rewriting.packing.types import (
    LIST_OF_BYTES,
    TUPLE_OF_TEXT,
    Definition,
    Found,
    Other,
    definition,
)

_OF_TYPES_ALONE = (CUSTOM, COMPONENTS, INSTANCES, ALIASES, TYPES, IMPORTS, EXPORTS)
"""Sections of components inside that do nothing but name types."""


class Contents:
    """Raises :class:`NotRewritable` where the lists of its exports can not be told from those of its imports."""

    def __init__(self, layout: Layout) -> None:
        self.types: list[Definition | None] = []
        """``None`` are those that are defined elsewhere."""
        self._own: dict[int, list[bool]] = {FUNCTION: [], INSTANCE: []}
        """Whether they are made by the component, by sort and number."""
        self._around: set[int] = set()
        self._byte_lists: dict[int, list[int]] = {}
        """Where they begin, by the place of the section."""
        for place, each in enumerate(layout.order):
            if isinstance(each, Kept):
                self._read(place, each)
            elif isinstance(each, Canonical):
                self._number(FUNCTION, own=True)
        if not any(self._byte_lists.values()):
            raise NotRewritable("it exports no lists of bytes")
        if any(not isinstance(self.types[each] or Other(), Other) for each in self._around):
            raise NotRewritable("types of its own are part of what it imports or exports")

    @property
    def instances(self) -> int:
        """How many there are."""
        return len(self._own[INSTANCE])

    def rewritten(self, place: int, section: Kept) -> Kept:
        """With texts where lists of bytes stood."""
        if section.section == COMPONENTS:
            return replace(section, content=_inside(section.content))
        return replace(section, content=_with_texts(section.content, self._byte_lists.get(place, [])))

    def _read(self, place: int, section: Kept) -> None:
        reader = Reader(section.content)
        if section.section == ALIASES:  # a single one
            self._number(alias(reader).sort)
        elif section.section == TYPES:
            found = Found()
            self.types += reader.all(lambda each: definition(each, found))
            self._around |= found.around
            self._byte_lists[place] = found.own
        elif section.section == INSTANCES:
            self._own[INSTANCE] += [True] * reader.number()
        elif section.section == IMPORTS:
            reader.all(lambda each: self._number(_imported(each)))
        elif section.section == EXPORTS:
            reader.all(lambda each: self._export(*export(each)))

    def _export(self, sort: int, number: int) -> None:
        """It has a number of its own for what has one already."""
        if sort in self._own and not self._own[sort][number]:
            raise NotRewritable("it exports what it imports")
        self._number(sort, own=True, defined=self.types[number] if sort == TYPE else None)

    def _number(self, sort: int, *, own: bool = False, defined: Definition | None = None) -> None:
        if sort == TYPE:
            self.types.append(defined)
        elif sort in self._own:
            self._own[sort].append(own)


def _imported(reader: Reader) -> int:
    external_name(reader)
    sort = external_type(reader)
    if sort == FUNCTION:
        raise NotRewritable("it imports a function that belongs to no interface")
    return sort


def _with_texts(content: bytes, byte_lists: list[int]) -> bytes:
    parts, begin = [], 0
    for each in byte_lists:
        parts.append(content[begin:each])
        begin = each + len(LIST_OF_BYTES)
    return TUPLE_OF_TEXT.join([*parts, content[begin:]])


def _inside(component: bytes) -> bytes:
    """A component inside, where all is what the one around it exports."""
    output = [component[:HEADER_BYTES]]
    for identity, content in sections(component):
        if identity not in _OF_TYPES_ALONE:
            raise NotRewritable("a component inside has code of its own")
        if identity == COMPONENTS:
            content = _inside(content)
        elif identity == TYPES:
            found = Found()
            Reader(content).all(lambda each, found=found: definition(each, found))  # type: ignore[misc]
            content = _with_texts(content, found.byte_lists)
        output.append(bytes([identity]) + sized(content))
    return b"".join(output)
