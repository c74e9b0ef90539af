"""Input a component file carries for the guest inside it, which finds it on standard input.

A component that executes source text is compiled once and runs every version of the text: the text stands in a custom
section behind the component, and is no part of what is compiled.
"""

from __future__ import annotations

from pharia_kernel.runtimes.wasm.binary import CUSTOM, HEADER_BYTES, Damaged, Reader

SECTION = "pharia:source"
_HEADER = b"\0asm\x0d\0\x01\0"


def split_source(binary: bytes) -> tuple[bytes, bytes]:
    """The component without the section, and the section's content; empty where there is none.

    What is not a component comes back as it is: the compiler explains better what is wrong with it.
    """
    try:
        found = _source_section(binary)
    except Damaged:
        found = None
    if found is None:
        return binary, b""
    begin, content, end = found
    return binary[:begin] + binary[end:], binary[content:end]


def _source_section(binary: bytes) -> tuple[int, int, int] | None:
    """Where it begins, where its content begins, where it ends."""
    reader = Reader(binary)
    reader.pass_over(HEADER_BYTES if binary.startswith(_HEADER) else len(binary))
    while not reader.ended:
        begin, identity, size = reader.position, reader.byte(), reader.number()
        content = Reader(binary, reader.position)
        reader.pass_over(size)
        if identity == CUSTOM and content.name() == SECTION and content.position <= reader.position:
            return begin, content.position, reader.position
    return None
