"""Python, the compiled part of pydantic and the functions of an interface, linked and started by ``componentize-py``.

What Python starts with depends on the machine (names and times of folders), so it starts with next to nothing: neither
pydantic nor the SDK are imported here.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path, PurePosixPath

from wasmtime import wat2wasm

from pharia_skill.builder.compiler import Compilation, compile_component
from pharia_skill.builder.kind import SkillType
from pharia_skill.builder.snapshot import placeholder
from pharia_skill.builder.snapshot.machine import START
from pharia_skill.builder.stage import interface_files, stage_interface
from pharia_skill.builder.wasi import pydantic_core
from pharia_skill.builder.wasm import strip

NATIVE_SUFFIX = ".cpython-312-wasm32-wasi.so"

_START_SOURCE = Path(__file__).parent / "start.wat"
_NOT_SEARCHED = ("__pycache__", "node_modules")
_NOT_KEPT = ("__pycache__", "ensurepip", "idlelib", "lib2to3", "pydoc_data", "test", "tkinter", "turtledemo")


@dataclass(frozen=True, slots=True)
class Variant:
    """What a component is linked of."""

    wit: str
    kind: SkillType
    unstable: bool = False
    pydantic: bool = True
    """Without it, a skill has the bindings of ``pharia_skill`` and nothing else of the SDK."""
    extensions: tuple[tuple[str, Path], ...] = ()
    """Compiled modules for WASI, beside pydantic's: the file's place below its root, and the file."""

    @property
    def key(self) -> str:
        """Changes with everything that is linked."""
        settings = [self.wit, self.kind.value, self.unstable, self.pydantic, version("componentize-py")]
        digest = hashlib.sha256(json.dumps(settings).encode())
        own = [("placeholder", Path(placeholder.__file__)), ("start", _START_SOURCE)]
        for name, path in [*interface_files(self.wit), *self.extensions, *own, *builder_files()]:
            digest.update(f"\0{name}\0{hashlib.sha256(path.read_bytes()).hexdigest()}".encode())
        return digest.hexdigest()


def builder_files() -> list[tuple[str, Path]]:
    """The builder itself, by name: what another version of it made is not used."""
    here = Path(__file__).parent
    return [(file.name, file) for folder in (here, here.parent) for file in sorted(folder.glob("*.py"))]


@dataclass(frozen=True, slots=True)
class Linked:
    folder: Path

    @property
    def component(self) -> Path:
        return self.folder / "component.wasm"

    @property
    def python(self) -> Path:
        """Source of the standard library."""
        return self.folder / "python"

    @property
    def bindings(self) -> Path:
        """Made by ``componentize-py`` for the one world of this component."""
        return self.folder / "bindings"

    @property
    def native(self) -> Path:
        return self.folder / "native"


def linked(variant: Variant, folder: Path, *, timeout: float) -> Linked:
    """What is in ``folder`` for the variant, made now if it is not; ``timeout`` is in seconds.

    Raises :class:`~pharia_skill.errors.BuildError`.
    """
    kept = Linked(folder / variant.key)
    if kept.component.is_file():
        os.utime(kept.folder)
    return Linked(once(folder / variant.key, lambda new: _link(variant, Linked(new), timeout)))


def extensions_in(root: Path) -> Iterator[Path]:
    """Compiled modules for WASI below a folder, but for that of pydantic; environments are not searched."""
    for parent, folders, names in os.walk(root):
        if "pyvenv.cfg" in names:
            folders.clear()
            continue
        folders[:] = [name for name in folders if not name.startswith(".") and name not in _NOT_SEARCHED]
        for name in names:
            if name.endswith(NATIVE_SUFFIX) and name != f"_pydantic_core{NATIVE_SUFFIX}":
                yield Path(parent, name)


def once(folder: Path, make: Callable[[Path], None]) -> Path:
    """A folder that appears in one rename when ``make`` has filled it; of two processes one wins."""
    if folder.is_dir():
        return folder
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix=".new-", ignore_cleanup_errors=True) as scratch:
        new = Path(scratch, "new")
        new.mkdir()
        make(new)
        try:
            new.rename(folder)
        except OSError:
            if not folder.is_dir():
                raise
    return folder


def _link(variant: Variant, new: Linked, timeout: float) -> None:
    new.native.mkdir()
    for name, path in variant.extensions:
        (new.native / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, new.native / name)
    with tempfile.TemporaryDirectory(dir=new.folder, prefix=".start-") as scratch:
        start, nothing = Path(scratch, "start"), Path(scratch, "nothing")
        nothing.mkdir()
        stage_interface(variant.wit, start)
        (start / f"{placeholder.NAME}.py").write_text(
            f"{Path(placeholder.__file__).read_text()}\n"
            f"keep('/python', '/0/kept/python', {_NOT_KEPT!r})\n"
            "keep('/0/pharia_skill/bindings', '/0/kept/bindings')\n"
        )
        (start / PurePosixPath(START).name).write_bytes(wat2wasm(_START_SOURCE.read_text()))
        folders = [start, pydantic_core() if variant.pydantic else nothing, new.native]
        output = Path(scratch, "component.wasm")
        compile_component(Compilation(placeholder.NAME, variant.kind.world, folders, variant.unstable, timeout), output)
        new.component.write_bytes(strip(output.read_bytes()))
        (start / "kept" / "python").rename(new.python)
        (start / "kept" / "bindings").rename(new.bindings)
