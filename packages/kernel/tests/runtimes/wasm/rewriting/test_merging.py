"""Components whose modules share a table answer the same when those are merged; all others stay as they are."""

from __future__ import annotations

import random

import pytest
import wasmtime
from wasmtime import component as api

from pharia_kernel.runtimes.wasm.host.engine import Engine, compile_component
from pharia_kernel.runtimes.wasm.rewriting.component import rewritten
from pharia_kernel.runtimes.wasm.rewriting.layout import layout_of

ENVIRONMENT = """
  (core module $environment
    (memory (export "memory") 1)
    (table (export "table") 16 funcref)
    (global (export "one-base") i32 (i32.const 2))
    (global (export "two-base") i32 (i32.const 8))
    (global (export "text") (mut i32) (i32.const 0))
    (data (i32.const 64) "environment"))
  (core instance $environment (instantiate $environment))
"""
ONE = """
  (core module $one
    (type $unused (func (param f64)))
    (type $unary (func (param i32) (result i32)))
    (import "env" "memory" (memory 1))
    (import "env" "table" (table 16 funcref))
    (import "env" "base" (global $base i32))
    (import "host" "host" (func $host (param i32) (result i32)))
    (global $calls (mut i32) (i32.const 0))
    (func $double (type $unary)
      (global.set $calls (i32.add (global.get $calls) (i32.const 1)))
      (i32.mul (local.get 0) (i32.const 2)))
    (func (export "calls") (result i32) (global.get $calls))
    (func (export "double") (type $unary) (call $double (local.get 0)))
    (func (export "ask") (type $unary) (call $host (local.get 0)))
    (elem (global.get $base) func $double)
    (data (global.get $base) "one"))
"""
TWO = """
  (core module $two
    (type $unary (func (param i32) (result i32)))
    (import "one" "double" (func $double (type $unary)))
    (import "one" "calls" (func $calls (result i32)))
    (import "one" "ask" (func $ask (type $unary)))
    (import "env" "memory" (memory 1))
    (import "env" "table" (table $table 16 funcref))
    (import "env" "base" (global $base i32))
    (import "env" "text" (global $text (mut i32)))
    (func $square (type $unary) (i32.mul (local.get 0) (local.get 0)))
    (func $begin (global.set $text (i32.const 64)))
    (start $begin)
    (func (export "run") (type $unary)
      (local $sum i32)
      (if (i32.eqz (global.get $text)) (then unreachable))
      (local.set $sum (call_indirect (type $unary) (local.get 0) (i32.const 2)))
      (local.set $sum (i32.add (local.get $sum) (call_indirect (type $unary) (local.get 0) (i32.const 8))))
      (local.set $sum (i32.add (local.get $sum) (call $double (i32.load8_u (global.get $text)))))
      (local.set $sum (i32.add (local.get $sum) (i32.load8_u (i32.const 2))))
      (local.set $sum (i32.add (local.get $sum) (call $ask (local.get 0))))
      (i32.add (local.get $sum) (i32.mul (call $calls) (i32.const 1000000))))
    (elem (table $table) (global.get $base) func $square))
"""
HEAD = """
  (import "host" (func $host (param "value" s32) (result s32)))
  (core func $host (canon lower (func $host)))
"""
INSTANCES = """
  (core instance $of-one
    (export "memory" (memory $environment "memory"))
    (export "table" (table $environment "table"))
    (export "base" (global $environment "one-base")))
  (core instance $host-functions (export "host" (func $host)))
  (core instance $one (instantiate $one (with "env" (instance $of-one)) (with "host" (instance $host-functions))))
  (core instance $of-two
    (export "memory" (memory $environment "memory"))
    (export "table" (table $environment "table"))
    (export "text" (global $environment "text"))
    (export "base" (global $environment "two-base")))
  (core instance $two (instantiate $two (with "env" (instance $of-two)) (with "one" (instance $one))))
"""
LIFT = """
  (func (export "run") (param "value" s32) (result s32) (canon lift (core func $two "run")))
"""


def merged(binary: bytes) -> bytes:
    """The component itself where nothing is merged."""
    return next(rewritten(binary), binary)


