"""Components whose core modules share a table, rewritten so that those are one module.

Python and what it is linked with come as a dozen modules that fill one table with thousands of functions. An engine
fills such a table anew for every instance; in a module that has the table to itself, it waits until a function is asked
for. Calls between the modules become calls within one.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Set
from itertools import groupby
from operator import itemgetter

from pharia_kernel.runtimes.wasm.binary import HEADER_BYTES, Damaged, name, number, section, sized
from pharia_kernel.runtimes.wasm.merging.core_module import FUNCTION, SORTS
from pharia_kernel.runtimes.wasm.merging.errors import NotMergeable
from pharia_kernel.runtimes.wasm.merging.group import group
from pharia_kernel.runtimes.wasm.merging.layout import (
    ALIASES,
    CANONICAL,
    CORE,
    CORE_INSTANCE,
    CORE_INSTANCES,
    CORE_MODULES,
    LISTS,
    Canonical,
    Instance,
    Kept,
    Layout,
    Module,
    layout_of,
)
from pharia_kernel.runtimes.wasm.merging.merge import Export, HostFunction, Merge, Origin, exported_name
from pharia_kernel.runtimes.wasm.merging.order import check_order
from pharia_kernel.runtimes.wasm.merging.wiring import Wiring

FORMAT = 2
"""Goes up when the same components are merged to something else."""

_log = logging.getLogger(__name__)
_DAMAGED = (Damaged, LookupError, RecursionError)
"""It ends early, names what is not there, or comes from itself. The compiler explains better what is wrong."""


def merged(component: bytes) -> bytes:
    """The same component with fewer modules; the component itself where there is nothing to merge, or not safely."""
    try:
        layout = layout_of(component)
        wiring = Wiring(layout)
        members = group(layout, wiring)
        check_order(wiring, members)
        return component[:HEADER_BYTES] + _Rewriting(layout, wiring, members).result()
    except (NotMergeable, *_DAMAGED) as reason:
        _log.debug("core modules stay apart: %r", reason)
        return component


class _Rewriting:
    """Numbers everything of the core anew: an item, function of the host or collection is written when it is used."""

    def __init__(self, layout: Layout, wiring: Wiring, members: Set[int]) -> None:
        self._layout = layout
        self._wiring = wiring
        self._members = members
        self._merge = Merge({each: wiring.modules[each] for each in sorted(members)}, wiring.origin)
        self._output: list[tuple[int, bytes]] = []
        self._modules: dict[int, int] = {}
        """New numbers by old ones, as below; the merged one's are those of the last member."""
        self._instances: dict[int, int] = {}
        self._all_instances = 0
        self._items: dict[tuple[int, Origin], int] = {}
        self._counts = [0 for _ in SORTS]
        self._exports: dict[Export, None] = {}
        self._last = max(members)
        self._slot = 0
        """Place of the merged module, which is written when everything is known that it has to export."""
        self._waiting: list[Instance] = []
        """For the merged instance."""

    def result(self) -> bytes:
        of_members = {self._layout.instance(each).module for each in self._members}
        for each in self._layout.order:
            match each:
                case Kept():
                    self._output.append((each.section, each.content))
                case Module() if each.number not in of_members:
                    self._module(each.number, each.binary)
                case Instance() if each.number == self._last:
                    self._make_merged()
                case Instance() if each.number not in self._members:
                    self._make(each)
                case Canonical():
                    self._lift(each)
        return b"".join(self._sections())

    def _module(self, old: int, binary: bytes) -> None:
        self._modules[old] = len(self._modules)
        self._output.append((CORE_MODULES, binary))

    def _make_merged(self) -> None:
        self._slot = len(self._output)
        self._module(self._layout.instance(self._last).module, b"")
        imports = {
            str(place): (sort, self._item(sort, origin)) for place, (sort, origin) in enumerate(self._merge.imports)
        }
        self._instantiate(self._last, {"": self._collect(imports)})
        for each in self._waiting:
            self._make(each)

    def _make(self, instance: Instance) -> None:
        if self._is_early(self._wiring.needed_by(instance.number)):
            self._waiting.append(instance)
            return
        arguments: dict[str, dict[str, tuple[int, int]]] = {}
        for each in self._wiring.modules[instance.number].imports:
            item = self._item(each.sort, self._wiring.origin(instance.number, each))
            arguments.setdefault(each.module, {})[each.name] = (each.sort, item)
        self._instantiate(instance.number, {title: self._collect(items) for title, items in arguments.items()})

    def _is_early(self, needed: Set[int]) -> bool:
        """Whether something of the merged instance is needed, which is not there yet."""
        return self._last not in self._instances and not self._members.isdisjoint(needed)

    def _instantiate(self, old: int, arguments: dict[str, int]) -> None:
        given = [name(title) + bytes([CORE_INSTANCE]) + number(each) for title, each in arguments.items()]
        made = b"\x00" + number(self._modules[self._layout.instance(old).module]) + number(len(given)) + b"".join(given)
        self._instances[old] = self._instance(made)

    def _collect(self, items: dict[str, tuple[int, int]]) -> int:
        given = [name(title) + bytes([sort]) + number(item) for title, (sort, item) in items.items()]
        return self._instance(b"\x01" + number(len(given)) + b"".join(given))

    def _instance(self, entry: bytes) -> int:
        self._output.append((CORE_INSTANCES, entry))
        self._all_instances += 1
        return self._all_instances - 1

    def _item(self, sort: int, origin: Origin) -> int:
        if (sort, origin) not in self._items:
            if isinstance(origin, HostFunction):
                self._output.append((CANONICAL, self._canonical(self._layout.function(origin.number))))
            else:
                self._output.append((ALIASES, self._alias(sort, origin)))
            self._items[sort, origin] = self._counts[sort]
            self._counts[sort] += 1
        return self._items[sort, origin]

    def _alias(self, sort: int, export: Export) -> bytes:
        instance, title = export.instance, export.name
        if instance in self._members:
            self._exports[export] = None
            instance, title = self._last, exported_name(export)
        return bytes([CORE, sort, 1]) + number(self._instances[instance]) + name(title)

    def _lift(self, function: Canonical) -> None:
        if any(self._is_early(self._wiring.needs(each)) for each in self._wiring.named(function)):
            raise NotMergeable("a function is exported before all modules are there")
        self._output.append((CANONICAL, self._canonical(function)))

    def _canonical(self, function: Canonical) -> bytes:
        lifted = function.lifted
        core = b"" if lifted is None else number(self._item(FUNCTION, self._wiring.item(FUNCTION, lifted)))
        options = [self._option(*each) for each in function.options or ()]
        counted = b"" if function.options is None else number(len(options))
        return function.head + core + counted + b"".join(options) + function.tail

    def _option(self, option: int, item: tuple[int, int] | None) -> bytes:
        return bytes([option]) + (b"" if item is None else number(self._item(item[0], self._wiring.item(*item))))

    def _sections(self) -> Iterator[bytes]:
        self._output[self._slot] = CORE_MODULES, self._merge.module(self._exports)
        for identity, entries in groupby(self._output, key=itemgetter(0)):
            contents = [content for _, content in entries]
            if identity in LISTS:
                yield section(identity, contents)
            else:
                yield from (bytes([identity]) + sized(each) for each in contents)
