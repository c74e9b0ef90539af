"""What goes into a component, and doing it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

from pharia_skill.builder.diagnosis import diagnose
from pharia_skill.builder.imports import late_imports, needs_pydantic, network_imports
from pharia_skill.builder.kind import SkillType, function_of
from pharia_skill.builder.snapshot import inside
from pharia_skill.builder.snapshot.base import Base, own_root
from pharia_skill.builder.snapshot.files import FOLDER, MISSING, Files, Mount
from pharia_skill.builder.snapshot.freezing import PythonFailed, freeze
from pharia_skill.builder.snapshot.linked import Variant, extensions_in
from pharia_skill.builder.target import Target
from pharia_skill.builder.wasm import METADATA, with_note, with_section

_HANDLER = {SkillType.SKILL: "SkillHandler", SkillType.MESSAGE_STREAM_SKILL: "MessageStream"}


@dataclass(frozen=True, slots=True)
class Recipe:
    """What a component is made of, but for the contents of files."""

    target: Target
    kind: SkillType
    wit: str
    unstable: bool
    roots: tuple[Path, ...]

    @property
    def handler(self) -> str:
        return _HANDLER[self.kind]

    @property
    def function(self) -> str | None:
        return function_of(self.target, self.kind)

    def variant(self) -> Variant:
        extensions = {
            file.relative_to(root).as_posix(): file for root in reversed(self.roots) for file in extensions_in(root)
        }
        pydantic = needs_pydantic(self.target, self.roots)
        return Variant(self.wit, self.kind, self.unstable, pydantic, tuple(sorted(extensions.items())))


@dataclass(frozen=True, slots=True)
class Product:
    component: bytes
    seen: Mapping[str, str]
    """The files it was made of, as :class:`~pharia_skill.builder.snapshot.files.Files` notes them."""
    warnings: Sequence[str]


def roots_of(target: Target, source_paths: Sequence[Path]) -> tuple[Path, ...]:
    """The folders the skill's own modules are imported from, first match wins."""
    return tuple(dict.fromkeys([target.root, *(path.resolve() for path in source_paths)]))


def follow(recipe: Recipe, base: Base, mounts: Sequence[Mount], machine_code: Path, *, timeout: float) -> Product:
    """Import the skill in the base and freeze it; ``timeout`` is in seconds.

    Raises :class:`~pharia_skill.errors.BuildError`.
    """
    files = Files(mounts)
    module, path = recipe.target.module, [mount.name for mount in mounts]
    adopt = f"it.adopt({path!r}, {module!r}, {recipe.handler!r}, {recipe.function!r})"
    source = f"import {inside.NAME} as it; {adopt}"
    afterwards = f"it.describe({module!r}, {recipe.handler!r})"
    try:
        component = base.component.read_bytes()
        frozen = freeze(component, files, source, machine_code, timeout=timeout, afterwards=afterwards, last=True)
    except PythonFailed as error:
        raise diagnose(str(error), module) from None
    answer = json.loads(frozen.answer)
    component = with_note(frozen.component, _note(recipe, base, files.seen))
    if answer["skill"] is not None:
        component = with_section(component, METADATA, json.dumps(answer["skill"], sort_keys=True).encode())
    own = _own_modules(recipe, files.seen)
    return Product(component, files.seen, [*late_imports(own, set(answer["modules"])), *network_imports(own)])


def _own_modules(recipe: Recipe, seen: Mapping[str, str]) -> dict[str, Path]:
    """By the name to show: the file's place below the folder it is imported from."""
    found = {}
    for number, root in enumerate(recipe.roots):
        start = f"/{own_root(number)}/"
        found.update({name[len(start) :]: root / name[len(start) :] for name in seen if name.startswith(start)})
    return {name: file for name, file in found.items() if name.endswith(".py") and file.is_file()}


def _note(recipe: Recipe, base: Base, seen: Mapping[str, str]) -> bytes:
    read = sorted((name, content) for name, content in seen.items() if content not in (MISSING, FOLDER))
    inputs = hashlib.sha256(json.dumps([base.key, recipe.function, read]).encode()).hexdigest()
    note = {
        "sdk": version("pharia-skill"),
        "wit": recipe.wit,
        "world": recipe.kind.world,
        "module": recipe.target.module,
        "inputs": f"sha256:{inputs}",
    }
    return json.dumps(note).encode()