def component(*parts: str) -> bytes:
    return bytes(wasmtime.wat2wasm(f"(component {''.join(parts)})"))


WHOLE = component(HEAD, ENVIRONMENT, ONE, TWO, INSTANCES, LIFT)


def run(binary: bytes, value: int) -> object:
    engine = wasmtime.Engine()
    store = wasmtime.Store(engine)
    with api.Linker(engine) as linker:
        with linker.root() as root:
            root.add_func("host", lambda _, value: value + 1)
        instance = linker.instantiate(store, api.Component(engine, binary))
    function = instance.get_func(store, "run")
    assert function is not None
    return function(store, value)


def modules(binary: bytes) -> int:
    return len(layout_of(binary).modules)


def test_modules_that_share_a_table_become_one_that_answers_the_same() -> None:
    fewer = merged(WHOLE)
    assert (modules(WHOLE), modules(fewer)) == (3, 1)
    # twice and squared, twice the first letter, the data of the other module, the host's answer, two counted calls
    expected = 2 * 7 + 7 * 7 + 2 * ord("e") + ord("o") + 8 + 2_000_000
    assert run(WHOLE, 7) == run(fewer, 7) == expected


def test_what_is_merged_stays_as_it_is() -> None:
    fewer = merged(WHOLE)
    assert merged(fewer) is fewer


STUB = """
  (core module $stubs
    (table (export "late") 1 funcref)
    (type $unary (func (param i32) (result i32)))
    (func (export "host") (type $unary) (call_indirect (type $unary) (local.get 0) (i32.const 0))))
  (core instance $stubs (instantiate $stubs))
"""
LATE = """
  (core module $filler
    (import "" "late" (table 1 funcref))
    (import "" "host" (func $host (param i32) (result i32)))
    (elem (i32.const 0) func $host))
  (core func $lowered (canon lower (func $named) (memory (core memory $environment "memory"))))
  (core instance $late (export "late" (table $stubs "late")) (export "host" (func $lowered)))
  (core instance (instantiate $filler (with "" (instance $late))))
"""
NAMED_HOST = '(import "host" (func $named (param "value" s32) (result s32)))'
WITH_STUBS = component(
    NAMED_HOST,
    STUB,
    ENVIRONMENT,
    ONE,
    TWO,
    INSTANCES.replace('(export "host" (func $host))', '(export "host" (func $stubs "host"))'),
    LATE,
    LIFT,
)


def test_a_host_function_that_reads_their_memory_is_given_to_them_afterwards() -> None:
    """As tool chains do it: through a table that a module of its own fills at the end."""
    fewer = merged(WITH_STUBS)
    assert (modules(WITH_STUBS), modules(fewer)) == (5, 2)
    assert run(WITH_STUBS, 3) == run(fewer, 3)


QUIET_TWO = TWO.replace("(start $begin)", "").replace(
    "(if (i32.eqz (global.get $text)) (then unreachable))", "(call $begin)"
)
BETWEEN = """
  (core module $between {content})
  (core instance (instantiate $between {needed}))
  (core instance (instantiate $between {needed}))
  (core instance $of-two"""
"""A module that is used twice is not merged."""
TO_ENVIRONMENT = '(with "e" (instance $environment))'


def test_an_instance_between_them_that_needs_one_is_made_after_them() -> None:
    between = BETWEEN.format(
        content='(import "e" "memory" (memory 1)) (data (i32.const 64) "E")', needed=TO_ENVIRONMENT
    )
    instances = INSTANCES.replace("(core instance $of-two", between)
    whole = component(HEAD, ENVIRONMENT, ONE, QUIET_TWO, instances, LIFT)
    fewer = merged(whole)
    assert (modules(whole), modules(fewer)) == (4, 2)
    assert run(whole, 3) == run(fewer, 3)


