"""Components with Python and the SDK in them, and no skill yet: every build starts with one."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import sysconfig
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from pharia_skill.builder.kind import SkillType
from pharia_skill.builder.snapshot import inside
from pharia_skill.builder.snapshot.files import Files, Mount
from pharia_skill.builder.snapshot.freezing import PythonFailed, freeze
from pharia_skill.builder.snapshot.linked import Linked, Variant, builder_files, linked, once
from pharia_skill.builder.stage import guest_files, stage_sdk
from pharia_skill.builder.wasi import pydantic_core
from pharia_skill.errors import ComponentizeFailed

_IMPORTED = {
    SkillType.SKILL: ["pharia_skill", "pharia_skill.wit_csi"],
    SkillType.MESSAGE_STREAM_SKILL: [
        "pharia_skill",
        "pharia_skill.wit_csi",
        "pharia_skill.message_stream.wit_writer",
    ],
}
_DAY = 86400.0
_KEPT = 6
"""Bases in the cache: 25 MB each, and 40 MB for the interpreter."""
_DISTRIBUTIONS = ("pydantic", "annotated-types", "typing-inspection", "typing-extensions")


@dataclass(frozen=True, slots=True)
class Workshop:
    """The folders in which bases are made and kept."""

    folder: Path

    @property
    def machine_code(self) -> Path:
        return self.folder / "machine-code"

    def base(self, variant: Variant) -> Base:
        """Where the base of a variant is, or will be."""
        return Base(self.folder / "bases" / base_key(variant), Linked(self.folder / "linked" / variant.key), variant)

    def make(self, base: Base, *, timeout: float, tell: Callable[[str], None]) -> None:
        """Unless it is there; ``timeout`` is in seconds. Raises :class:`~pharia_skill.errors.BuildError`."""
        if base.component.is_file():
            os.utime(base.folder)
            return
        tell("preparing the interpreter, once for this version of the SDK")
        linked(base.variant, base.linked.folder.parent, timeout=timeout)
        once(base.folder, lambda new: _prepare(Base(new, base.linked, base.variant), self.machine_code, timeout))
        with suppress(OSError):  # another process may clean up at the same time
            for kept in (base.folder.parent, base.linked.folder.parent):
                _forget(kept)


@dataclass(frozen=True, slots=True)
class Base:
    folder: Path
    linked: Linked
    variant: Variant

    @property
    def key(self) -> str:
        return self.folder.name

    @property
    def component(self) -> Path:
        return self.folder / "component.wasm"

    @property
    def sdk(self) -> Path:
        return self.folder / "sdk"

    def mounts(self, roots: Sequence[Path]) -> list[Mount]:
        """What Python can import, in its order: itself, the skill's own folders, the SDK, the environment."""
        core = [Mount("/1", (pydantic_core(),))] if self.variant.pydantic else []
        return [
            Mount("/python", (self.linked.python,)),
            *(Mount(f"/{own_root(number)}", (root,), noted=True) for number, root in enumerate(roots)),
            Mount("/0", (self.sdk,)),
            *core,
            Mount("/2", (self.linked.native,)),
            Mount("/site", tuple(_site()), noted=True),
        ]


def _forget(folder: Path) -> None:
    """Remove all but those used last, and what builds that were killed left behind."""
    known = sorted(folder.iterdir(), key=lambda each: -each.stat().st_mtime)
    finished = [each for each in known if not each.name.startswith(".")]
    left_behind = [each for each in known if each.name.startswith(".") and time.time() - each.stat().st_mtime > _DAY]
    for old in [*finished[_KEPT:], *left_behind]:
        shutil.rmtree(old, ignore_errors=True)


def own_root(number: int) -> str:
    """Under which name the skill sees the folder with its own modules."""
    return f"skill-{number}" if number else "skill"


def base_key(variant: Variant) -> str:
    """Changes with everything the base is made of."""
    digest = hashlib.sha256(json.dumps([variant.key, [(name, _version(name)) for name in _DISTRIBUTIONS]]).encode())
    for name, path in [*guest_files(variant.wit), *builder_files()]:
        digest.update(f"\0{name}\0{hashlib.sha256(path.read_bytes()).hexdigest()}".encode())
    return digest.hexdigest()


def _prepare(base: Base, machine_code: Path, timeout: float) -> None:
    stage_sdk(base.variant.wit, base.sdk, bindings=base.linked.bindings, bare=not base.variant.pydantic)
    shutil.copyfile(inside.__file__, base.sdk / f"{inside.NAME}.py")
    mounts = base.mounts([])
    path = [mount.name for mount in mounts]
    modules = _IMPORTED[base.variant.kind] if base.variant.pydantic else []
    source = f"import {inside.NAME} as it; it.prepare({path!r}, {modules!r})"
    try:
        component = base.linked.component.read_bytes()
        done = freeze(component, Files(mounts), source, machine_code, timeout=timeout, first=True)
    except PythonFailed as error:
        raise ComponentizeFailed(f"the SDK can not be imported in a component: {str(error)[-2000:]}") from None
    base.component.write_bytes(done.component)


def _site() -> Iterator[Path]:
    """Where the packages of this environment are, also those installed in editable mode."""
    found = dict.fromkeys(Path(sysconfig.get_paths()[kind]) for kind in ("purelib", "platlib"))
    yield from found
    for folder in found:
        for file in sorted(folder.glob("*.pth")):
            lines = file.read_text(errors="replace").splitlines()
            yield from (Path(line) for line in lines if Path(line).is_absolute() and Path(line).is_dir())


def _version(distribution: str) -> str:
    try:
        return version(distribution)
    except PackageNotFoundError:
        return ""
