"""Which core instances of a component become one: those that share a table."""

from __future__ import annotations

from collections import Counter

from pharia_kernel.runtimes.wasm.rewriting.core_module import TABLE
from pharia_kernel.runtimes.wasm.rewriting.errors import NotRewritable
from pharia_kernel.runtimes.wasm.rewriting.layout import Instance, Layout
from pharia_kernel.runtimes.wasm.rewriting.wiring import Export, Origin, Wiring


def group(layout: Layout, wiring: Wiring) -> frozenset[int]:
    """The instance with the table that most others fill, all that need it, and what those need.

    Left out is what needs functions of the host that need the group: no instance can be made before and after those.
    Raises :class:`NotRewritable` if there is nothing to be gained.
    """
    filled = Counter(
        origin.instance
        for instance, module in wiring.modules.items()
        if module.elements
        for imported in module.imports
        if imported.sort == TABLE and isinstance(origin := wiring.origin(instance, imported), Export)
    )
    if not filled:
        raise NotRewritable("every table is filled by its own module")
    table = filled.most_common(1)[0][0]
    used = Counter(each.module for each in layout.instances if isinstance(each, Instance))
    around = {table}.union(
        *(wiring.needed_by(each) | {each} for each in wiring.modules if table in wiring.needed_by(each))
    )
    members = {each for each in around if used[layout.instance(each).module] == 1}
    while left_out := {each for each in members if _needs_them_twice(each, members, wiring)}:
        members -= left_out
    if len(members) == 1:
        raise NotRewritable("nobody else can be merged with the table")
    return frozenset(members)


def _needs_them_twice(instance: int, members: set[int], wiring: Wiring) -> bool:
    def from_outside(origin: Origin) -> bool:
        return not (isinstance(origin, Export) and origin.instance in members)

    origins = {wiring.origin(instance, each) for each in wiring.modules[instance].imports}
    return any(from_outside(each) and wiring.needs(each) & members for each in origins)
