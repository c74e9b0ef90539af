"""Exported functions take and give the same bytes and texts whether they cross as lists or as texts."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import wasmtime

from pharia_kernel.runtimes.wasm.host.errors import GuestTrap
from pharia_kernel.runtimes.wasm.host.host import ComponentHost
from pharia_kernel.runtimes.wasm.host.types import BYTES, FunctionType, ListOf
from pharia_kernel.runtimes.wasm.rewriting.component import rewritten

MIB = 1 << 20
SPREAD = bytes(range(256)) * 10
BUMP = """
  (global $free (mut i32) (i32.const 4096))
  (global $asked (mut i32) (i32.const 0))
  (func $realloc (export "realloc") (param $old i32) (param i32 i32) (param $size i32) (result i32)
    (if (local.get $old) (then unreachable))
    (global.set $asked (i32.add (global.get $asked) (i32.const 1)))
    (global.set $free (i32.and (i32.add (global.get $free) (i32.const 8)) (i32.const -8)))
    (global.get $free)
    (global.set $free (i32.add (global.get $free) (local.get $size))))
"""
"""Can neither shrink nor grow what it gave."""
LIFT = """(canon lift (core func $i "run") (memory (core memory $i "memory")) (realloc (core func $i "realloc")))"""


@pytest.fixture(autouse=True)
def _valid(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """What is rewritten is valid, or the component would run as it is."""
    yield
    assert "not valid" not in caplog.text


def component(core: str, function: str, types: str = "") -> bytes:
    return bytes(
        wasmtime.wat2wasm(f"""
        (component
          (core module $m (memory (export "memory") 64) {BUMP} {core})
          (core instance $i (instantiate $m))
          {types}
          (func (export "run") {function} {LIFT}))""")
    )


def echo(shift: int) -> bytes:
    """Answers with its argument, copied to an address with this rest when divided by eight."""
    return component(
        f"""
        (func (export "run") (param $address i32) (param $length i32) (result i32)
          (local $copy i32)
          (local.set $copy (i32.add (i32.const {2 * MIB}) (i32.const {shift})))
          (memory.copy (local.get $copy) (local.get $address) (local.get $length))
          (i32.store (i32.const 0) (local.get $copy))
          (i32.store (i32.const 4) (local.get $length))
          (i32.const 0))""",
        '(param "in" (list u8)) (result (list u8))',
    )


Answer = Callable[..., Any]
"""Of a component to arguments."""


@pytest.fixture(scope="module")
def answer() -> Iterator[Answer]:
    with ComponentHost(threads=1) as host:

        async def ask(binary: bytes, arguments: tuple[Any, ...]) -> Any:
            linked = host.load(binary, lambda name, interface: None)
            assert list(linked.shape.exports)[-1:] == ["run"]
            execution = host.execution(linked, linked.function(None, "run"), None, memory_bytes=16 * MIB)
            return await execution.run(arguments)

        yield lambda binary, *arguments: asyncio.run(ask(binary, arguments))


def is_packed(binary: bytes) -> bool:
    return any(b"bytes-as-texts" in each for each in rewritten(binary))


@pytest.mark.parametrize("data", [b"", b"a", b"text", "grüße".encode(), b"\xff", b"\0\x80", SPREAD, b"\xc3" * 70_000])
@pytest.mark.parametrize("shift", [0, 1, 4, 7])
def test_any_bytes_come_back_from_any_address(data: bytes, shift: int, answer: Answer) -> None:
    assert is_packed(echo(shift))
    assert answer(echo(shift), data) == data


def test_types_are_those_that_were_declared() -> None:
    with ComponentHost(threads=1) as host:
        shape = host.load(echo(0), lambda name, interface: None).shape
    assert shape.exports == {"run": FunctionType((BYTES,), BYTES)}
    assert shape.exports["run"] == FunctionType((ListOf(BYTES.element, packed=True),), BYTES)


def test_a_guest_is_asked_for_memory_once_whatever_the_bytes(answer: Answer) -> None:
    counts = component(
        '(func (export "run") (param i32 i32 i32 i32) (result i32) (global.get $asked))',
        '(param "one" (list u8)) (param "two" (list u8)) (result u32)',
    )
    assert is_packed(counts)
    assert answer(counts, b"plain", "grüße".encode()) == 2


def test_texts_beside_bytes_keep_all_their_characters(answer: Answer) -> None:
    binary = component(
        """
        (func (export "run") (param $a i32) (param $b i32) (param $c i32) (param $d i32) (result i32)
          (i32.store (i32.const 0) (local.get $a)) (i32.store (i32.const 4) (local.get $b))
          (i32.store (i32.const 8) (local.get $c)) (i32.store (i32.const 12) (local.get $d))
          (i32.const 0))""",
        '(param "one" string) (param "two" (list u8)) (result (tuple string (list u8)))',
    )
    assert is_packed(binary)
    assert answer(binary, "grüße \0 🐦 漢字", b"\xf0\x9f") == ("grüße \0 🐦 漢字", b"\xf0\x9f")


@pytest.mark.parametrize(
    ("pair", "reason"),
    [
        (f"(i32.const 0) (i64.const {(2 << 32) + 16})", "not UTF-8"),
        (f"(i32.const 0) (i64.const {(0x80000001 << 32) + 16})", "2,147,483,647"),
        (f"(i32.const 0) (i64.const {(0x7FFFFFFF << 32) + 17})", "out of bounds|memory"),
    ],
)
def test_what_is_no_text_and_what_is_too_long_ends_the_call(pair: str, reason: str, answer: Answer) -> None:
    text = "string" if "UTF-8" in reason else "(list u8)"
    binary = component(
        f"""
        (data (i32.const 16) "\\ff\\ff")
        (func (export "run") (param i32 i32) (result i32)
          (i64.store {pair}) (i64.store offset=8 {pair}) (i32.const 0))""",
        f'(param "in" (list u8)) (result (tuple {text} {text}))',
    )
    assert is_packed(binary)
    with pytest.raises(GuestTrap, match=reason):
        answer(binary, b"")


@pytest.mark.parametrize(
    ("function", "types"),
    [
        ('(param "in" string) (result string)', ""),
        ('(param "in" (list u8)) (result (list string))', ""),
        ('(param "in" (list u8)) (result (list (list u8)))', ""),
        ('(param "in" (list u8)) (result (tuple string))', ""),
        ('(param "in" (list u8)) (result (list u8))', '(import "log" (func (param "text" string)))'),
        (
            '(param "in" (list u8)) (result (list u8))',
            """(import "log" (instance $log (export "put" (func (param "text" string)))))
            (export "log-again" (instance $log))""",
        ),
        (
            '(param "in" (list u8)) (result (list u8))',
            """(import "log" (instance $log (export "put" (func (param "text" string)))))
            (alias export $log "put" (func $put)) (export "put" (func $put))""",
        ),
        (
            '(param "in" (list u8)) (result (list u8))',
            """(type $bytes (list u8))
            (import "sink" (instance (alias outer 1 $bytes (type $b)) (export "put" (func (param "b" $b)))))""",
        ),
    ],
)
def test_what_could_be_misread_stays_as_it_is(function: str, types: str) -> None:
    core = '(func (export "run") (param i32 i32) (result i32) unreachable)'
    assert not is_packed(component(core, function, types))


def test_other_encodings_stay_as_they_are() -> None:
    binary = wasmtime.wat2wasm(f"""
        (component
          (core module $m (memory (export "memory") 1) {BUMP}
            (func (export "run") (param i32 i32) (result i32) unreachable))
          (core instance $i (instantiate $m))
          (func (export "run") (param "in" (list u8)) (result string) {LIFT[:-1]} string-encoding=utf16)))""")
    assert not is_packed(bytes(binary))


def is_valid(binary: bytes) -> bool:
    try:
        wasmtime.component.Component(wasmtime.Engine(), binary)
    except wasmtime.WasmtimeError:
        return False
    return True


def test_what_is_not_valid_is_not_made_so() -> None:
    whole, chance = echo(1), random.Random(5)
    damaged = [whole[:length] for length in range(8, len(whole))]
    for _ in range(400):
        place = chance.randrange(8, len(whole))
        damaged.append(whole[:place] + bytes([chance.randrange(256)]) + whole[place + 1 :])
    for each in damaged:
        forms = list(rewritten(each))
        assert is_valid(each) or not any(map(is_valid, forms))


ARENA = 2 * MIB
MOVES = f"""
  (global $arena (mut i32) (i32.const {ARENA}))
  (global $free (mut i32) (i32.const 4096))
  (global $size (mut i32) (i32.const 0))
  (func $text (param $size i32) (result i32)
    (global.get $arena)
    (global.set $arena
      (i32.and (i32.add (global.get $arena) (i32.add (local.get $size) (i32.const 9))) (i32.const -2))))
  (func (export "realloc") (param i32 i32) (param $alignment i32) (param $size i32) (result i32)
    (if (i32.le_u (local.get $alignment) (i32.const 2)) (then (return (call $text (local.get $size)))))
    (global.set $size (local.get $size))
    (global.get $free))
  (func (export "run") (param $value i32) (result i32)
    (local $at i32) (local $begin i32) (local $moved i32)
    (local.set $at (local.get $value))
    (loop $next
      (local.set $begin (i32.load (local.get $at)))
      (if (i32.lt_u (i32.sub (local.get $begin) (i32.const {ARENA})) (i32.const {2 * MIB}))
        (then
          (local.set $moved (i32.add (call $text (i32.load offset=4 (local.get $at))) (i32.const 1)))
          (memory.copy (local.get $moved) (local.get $begin) (i32.load offset=4 (local.get $at)))
          (i32.store (local.get $at) (local.get $moved))))
      (local.set $at (i32.add (local.get $at) (i32.const 4)))
      (br_if $next (i32.lt_u (local.get $at) (i32.add (local.get $value) (global.get $size)))))
    (local.get $value))
