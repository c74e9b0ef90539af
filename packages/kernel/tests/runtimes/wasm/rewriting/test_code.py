"""Every instruction keeps its meaning when what it names has other numbers."""

from __future__ import annotations

import pytest
import wasmtime

from pharia_kernel.runtimes.wasm.rewriting.core_module import core_module
from pharia_kernel.runtimes.wasm.rewriting.errors import NotRewritable
from pharia_kernel.runtimes.wasm.rewriting.merging.code import Numbers, Rewriter

PLAIN = """
  (block) (block (result i32) (i32.const 1)) (drop) (loop) (if (local.get 0) (then nop) (else nop))
  (block $a (block $b (br_table $a $b $a (local.get 0)))) (block (br_if 0 (local.get 0))) (block (br 0))
  (drop (select (i32.const 1) (i32.const -70000) (local.get 0)))
  (drop (select (result f64) (f64.const 1) (f64.const 2) (local.get 0)))
  (local.set 0 (local.tee 0 (i32.const 300)))
  (drop (i64.const -5000000000)) (drop (f32.const 16)) (drop (f64.const 35.5))
  (drop (i32.load8_u offset=70000 (local.get 0))) (i64.store align=4 (local.get 0) (i64.const 16))
  (drop (memory.size)) (drop (memory.grow (i32.const 0)))
  (memory.copy (local.get 0) (local.get 0) (local.get 0)) (memory.fill (local.get 0) (local.get 0) (local.get 0))
  (drop (i32.trunc_sat_f64_u (f64.const 1))) (drop (i32.extend8_s (i32.const 16)))
  (drop (ref.is_null (ref.null func))) (drop (ref.null extern))
  (drop (v128.load offset=200 (local.get 0))) (drop (v128.const i32x4 16 17 18 19))
  (drop (i8x16.shuffle 16 17 18 19 16 17 18 19 16 17 18 19 16 17 18 19
    (v128.load (local.get 0)) (v128.load (local.get 0))))
  (drop (i8x16.extract_lane_u 15 (v128.load (local.get 0)))) (drop (i32x4.splat (i32.const 16)))
  (drop (v128.load8_lane 3 (local.get 0) (v128.load (local.get 0)))) (drop (v128.load32_zero (local.get 0)))
  (drop (f64x2.mul (v128.load (local.get 0)) (v128.load (local.get 0))))
  (drop (i8x16.relaxed_swizzle (v128.load (local.get 0)) (v128.load (local.get 0))))
  (block (return)) (block (unreachable))
"""
NAMED = {
    "(call 1)": "functions",
    "(return_call 1)": "functions",
    "(drop (ref.func 1))": "functions",
    "(call_indirect (type 1) (i32.const 16))": "types",
    "(return_call_indirect (type 1) (i32.const 16))": "types",
    "(call_indirect 1 (type 0) (i32.const 16) (i32.const 16))": "tables",
    "(i64.const 16) (i32.const 16) (block (type 2) (drop) (drop))": "types",
    "(drop (global.get 1))": "globals",
    "(global.set 1 (i32.const 16))": "globals",
    "(drop (table.get 1 (i32.const 16)))": "tables",
    "(table.set 1 (i32.const 16) (ref.null func))": "tables",
    "(drop (table.size 1))": "tables",
    "(drop (table.grow 1 (ref.null func) (i32.const 16)))": "tables",
    "(table.fill 1 (i32.const 16) (ref.null func) (i32.const 16))": "tables",
    "(table.copy 1 0 (i32.const 16) (i32.const 16) (i32.const 16))": "tables",
    "(table.init 0 1 (i32.const 16) (i32.const 16) (i32.const 16))": "elements",
    "(elem.drop 1)": "elements",
    "(memory.init 1 (i32.const 16) (i32.const 16) (i32.const 16))": "data",
    "(data.drop 1)": "data",
}
"""Instructions that name something with the number 1 (types: also 2), and what that is."""
SPACES = ("types", "functions", "tables", "memories", "globals", "elements", "data")
HIGHER = 8300
"""Needs another byte."""


def body(text: str) -> bytes:
    """Of a function with a local, in a module that has two of everything."""
    module = f"""
      (module
        (type (func (param i32))) (type (func)) (type (func (param i64 i32)))
        (memory 1) (table 1 funcref) (table 1 funcref)
        (global (mut i32) (i32.const 0)) (global (mut i32) (i32.const 0))
        (func (type 0) {text}) (func (type 1))
        (elem func 1) (elem func 1) (data "one") (data "two"))
    """
    return core_module(bytes(wasmtime.wat2wasm(module))).code[0]


def rewritten(old: bytes, **others: range) -> bytes:
    numbers = {space: others.get(space, range(HIGHER)) for space in SPACES}
    return next(Rewriter(Numbers(**numbers)).bodies([old]))


def test_instructions_that_name_nothing_stay_as_they_are() -> None:
    nothing = {space: range(0) for space in SPACES}
    assert rewritten(body(PLAIN), **nothing) == body(PLAIN)


@pytest.mark.parametrize(("text", "space"), NAMED.items())
def test_names_get_their_new_numbers(text: str, space: str) -> None:
    old = body(text)
    higher = rewritten(old, **{space: range(HIGHER, 2 * HIGHER)})
    assert len(higher) > len(old)
    others = {other: range(HIGHER) for other in SPACES}
    back = {number: number - HIGHER for number in range(HIGHER, 2 * HIGHER)}
    lower = next(Rewriter(Numbers(**{**others, space: back})).bodies([higher]))  # type: ignore[arg-type]  # by number
    assert lower == old


def test_a_block_type_is_read_as_a_signed_number() -> None:
    """64 takes two bytes: one byte of 0x40 is a block without a type."""
    old = body("(i64.const 16) (i32.const 16) (block (type 2) (drop) (drop))")
    assert b"\x02\xc0\x00" in rewritten(old, types=range(62, 70))


@pytest.mark.parametrize("instruction", [b"\x06\x40\x0b", b"\xfe\x03\x00", b"\xfb\x1c", b"\xfc\x12\x00", b"\x02\x63"])
def test_what_is_not_known_is_not_merged(instruction: bytes) -> None:
    """An old exception, an atomic fence, a small integer as reference, something new, a block of references."""
    with pytest.raises(NotRewritable):
        rewritten(b"\0" + instruction + b"\x0b")


def test_a_local_of_an_unknown_type_is_not_merged() -> None:
    with pytest.raises(NotRewritable):
        rewritten(b"\x01\x01\x63\x0b")
