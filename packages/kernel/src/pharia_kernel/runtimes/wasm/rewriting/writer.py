"""Writes a component down from its layout, with some of its core instances as one."""

from __future__ import annotations

from collections.abc import Iterator, Set
from itertools import groupby
from operator import itemgetter

from pharia_kernel.runtimes.wasm.binary import name, number, section, sized
from pharia_kernel.runtimes.wasm.rewriting.core_module import FUNCTION, SORTS
from pharia_kernel.runtimes.wasm.rewriting.errors import NotRewritable
from pharia_kernel.runtimes.wasm.rewriting.layout import (
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
)
from pharia_kernel.runtimes.wasm.rewriting.merging.merge import Merge, exported_name
from pharia_kernel.runtimes.wasm.rewriting.wiring import Export, HostFunction, Origin, Wiring

_NONE = -1


class Writer:
    """Numbers everything of the core anew: an item, function of the host or collection is written when it is used."""

    def __init__(self, layout: Layout, wiring: Wiring, members: Set[int] = frozenset()) -> None:
        """``members`` become one instance."""
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
        self._last = max(members, default=_NONE)
        self._slot: int | None = None
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
            raise NotRewritable("a function is exported before all modules are there")
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
        if self._slot is not None:
            self._output[self._slot] = CORE_MODULES, self._merge.module(self._exports)
        for identity, entries in groupby(self._output, key=itemgetter(0)):
            contents = [content for _, content in entries]
            if identity in LISTS:
                yield section(identity, contents)
            else:
                yield from (bytes([identity]) + sized(each) for each in contents)
