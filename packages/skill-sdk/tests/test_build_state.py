"""Modules with their state written back in, and memory without leftovers: small modules run under wasmtime."""

from __future__ import annotations

import struct

import pytest
from wasmtime import Engine, Func, FuncType, Global, Instance, Memory, Module, Store, wat2wasm

from pharia_skill.builder import leb128
from pharia_skill.builder.snapshot.lasting import IMMORTAL, lasting
from pharia_skill.builder.snapshot.module import PAGE_BYTES, State, instrumented, variable_exports, with_state
from pharia_skill.builder.snapshot.tidy import Landmarks, holes, tidied

COUNTER = """
(module
  (import "env" "tick" (func $tick))
  (global $constant i32 (i32.const 7))
  (global $count (mut i32) (i32.const 0))
  (global $large (mut i64) (i64.const -1))
  (memory (export "memory") 1)
  (data (i32.const 8) "start")
  (func (export "count") (result i32)
    (global.set $count (i32.add (global.get $count) (global.get $constant)))
    (global.set $large (i64.const -70000000000))
    (i32.store8 (i32.const 8) (i32.const 83))
    (drop (memory.grow (i32.const 1)))
    (i32.store (i32.const 70000) (i32.const -2))
    (call $tick)
    (global.get $count))
  (func (export "large") (result i64) (global.get $large)))
"""


class Running:
    def __init__(self, binary: bytes) -> None:
        self.store = Store(Engine())
        self.module = Module(self.store.engine, binary)
        tick = Func(self.store, FuncType([], []), lambda: None)
        self.exports = Instance(self.store, self.module, [tick]).exports(self.store)

    def call(self, name: str) -> int:
        function = self.exports[name]
        assert isinstance(function, Func)
        return int(function(self.store))

    def value(self, name: str) -> int:
        found = self.exports[name]
        assert isinstance(found, Global)
        return int(found.value(self.store))

    def memory(self) -> bytes:
        found = self.exports["memory"]
        assert isinstance(found, Memory)
        return bytes(found.read(self.store, 0, found.data_len(self.store)))


def test_a_module_goes_on_where_another_stopped() -> None:
    binary = memoryview(bytes(wat2wasm(COUNTER)))
    names = variable_exports(binary)
    before = Running(instrumented(binary))
    assert [before.call("count"), before.call("count")] == [7, 14]
    state = State({index: before.value(name) for index, name in names.items()}, before.memory())

    after = Running(with_state(binary, state))

    assert len(names) == 2
    assert after.memory() == before.memory()
    assert after.memory()[8:13] == b"Start"
    assert after.call("large") == -70000000000
    assert after.call("count") == 21


def test_a_state_of_long_zeros_is_small() -> None:
    binary = memoryview(bytes(wat2wasm(COUNTER)))
    names = dict.fromkeys(variable_exports(binary), 0)
    memory = bytearray(4 * PAGE_BYTES)
    memory[100], memory[200_000] = 1, 2
    assert len(with_state(binary, State(names, bytes(memory)))) < len(binary) + 40
    assert Running(with_state(binary, State(names, bytes(memory)))).memory() == memory


def test_a_module_without_variables_is_left_alone() -> None:
    binary = memoryview(bytes(wat2wasm('(module (memory (import "env" "memory") 1) (func (export "f")))')))
    assert instrumented(binary) == binary
    assert with_state(binary, State({}, None)) == binary


@pytest.mark.parametrize("value", [0, 1, -1, 63, 64, -64, -65, 127, 128, 2**31 - 1, -(2**31), 2**63 - 1, -(2**63)])
def test_numbers_are_written_as_webassembly_reads_them(value: int) -> None:
    text = f'(module (global (export "g") i64 (i64.const {value})))'
    assert leb128.signed(value) + b"\x0b" in bytes(wat2wasm(text))


def test_numbers_are_read_back() -> None:
    for value in (0, 127, 128, 2**32 - 1):
        encoded = memoryview(leb128.unsigned(value))
        assert leb128.read(encoded, 0) == (value, len(encoded)) == (value, leb128.skip(encoded, 0))


def chunk(size: int, *, used: bool, content: bytes) -> bytes:
    return struct.pack("<II", 0, size | (2 if used else 0) | 1) + content.ljust(size - 8, b"\xee")


def test_what_is_free_is_zero_and_what_is_used_is_kept() -> None:
    used, free, tree = (
        chunk(48, used=True, content=b"kept"),
        chunk(64, used=False, content=b"links"),
        chunk(512, used=False, content=b"tree"),
    )
    heap = 8 + 0x1000
    memory = bytearray(0x1000) + bytearray(8) + used + free + tree + struct.pack("<II", 0, 7)
    memory = memory.ljust(65536 + 0x2000, b"\0")
    memory[:0x1000] = b"\xcc" * 0x1000
    result = tidied(bytearray(memory), Landmarks(0x1000, heap, ((heap + 20, 4),)))

    assert result[:0x1000] == bytes(0x1000)
    assert result[heap + 8 : heap + 12] == b"kept"
    assert result[heap + 20 : heap + 24] == bytes(4)
    second = heap + 48
    assert result[second + 8 : second + 16] == free[8:16]
    assert result[second + 16 : second + 64] == bytes(48)
    third = second + 64
    assert result[third + 8 : third + 32] == tree[8:32]
    assert result[third + 32 : third + 512] == bytes(480)


def test_memory_that_is_no_heap_is_left_alone() -> None:
    memory = bytes(range(256)) * 512
    assert tidied(bytearray(memory), Landmarks(0, 65536 * 2, ())) == memory


def test_holes_are_what_is_free_between_what_is_used() -> None:
    chunks = [
        chunk(48, used=True, content=b""),
        chunk(64, used=False, content=b""),
        chunk(48, used=True, content=b""),
        chunk(16, used=False, content=b""),
        chunk(48, used=True, content=b""),
        chunk(4096, used=False, content=b"the rest"),
        chunk(48, used=False, content=b"kept by the allocator"),
    ]
    memory = (bytes(0x1008) + b"".join(chunks) + struct.pack("<II", 0, 7)).ljust(65536, b"\0")
    assert holes(memory, Landmarks(0x1000, 0x1008, ())) == [8, 56]


def test_objects_become_immortal_and_what_is_none_is_left_alone() -> None:
    memory = struct.pack("<8I", 3, 100, 0, 100, 0x00A18C30, 100, IMMORTAL, 100)
    addresses = struct.pack("<4I", 0, 8, 16, 24)
    made = struct.unpack("<8I", lasting(memory, addresses))
    assert made == (IMMORTAL, 100, 0, 100, 0x00A18C30, 100, IMMORTAL, 100)
