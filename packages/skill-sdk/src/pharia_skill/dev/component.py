"""A loader with a project in it, as one file."""

from __future__ import annotations

import os
from pathlib import Path

from pharia_skill.builder.wasm import CUSTOM, section_name, sections, with_section
from pharia_skill.errors import ComponentizeFailed

SECTION = "pharia:source"
"""The kernel gives the content of this section to the component on standard input, and does not compile it."""


def write_component(path: Path, loader: bytes, source: bytes) -> None:
    """All of it or nothing: the kernel watches the folder."""
    new = path.with_name(f".{path.name}-{os.getpid()}")
    try:
        new.write_bytes(with_section(loader, SECTION, source))
        new.replace(path)
    except OSError as error:
        raise ComponentizeFailed(f"{path} can not be written: {error}") from error
    finally:
        new.unlink(missing_ok=True)


def has_source(path: Path) -> bool:
    """Whether :func:`write_component` made the file."""
    try:
        found = sections(memoryview(path.read_bytes()))
        return any(number == CUSTOM and section_name(content) == SECTION for number, content, _ in found)
    except ComponentizeFailed:
        return False