"""
"""Gives back what it is given. Whatever looks like the address of a text is made an odd one."""


class Chance:
    """Types and values of them, and definitions for those types that need a name."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)
        self.definitions: list[str] = []

    def value(self, depth: int) -> tuple[str, Any]:
        compound = [self._record, self._tuple, self._variant, self._option, self._result] if depth else []
        return self._random.choice([self._plain, self._text, *compound, *compound])(depth - 1)

    def _named(self, text: str) -> str:
        number = len(self.definitions)
        self.definitions.append(f'(type $of-{number} {text}) (export $t-{number} "t-{number}" (type $of-{number}))')
        return f"$t-{number}"

    def _plain(self, _: int) -> tuple[str, Any]:
        number = self._random.randint(0, 100)
        flags = [f"f{at}" for at in range(self._random.choice([1, 8, 9, 17, 32]))]
        return self._random.choice(
            [
                ("u8", number),
                ("s16", -number),
                ("u32", number),
                ("u64", number),
                ("f64", float(number)),
                ("char", chr(number + 32)),
                ("bool", number > 50),
                (self._named('(enum "a" "b")'), "b"),
                (self._named(f"(flags {_quoted(flags)})"), frozenset(flags[::2])),
            ]
        )

    def _text(self, _: int) -> tuple[str, Any]:
        length = self._random.choice([0, 1, 2, 7, 30])
        return self._random.choice(
            [
                ("(list u8)", self._random.randbytes(length)),
                ("string", "".join(self._random.choices("aß漢🐦", k=length))),
            ]
        )

    def _members(self, depth: int) -> list[tuple[str, Any]]:
        return [self.value(depth) for _ in range(self._random.randint(1, 4))]

    def _record(self, depth: int) -> tuple[str, Any]:
        members = self._members(depth)
        fields = " ".join(f'(field "f{at}" {kind})' for at, (kind, _) in enumerate(members))
        return self._named(f"(record {fields})"), {f"f{at}": value for at, (_, value) in enumerate(members)}

    def _tuple(self, depth: int) -> tuple[str, Any]:
        members = [("u8", 7), *self._members(depth)]
        return f"(tuple {' '.join(kind for kind, _ in members)})", tuple(value for _, value in members)

    def _variant(self, depth: int) -> tuple[str, Any]:
        members = [*self._members(depth), None, *[None] * self._random.choice([0, 0, 0, 300])]
        chosen = self._random.randrange(len(members))
        self._random.shuffle(members)
        cases = " ".join(f'(case "c{at}"{" " + each[0] if each else ""})' for at, each in enumerate(members))
        member = members[chosen]
        return self._named(f"(variant {cases})"), (f"c{chosen}", member and member[1])

    def _option(self, depth: int) -> tuple[str, Any]:
        kind, value = self._tuple(depth)
        return f"(option {kind})", self._random.choice([None, value])

    def _result(self, depth: int) -> tuple[str, Any]:
        (ok, good), (err, bad) = self.value(depth), self.value(depth)
        return f"(result {ok} (error {err}))", self._random.choice([("ok", good), ("err", bad)])


def _quoted(names: list[str]) -> str:
    return " ".join(f'"{each}"' for each in names)


@pytest.mark.parametrize("seed", range(60))
def test_texts_are_found_wherever_they_are_in_a_value(seed: int, answer: Answer) -> None:
    chance = Chance(seed)
    kind, value = chance.value(3)
    many = f"(tuple (list u8) {kind} {'u8 ' * 16})"
    """More than is passed one by one: the guest gets an address, as it gives one."""
    binary = bytes(
        wasmtime.wat2wasm(f"""
        (component
          (core module $m (memory (export "memory") 64) {MOVES})
          (core instance $i (instantiate $m))
          {" ".join(chance.definitions)}
          (func (export "run") (param "in" {many}) (result {many}) {LIFT}))""")
    )
    given = (b"\x80bytes", value, *range(16))
    assert is_packed(binary)
    assert answer(binary, given) == given
