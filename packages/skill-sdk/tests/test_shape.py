"""What a component's file tells, on files made from text and by hand."""

from __future__ import annotations

import json

import pytest
from wasmtime import wat2wasm

from pharia_skill.builder.build_note import build_note
from pharia_skill.builder.shape import ShapeKind, shape_of
from pharia_skill.builder.wasm import METADATA, NOTE, with_section
from pharia_skill.errors import NotAComponent

SKILL = '(component (instance $i) (export "pharia:skill/skill-handler@0.4.0" (instance $i)))'
MODULE = b"\0asm\x01\0\0\0"
COMPONENT = b"\0asm\x0d\0\x01\0"


def made(text: str) -> bytes:
    return bytes(wat2wasm(text))


@pytest.mark.parametrize(
    ("export", "kind", "wit"),
    [
        ("pharia:skill/skill-handler@0.3.11", ShapeKind.SKILL, "0.3.11"),
        ("pharia:skill/message-stream@0.4.0", ShapeKind.MESSAGE_STREAM_SKILL, "0.4.0"),
        ("pharia:skill/skill-handler", ShapeKind.SKILL, None),
        ("pharia:skill/inference@0.4.0", ShapeKind.OTHER, None),
        ("run", ShapeKind.UNVERSIONED_SKILL, None),
        ("wasi:http/incoming-handler@0.2.0", ShapeKind.OTHER, None),
    ],
)
def test_the_exports_tell_the_kind_and_the_interface(export: str, kind: ShapeKind, wit: str | None) -> None:
    shape = shape_of(made(f'(component (instance $i) (export "{export}" (instance $i)))'))
    assert (shape.kind, shape.wit, shape.exports) == (kind, wit, (export,))


def test_imports_and_exports_of_every_sort_are_named() -> None:
    shape = shape_of(
        made("""(component
          (import "m" (core module $m (export "f" (func))))
          (import "f" (func $f (param "a" string) (result u32)))
          (import "r" (type $r (sub resource)))
          (type $t (record (field "x" u8)))
          (import "t" (type (eq $t)))
          (import "c" (component))
          (import "pharia:skill/tool@0.4.0" (instance (export "x" (func))))
          (export "module" (core module $m))
          (export "function" (func $f))
          (export $renamed "type" (type $t))
          (export "described" (func $f) (func (param "a" string) (result u32))))""")
    )
    assert shape.imports == ("m", "f", "r", "t", "c", "pharia:skill/tool@0.4.0")
    assert shape.exports == ("module", "function", "type", "described")


def test_bytes_are_counted_through_all_modules_inside() -> None:
    inner = '(core module (memory 1) (data (i32.const 0) "1234567890") (func))'
    shape = shape_of(with_section(made(f"(component {inner} (component {inner}))"), "extra", bytes(1000)))
    parts = {part.name: part for part in shape.parts}
    assert shape.parts[0].name == "custom extra"
    assert (parts["data"].count, parts["code"].count) == (2, 2)
    assert parts["data"].size >= 20
    assert shape.notes["extra"] == bytes(1000)


@pytest.mark.parametrize(
    ("binary", "said"),
    [
        (b"", "an empty file"),
        (b"\x7fELF and more", "begins with"),
        (b"#!/bin/sh\n", "no WebAssembly component"),
        (MODULE, "core WebAssembly module"),
        (b"\0asm\x0e\0\x01\0", "unknown layout"),
        (b"\0asm", "unknown layout"),
        (COMPONENT + b"\x0b", "damaged"),
        (COMPONENT + b"\x0b\x05abc", "damaged"),
        (COMPONENT + b"\x0b\x02\x01\x00", "damaged"),
        (COMPONENT + b"\x0b\x03\x01\x07\x00", "damaged"),
        (COMPONENT + b"\x0b\x03\x01\x00\x7f", "damaged"),
        (COMPONENT + b"\x0a\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff", "damaged"),
        (COMPONENT + b"\x01\x02ab", "damaged"),
    ],
)
def test_everything_else_is_refused_with_a_reason(binary: bytes, said: str) -> None:
    with pytest.raises(NotAComponent, match=said):
        shape_of(binary)


def test_a_file_cut_off_anywhere_does_no_harm() -> None:
    binary = made(SKILL)
    for length in range(len(binary)):
        try:
            shape_of(binary[:length])
        except NotAComponent:
            continue


def test_what_the_build_wrote_is_read_back() -> None:
    note, metadata = {"sdk": "0.21.0", "module": "haiku"}, {"description": "Poems"}
    binary = with_section(
        with_section(made(SKILL), NOTE, json.dumps(note).encode()), METADATA, json.dumps(metadata).encode()
    )
    found = build_note(binary, shape_of(binary))
    assert (found.sdk, found.note, found.metadata) == ("0.21.0", note, metadata)


def test_other_builds_are_known_by_their_traces() -> None:
    binary = with_section(made(SKILL), "data", b"/site-packages/pharia_skill-0.19.2.dist-info/METADATA")
    found = build_note(binary, shape_of(binary))
    assert (found.sdk, found.note, found.metadata) == ("0.19.2", None, None)


@pytest.mark.parametrize("content", [b"", b"{", b"[1]", b"\xff"])
def test_a_damaged_note_counts_as_none(content: bytes) -> None:
    binary = with_section(with_section(made(SKILL), NOTE, content), METADATA, content)
    found = build_note(binary, shape_of(binary))
    assert (found.sdk, found.note, found.metadata) == (None, None, None)
