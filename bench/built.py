"""The skills of the benchmarks as components, built once per content."""

from __future__ import annotations

import os
from pathlib import Path

import wasmtime

from pharia_skill.builder import build

HERE = Path(__file__).parent


def cache() -> Path:
    base = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "pharia" / "bench"
    base.mkdir(parents=True, exist_ok=True)
    return base


def skills() -> Path:
    """A directory with every skill of ``bench/skills``, and the haiku of the examples."""
    folder = cache() / "skills"
    folder.mkdir(exist_ok=True)
    for source in [*sorted((HERE / "skills").glob("*.py")), HERE.parent / "examples" / "haiku.py"]:
        build(source, folder / f"{source.stem}.wasm")
    for source in sorted((HERE / "skills").glob("*.wat")):
        (folder / f"{source.stem}.wasm").write_bytes(wasmtime.wat2wasm(source.read_text()))
    return folder
