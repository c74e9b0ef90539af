"""The section walker, on hand-made files."""

from __future__ import annotations

import pytest

from pharia_skill.builder.wasm import NOTE, note_of, strip, with_note
from pharia_skill.errors import ComponentizeFailed

MODULE = b"\0asm\x01\0\0\0"
COMPONENT = b"\0asm\x0d\0\x01\0"


def leb128(value: int) -> bytes:
    encoded = b""
    while value > 0x7F:
        encoded += bytes([value & 0x7F | 0x80])
        value >>= 7
    return encoded + bytes([value])


def section(number: int, content: bytes) -> bytes:
    return bytes([number]) + leb128(len(content)) + content


def custom(name: str, content: bytes) -> bytes:
    return section(0, leb128(len(name)) + name.encode() + content)


CODE = section(10, b"c" * 300)
LINKING = custom("dylink.0", b"kept")


def test_names_debug_and_producers_go_and_the_rest_stays() -> None:
    noise = custom("name", b"n" * 200) + custom(".debug_info", b"d") + custom("producers", b"p")
    assert strip(MODULE + noise + CODE + LINKING) == MODULE + CODE + LINKING


def test_modules_and_components_inside_are_stripped_too() -> None:
    noisy, clean = MODULE + custom("name", b"n" * 500) + CODE, MODULE + CODE
    inner = COMPONENT + section(1, noisy) + custom("component-name", b"x")
    outer = COMPONENT + section(4, inner) + section(1, noisy) + section(7, b"type")
    assert strip(outer) == COMPONENT + section(4, COMPONENT + section(1, clean)) + section(1, clean) + section(
        7, b"type"
    )


def test_section_one_of_a_module_is_no_module() -> None:
    assert strip(MODULE + section(1, b"types")) == MODULE + section(1, b"types")


def test_stripping_twice_changes_nothing() -> None:
    once = strip(MODULE + custom("name", b"n") + CODE)
    assert strip(once) == once


@pytest.mark.parametrize("broken", [b"", b"\x7fELF", MODULE + b"\x0a\xff", MODULE + b"\x0a\x05abc"])
def test_what_is_cut_off_is_refused(broken: bytes) -> None:
    with pytest.raises(ComponentizeFailed):
        strip(broken)


def test_a_note_can_be_read_back() -> None:
    noted = with_note(COMPONENT + section(1, MODULE), b"made of stars")
    assert note_of(noted) == b"made of stars"
    assert NOTE.encode() in noted


@pytest.mark.parametrize("binary", [b"", b"text", MODULE + CODE])
def test_other_files_have_no_note(binary: bytes) -> None:
    assert note_of(binary) is None
