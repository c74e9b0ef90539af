"""The component that runs source text: built once for what a project imports from others, then kept."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Sequence
from pathlib import Path

from pharia_assets import cache_root
from pharia_skill.builder import SkillType, build_component
from pharia_skill.errors import ComponentizeFailed

_GUEST = Path(__file__).parent / "guest"
_PACKAGE = "pharia_loader"
_ENTRY = {SkillType.SKILL: "function.py", SkillType.MESSAGE_STREAM_SKILL: "stream.py"}
_WANTED = '''"""What the project imports that is neither its own nor in every loader."""

WANTED: tuple[str, ...] = {names!r}
'''
_KEPT = 8
"""Loaders in the cache, about 30 MB each."""


def build_loader(kind: SkillType, wit: str, wanted: Sequence[str], *, cache: Path | None = None) -> Path:
    """The loader for skills of that kind, which has the modules ``wanted`` as far as they work in a sandbox.

    Takes about ten seconds the first time. Raises :class:`~pharia_skill.errors.BuildError`.
    """
    names = tuple(sorted(wanted))
    key = hashlib.sha256("\0".join(names).encode()).hexdigest()[:16]
    folder = (cache or cache_root()) / "loaders" / f"{kind.value}-{wit}-{key}"
    try:
        _lay_out(folder / _PACKAGE, names)
        _forget_old(folder)
    except OSError as error:
        raise ComponentizeFailed(f"the loader can not be laid out in {folder}: {error}") from error
    return build_component(folder / _PACKAGE / _ENTRY[kind], folder / "loader.wasm", wit=wit, kind=kind).path


def _lay_out(package: Path, names: Sequence[str]) -> None:
    package.mkdir(parents=True, exist_ok=True)
    for file in _GUEST.glob("*.py"):
        if file.name != "wanted.py":
            _write(package / file.name, file.read_text())
    _write(package / "wanted.py", _WANTED.format(names=tuple(names)))
    package.parent.touch()


def _write(path: Path, text: str) -> None:
    if not path.is_file() or path.read_text() != text:
        path.write_text(text)


def _forget_old(folder: Path) -> None:
    others = [path for path in folder.parent.iterdir() if path != folder and path.is_dir()]
    for old in sorted(others, key=lambda path: path.stat().st_mtime)[: -(_KEPT - 1) or None]:
        shutil.rmtree(old, ignore_errors=True)