@pytest.mark.parametrize(
    ("text", "replacement"),
    [
        ('(data (i32.const 64) "environment")', '(func $early) (start $early) (data (i32.const 64) "environment")'),
        ("(local $sum i32)", "(local $sum i32) (local externref) (drop (ref.i31 (i32.const 0)))"),
        ("(type $unused (func (param f64)))", "(type $unused (struct))"),
        ('(memory (export "memory") 1)', '(memory (export "memory") 1) (memory 1)'),
        ("(global $calls (mut i32) (i32.const 0))", "(global $calls (mut i32) (i32.add (i32.const 0) (i32.const 0)))"),
    ],
)
def test_what_can_not_be_merged_stays_as_it_is(text: str, replacement: str) -> None:
    parts = "".join((HEAD, ENVIRONMENT, ONE, TWO, INSTANCES, LIFT))
    assert text in parts
    binary = component(parts.replace(text, replacement))
    assert merged(binary) is binary


def test_a_start_function_that_asks_the_host_finds_its_functions_in_place() -> None:
    """They are put into the table by an instance that stands before it and that needs the memory of another."""
    starts = TWO.replace("(global.set $text", "(drop (call $ask (i32.const 1))) (global.set $text")
    before = INSTANCES.replace("(core instance $of-two", f"{LATE} (core instance $of-two")
    instances = before.replace('(export "host" (func $host))', '(export "host" (func $stubs "host"))')
    binary = component(NAMED_HOST, STUB, ENVIRONMENT, ONE, starts, instances, LIFT)
    assert run(binary, 3) is not None
    assert merged(binary) is binary


@pytest.mark.parametrize(
    ("content", "needed", "two"),
    [
        ('(import "e" "memory" (memory 1)) (data (i32.const 8) "A")', TO_ENVIRONMENT, '(data (global.get $base) "B")'),
        ('(import "e" "memory" (memory 1)) (data (i32.const 8) "A")', TO_ENVIRONMENT, "(func $late) (start $late)"),
        ('(import "e" "memory" (memory 1)) (func $now) (start $now)', TO_ENVIRONMENT, ""),
        ("(func $now) (start $now)", "", ""),
        ('(memory 1) (data (i32.const 64) "A")', "", ""),
    ],
    ids=["overwritten", "read", "runs after a member", "runs", "writes"],
)
def test_instances_are_made_in_another_order_only_where_nobody_sees_it(content: str, needed: str, two: str) -> None:
    between = BETWEEN.format(content=content, needed=needed)
    instances = INSTANCES.replace("(core instance $of-two", between)
    two = QUIET_TWO.replace("(func $square", f"{two} (func $square")
    binary = component(HEAD, ENVIRONMENT, ONE, two, instances, LIFT)
    assert merged(binary) is binary


def test_a_resource_with_a_destructor_keeps_all_apart() -> None:
    resource = """
      (core module $resource (func (export "drop") (param i32)))
      (core instance $resource (instantiate $resource))
      (type $owned (resource (rep i32) (dtor (core func $resource "drop"))))
    """
    binary = component(HEAD, resource, ENVIRONMENT, ONE, TWO, INSTANCES, LIFT)
    assert merged(binary) is binary


def test_modules_with_tables_of_their_own_stay_apart() -> None:
    binary = component("(core module (table 1 funcref) (func $f) (elem (i32.const 0) func $f))", ENVIRONMENT)
    assert merged(binary) is binary


def test_a_module_that_is_used_twice_stays_apart_and_so_does_what_needs_it() -> None:
    twice = (
        '(core instance (instantiate $one (with "env" (instance $of-one)) (with "host" (instance $host-functions))))'
    )
    binary = component(HEAD, ENVIRONMENT, ONE, TWO, INSTANCES, twice, LIFT)
    assert merged(binary) is binary


def test_files_that_end_early_come_back_as_they_are() -> None:
    for length in range(len(WHOLE)):
        binary = WHOLE[:length]
        assert merged(binary) is binary or modules(merged(binary)) < 3


def test_damaged_files_are_left_to_the_compiler() -> None:
    chance = random.Random(7)
    for _ in range(3000):
        damaged = bytearray(WHOLE)
        for _ in range(chance.randint(1, 4)):
            damaged[chance.randrange(8, len(damaged))] = chance.randrange(256)
        merged(bytes(damaged))


def test_an_engine_takes_what_was_merged(caplog: pytest.LogCaptureFixture) -> None:
    """Also with several tables in one module."""
    compile_component(Engine(2, 1 << 20), WITH_STUBS)
    assert not caplog.records
