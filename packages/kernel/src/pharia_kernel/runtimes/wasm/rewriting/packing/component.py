"""Components whose exported functions take and give lists of bytes as texts, one character a byte.

An engine hands a list to its host value by value: 48 bytes and some 100 ns for each. A text it hands over as a whole.
In the guest a text in the encoding ``latin1+utf16`` lies as the list did, one byte a character. As the encoding is one
of the function, the guest's own texts come the same way: as the bytes of their UTF-8, one character each.

A list of bytes is written ``tuple<string>``, which lies in memory like the text alone and tells that it is one. What a
component imports stays as it is: adapters of WASI give a list room for exactly its bytes, and a text asks for more at
first where bytes are not ASCII.
"""

from __future__ import annotations

from dataclasses import replace

from pharia_kernel.runtimes.wasm.binary import Reader, name, number
from pharia_kernel.runtimes.wasm.rewriting.core_module import FUNCTION
from pharia_kernel.runtimes.wasm.rewriting.errors import NotRewritable
from pharia_kernel.runtimes.wasm.rewriting.layout import (
    COMPONENTS,
    EXPORTS,
    INSTANCES,
    LATIN1_OR_UTF16,
    OPTION_MEMORY,
    REALLOC,
    TYPES,
    UTF8,
    UTF16,
    Alias,
    Canonical,
    Collection,
    Instance,
    Kept,
    Layout,
    Module,
    Ordered,
)
from pharia_kernel.runtimes.wasm.rewriting.packing.contents import Contents
from pharia_kernel.runtimes.wasm.rewriting.packing.notation import INSTANCE
from pharia_kernel.runtimes.wasm.rewriting.packing.texts import Texts
from pharia_kernel.runtimes.wasm.rewriting.packing.types import Function, ValueType
from pharia_kernel.runtimes.wasm.rewriting.packing.wrapper import (
    IMPORTED_MEMORY,
    Wrapped,
    function_name,
    function_type,
    realloc_name,
    wrapper,
)
from pharia_kernel.runtimes.wasm.rewriting.wiring import Export, Origin, Wiring

MARK = "bytes-as-texts"
"""An export of components that were rewritten: an instance with nothing in it."""
_OTHER_ENCODINGS = frozenset((UTF16, LATIN1_OR_UTF16))


def packed(layout: Layout, wiring: Wiring) -> Layout:
    """Raises :class:`NotRewritable`, and ``LookupError`` where a number or name means nothing."""
    return _Packing(layout, wiring).result()


class _Packing:
    def __init__(self, layout: Layout, wiring: Wiring) -> None:
        self._layout = layout
        self._wiring = wiring
        self._contents = Contents(layout)
        self._texts = Texts(self._contents.types)
        self._functions: list[Wrapped] = []
        self._reallocs: dict[Origin, int] = {}
        self._given: dict[str, tuple[int, int]] = {}
        """To the wrapper: sort and number of core items by name."""
        self._first = len(layout.order)
        """Place of the first function that needs the wrapper."""
        self._instance = len(layout.instances) + 1
        """Number of the wrapper's, behind the collection it is given."""
        self._items = list(layout.items[FUNCTION])
        self._any_realloc = next(filter(None, (_named(each, REALLOC) for each in layout.order)), None)
        """For functions that take nothing and so have none of their own."""

    def result(self) -> Layout:
        order = [self._rewritten(place, each) for place, each in enumerate(self._layout.order)]
        modules, instances = list(self._layout.modules), list(self._layout.instances)
        if self._given:
            self._check_order()
            module = Module(len(modules), wrapper(self._functions, len(self._reallocs), self._texts))
            instance = Instance(self._instance, module.number, {"": self._instance - 1})
            order[self._first : self._first] = [module, instance]
            modules.append(module)
            instances += [Collection(self._given), instance]
        order += _mark(self._contents.instances)
        _, *others = self._layout.items
        return Layout(order, modules, instances, [self._items, *others])

    def _rewritten(self, place: int, each: Ordered) -> Ordered:
        if isinstance(each, Kept) and each.section in (TYPES, COMPONENTS):
            return self._contents.rewritten(place, each)
        if isinstance(each, Canonical) and each.lifted is not None:
            return self._lift(place, each, each.lifted)
        return each

    def _lift(self, place: int, function: Canonical, lifted: int) -> Canonical:
        options = dict(function.options or ())
        memory = options.get(OPTION_MEMORY)
        if memory is None:  # it takes and gives no texts
            return function
        if not _OTHER_ENCODINGS.isdisjoint(options):
            raise NotRewritable("its texts are not UTF-8")
        options.pop(UTF8, None)
        kind = self._contents.types[Reader(function.tail).number()]
        if not isinstance(kind, Function):
            raise NotRewritable("a function has a type that is defined elsewhere")
        self._first = min(self._first, place)
        if kind.result is not None and self._texts.inside(kind.result):
            lifted = self._function(kind.result, lifted, options.get(REALLOC, self._any_realloc))
        if realloc := options.get(REALLOC):
            options[REALLOC] = FUNCTION, self._item(realloc_name(self._realloc(realloc)))
        if self._origin(self._given.setdefault(IMPORTED_MEMORY, memory)) != self._origin(memory):
            raise NotRewritable("there are several memories")
        return replace(function, lifted=lifted, options=((LATIN1_OR_UTF16, None), *options.items()))

    def _function(self, result: ValueType, lifted: int, realloc: tuple[int, int] | None) -> int:
        """The number of the core function that takes the place of ``lifted``."""
        if realloc is None:
            raise NotRewritable("a function returns texts and nothing allocates")
        title = function_name(len(self._functions))
        self._given[title] = FUNCTION, lifted
        self._functions.append(Wrapped(self._type(lifted), result, self._realloc(realloc)))
        return self._item(title)

    def _realloc(self, item: tuple[int, int]) -> int:
        """Its place among those the wrapper is given."""
        place = self._reallocs.setdefault(self._origin(item), len(self._reallocs))
        self._given[realloc_name(place)] = item
        return place

    def _item(self, title: str) -> int:
        """The number of a function of the wrapper."""
        self._items.append(Alias(self._instance, title))
        return len(self._items) - 1

    def _type(self, lifted: int) -> bytes:
        origin = self._origin((FUNCTION, lifted))
        if not isinstance(origin, Export):
            raise NotRewritable("a function of the host is exported")
        return function_type(self._wiring.modules[origin.instance], origin.name)

    def _origin(self, item: tuple[int, int]) -> Origin:
        return self._wiring.item(*item)

    def _check_order(self) -> None:
        """Everything the wrapper needs is made before it."""
        made = {each.number for each in self._layout.order[: self._first] if isinstance(each, Instance)}
        for item in self._given.values():
            if not self._wiring.needs(self._origin(item)) <= made:
                raise NotRewritable("a function is exported before all modules are there")


def _named(function: Ordered, option: int) -> tuple[int, int] | None:
    """What the option of an exported function names."""
    return dict(function.options or ()).get(option) if isinstance(function, Canonical) else None


def _mark(instances: int) -> list[Ordered]:
    """With as many instances before it."""
    exported = b"\x00" + name(MARK) + bytes([INSTANCE]) + number(instances) + b"\x00"
    return [Kept(INSTANCES, b"\x01\x01\x00"), Kept(EXPORTS, b"\x01" + exported)]
