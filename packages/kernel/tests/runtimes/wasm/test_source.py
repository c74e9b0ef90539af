"""Input a component file carries for the guest in it."""

from __future__ import annotations

from pathlib import Path

import pytest

from components import wat
from components.loading import Load
from pharia_kernel.csi.forbidden import ForbiddenCsi
from pharia_kernel.runtimes.wasm.source import SECTION, split_source

_STDIN = f"""
      (import "wasi:io/error@0.2.0" (instance $errors (export "error" (type (sub resource)))))
      (alias export $errors "error" (type $error))
      (import "wasi:io/streams@0.2.0" (instance $streams
        (export "input-stream" (type $in (sub resource)))
        (alias outer 1 $error (type $outer))
        (export "error" (type $e (eq $outer)))
        (type $cases (variant (case "last-operation-failed" (own $e)) (case "closed")))
        (export "stream-error" (type $failure (eq $cases)))
        (export "[method]input-stream.blocking-read"
          (func (param "self" (borrow $in)) (param "len" u64) (result (result (list u8) (error $failure)))))
        (export "[method]input-stream.blocking-skip"
          (func (param "self" (borrow $in)) (param "len" u64) (result (result u64 (error $failure)))))))
      (alias export $streams "input-stream" (type $input-stream))
      (import "wasi:cli/stdin@0.2.0" (instance $stdin
        (alias outer 1 $input-stream (type $outer))
        (export "input-stream" (type $own (eq $outer)))
        (export "get-stdin" (func (result (own $own))))))
      (core func $get (canon lower (func $stdin "get-stdin")))
      (core func $read (canon lower (func $streams "[method]input-stream.blocking-read") {wat.LOWER}))
      (core func $skip (canon lower (func $streams "[method]input-stream.blocking-skip") {wat.LOWER}))
      (core instance $host (export "get" (func $get)) (export "read" (func $read)) (export "skip" (func $skip)))
"""
_HOSTS = """
        (import "host" "get" (func $get (result i32)))
        (import "host" "read" (func $read (param i32 i64 i32)))
        (import "host" "skip" (func $skip (param i32 i64 i32)))
"""
READER = wat.text_skill(
    """
          (local $stdin i32)
          (local.set $stdin (call $get))
          (call $skip (local.get $stdin) (i64.const 1) (i32.const 32))
          (call $read (local.get $stdin) (i64.extend_i32_u (local.get $length)) (i32.const 32))
          (call $read (local.get $stdin) (i64.const 1000) (i32.const 48))
          (local.set $address (i32.load (i32.const 52)))
          (local.set $length (select (i32.const 0) (i32.load (i32.const 56)) (i32.load8_u (i32.const 48))))
    """,
    imports=_STDIN,
    hosts=_HOSTS,
)
"""Answers what is left of standard input after one byte and as many as the skill's input has."""


def section(content: bytes, name: bytes = SECTION.encode()) -> bytes:
    body = _number(len(name)) + name + content
    return b"\0" + _number(len(body)) + body


def _number(value: int) -> bytes:
    digits = bytearray()
    while value > 127:
        digits.append(value & 127 | 128)
        value >>= 7
    return bytes([*digits, value])


def _compiled(folder: Path) -> set[Path]:
    return set(folder.rglob("*.cwasm"))


async def answer(load: Load, code: bytes) -> bytes:
    skill = await load(code)
    return await skill.run(b'"12"', ForbiddenCsi(), None)


async def test_a_guest_reads_what_its_file_carries(load: Load) -> None:
    assert await answer(load, READER + section(b"-12the rest")) == b'"the rest"'


async def test_a_guest_whose_file_carries_nothing_finds_the_end(load: Load) -> None:
    assert await answer(load, READER) == b'""'


async def test_every_call_reads_from_the_beginning(load: Load) -> None:
    skill = await load(READER + section(b"-12again"))
    answers = [await skill.run(b'"12"', ForbiddenCsi(), None) for _ in range(3)]
    assert answers == [b'"again"'] * 3


async def test_another_source_is_another_digest_but_the_same_code(load: Load, tmp_path: Path) -> None:
    first = await load(READER + section(b"-12one"))
    compiled = _compiled(tmp_path)
    second = await load(READER + section(b"-12two"))
    assert await first.run(b'"12"', ForbiddenCsi(), None) == b'"one"'
    assert await second.run(b'"12"', ForbiddenCsi(), None) == b'"two"'
    assert first.digest != second.digest
    assert _compiled(tmp_path) == compiled


@pytest.mark.parametrize("content", [b"", b"x", bytes(100_000)])
def test_the_section_is_cut_out_wherever_it_stands(content: bytes) -> None:
    tail = section(b"kept", b"other")
    assert split_source(READER + section(content) + tail) == (READER + tail, content)


@pytest.mark.parametrize(
    "code",
    [
        b"",
        b"text",
        READER,
        READER + b"\0",
        READER + b"\0\xff",
        READER + b"\0\x05\xff\xff\xff",
        READER[:50],
        b"\0asm\x01\0\0\0" + section(b"x"),
    ],
    ids=["empty", "text", "without", "ends", "in a number", "in a name", "cut", "a module"],
)
def test_what_has_no_readable_section_comes_back_as_it_is(code: bytes) -> None:
    assert split_source(code) == (code, b"")
