"""Where the imports of every core instance of a component come from in the end."""

from __future__ import annotations

from collections.abc import Iterator, Sequence, Set
from dataclasses import dataclass

from pharia_kernel.runtimes.wasm.rewriting.core_module import FUNCTION, CoreModule, Import, core_module
from pharia_kernel.runtimes.wasm.rewriting.layout import Canonical, Collection, Instance, Layout


@dataclass(frozen=True, slots=True)
class Export:
    """What a core instance exports."""

    instance: int
    name: str


@dataclass(frozen=True, slots=True)
class HostFunction:
    """By its number among the component's core functions."""

    number: int


Origin = Export | HostFunction
"""Where something that is imported comes from in the end."""


class Wiring:
    def __init__(self, layout: Layout, known: Sequence[CoreModule] = ()) -> None:
        """``known`` are the first of its modules."""
        self._layout = layout
        self.parsed = modules = [*known, *(core_module(each.binary) for each in layout.modules[len(known) :])]
        self.modules: dict[int, CoreModule] = {}
        """By the instance made of them, in order."""
        self._needs: dict[int, Set[int]] = {}
        for instance in layout.instances:
            if isinstance(instance, Instance):
                self.modules[instance.number] = modules[instance.module]
                self._needs[instance.number] = self._needed(instance.number)

    def origin(self, instance: int, imported: Import) -> Origin:
        return self._export(self._layout.instance(instance).arguments[imported.module], imported.name)

    def item(self, sort: int, number: int) -> Origin:
        """Where one of the component's core items comes from."""
        found = self._layout.items[sort][number]
        return HostFunction(number) if isinstance(found, Canonical) else self._export(found.instance, found.name)

    def needed_by(self, instance: int) -> Set[int]:
        """The instances that have to be there first."""
        return self._needs[instance]

    def needs(self, origin: Origin) -> Set[int]:
        """The instances that have to be there before it is used; its own is one of them."""
        if isinstance(origin, Export):
            return {origin.instance, *self._needs[origin.instance]}
        return set().union(*map(self.needs, self.named(self._layout.function(origin.number))))

    def named(self, function: Canonical) -> Iterator[Origin]:
        """What a canonical function names of the core."""
        if function.lifted is not None:
            yield self.item(FUNCTION, function.lifted)
        for _, item in function.options or ():
            if item is not None:
                yield self.item(*item)

    def _needed(self, instance: int) -> Set[int]:
        origins = {self.origin(instance, each) for each in self.modules[instance].imports}
        return set().union(*map(self.needs, origins))

    def _export(self, instance: int, name: str) -> Origin:
        made = self._layout.instances[instance]
        return self.item(*made.items[name]) if isinstance(made, Collection) else Export(instance, name)
