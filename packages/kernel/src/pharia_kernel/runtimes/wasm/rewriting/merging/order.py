"""Whether anything would see that instances are made in another order than the component says.

Making an instance fills tables and memories and runs its start function. The merged instance is made where the last of
its members stood: what stood between them is made before all members, or after all of them where it needs one.
"""

from __future__ import annotations

from collections.abc import Set

from pharia_kernel.runtimes.wasm.rewriting.core_module import MEMORY, TABLE
from pharia_kernel.runtimes.wasm.rewriting.errors import NotRewritable
from pharia_kernel.runtimes.wasm.rewriting.wiring import Export, Origin, Wiring

Filled = tuple[int, Origin]
"""Sort and origin of a table or memory."""


def check_order(wiring: Wiring, members: Set[int]) -> None:
    """Raises :class:`NotRewritable` where the order could be seen."""
    _check_members(wiring, members)
    for instance in range(min(members), max(members)):
        if instance in wiring.modules and instance not in members:
            later = {each for each in members if each > instance}
            _check_between(wiring, instance, later, late=not members.isdisjoint(wiring.needed_by(instance)))


def _check_members(wiring: Wiring, members: Set[int]) -> None:
    """A merged module fills everything before it runs anything."""
    started = False
    for each in sorted(members):
        module = wiring.modules[each]
        if started and (module.start is not None or _fills(wiring, each)):
            raise NotRewritable("one module runs before another is there")
        started = started or module.start is not None


def _check_between(wiring: Wiring, instance: int, later: Set[int], *, late: bool) -> None:
    if wiring.modules[instance].start is not None:
        raise NotRewritable("a module that runs stands between the others")
    if not late and _fills(wiring, instance):
        raise NotRewritable("a module between the others fills what they may fill as well")
    filled = _fills(wiring, instance)
    if late and any(wiring.modules[each].start is not None or filled & _fills(wiring, each) for each in later):
        raise NotRewritable("a module between the others is seen by one that comes later")


def _fills(wiring: Wiring, instance: int) -> set[Filled]:
    module = wiring.modules[instance]
    tables = {each.table for each in module.elements if each.offset is not None}
    memories = {0 for each in module.data if each.offset is not None}
    return {_item(wiring, instance, TABLE, each) for each in tables} | {
        _item(wiring, instance, MEMORY, each) for each in memories
    }


def _item(wiring: Wiring, instance: int, sort: int, number: int) -> Filled:
    """The same for all that fill it, by whatever names it reached them."""
    imported = [each for each in wiring.modules[instance].imports if each.sort == sort]
    if number >= len(imported):
        return sort, Export(instance, str(number))
    origin = wiring.origin(instance, imported[number])
    if not isinstance(origin, Export):
        return sort, origin
    return _item(wiring, origin.instance, *wiring.modules[origin.instance].exports[origin.name])
