"""VMs of an engine: they are freed when nobody needs them, and compile what skills run."""

from __future__ import annotations

import gc
import weakref

import pytest

from luaskills.context import VmKind
from luaskills.engine.options import PoolConfig
from luaskills.engine.pool import VmPool
from luaskills.engine.vm import Vm


@pytest.fixture
def without_collector():
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


@pytest.fixture
def pooled(each):
    """A function that makes a pool, and what is left of the VMs it made."""
    each.skill("one")
    host = each.engine()._calls.host
    made: list[weakref.ref[Vm]] = []

    def make(**chosen):
        def vm() -> Vm:
            fresh = Vm(host, VmKind.SKILL, limits)
            made.append(weakref.ref(fresh))
            return fresh

        limits = chosen.pop("limits", each.engines[0].options.limits)
        return VmPool(PoolConfig(min_size=0, max_size=1, idle_ttl_secs=60), vm, **chosen)

    return make, made


def test_a_vm_of_one_call_is_freed_with_the_call(pooled, without_collector):
    make, made = pooled
    with make(reuse=False).lend("") as vm:
        assert vm.run(vm.with_args("return 7", "test")) == (7,)
    del vm
    assert [vm() for vm in made] == [None]


def test_a_dropped_vm_is_freed_and_another_one_serves(pooled, without_collector):
    make, made = pooled
    pool = make()
    for dropped in (True, False, False):
        with pool.lend("") as vm:
            vm.dropped = dropped
    del vm
    assert [vm() is None for vm in made] == [True, False]


def test_a_retired_pool_frees_what_stands_ready(pooled, without_collector):
    make, made = pooled
    pool = make()
    with pool.lend("") as vm:
        pass
    del vm
    pool.retire()
    assert [vm() for vm in made] == [None]


def test_the_vm_that_makes_room_for_another_is_freed(pooled, without_collector):
    make, made = pooled
    pool = make()
    for key in ("one", "two"):
        with pool.lend(key) as vm:
            pass
    del vm
    assert [vm() is None for vm in made] == [True, False]


def test_luajit_compiles_from_the_first_call_on_unless_limits_forbid_it(site):
    if site.flavour != "luajit":
        pytest.skip("Lua 5.4 compiles nothing")
    site.skill("status", "return function() return tostring((jit.status())) end")
    assert site.engine(profile="trusted").call_skill("status-run").content == "true"
    assert site.engine(profile="standard", isolation="fresh").call_skill("status-run").content == "true"
    assert site.engine(profile="standard", limits={"time_ms": 60_000}).call_skill("status-run").content == "false"
