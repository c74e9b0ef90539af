"""From a Python module to a component on disk."""

from __future__ import annotations

import json
import os
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

from pharia_skill.builder.compiler import Compilation, compile_component
from pharia_skill.builder.inputs import fingerprint
from pharia_skill.builder.kind import SkillType, kind_of
from pharia_skill.builder.stage import DEFAULT_WIT, WIT_LINES, stage_sdk, stage_sources
from pharia_skill.builder.target import Target, find_target
from pharia_skill.builder.wasi import pydantic_core
from pharia_skill.builder.wasm import note_of, strip, with_note
from pharia_skill.errors import ComponentizeFailed, InvalidTarget

COMPILE_SECONDS = 600.0


@dataclass(frozen=True, slots=True)
class Built:
    path: Path
    kind: SkillType
    size: int
    """Bytes."""
    seconds: float
    unchanged: bool
    """The file on disk was made of the same inputs and was left alone."""


def build(
    target: str | Path,
    output: str | Path | None = None,
    *,
    wit: str = DEFAULT_WIT,
    kind: SkillType | None = None,
    source_paths: Sequence[Path] = (),
    unstable: bool = False,
    force: bool = False,
    timeout: float = COMPILE_SECONDS,
) -> Path:
    """Build a skill; give the component's path (``./NAME.wasm`` unless ``output`` says otherwise).

    ``target`` is a module's name or file, ``wit`` the interface line (``0.3`` or ``0.4``), ``kind`` is read off the
    decorator where it is not given. A file that was made of the same inputs is left alone unless ``force`` is set.
    ``timeout`` is in seconds. Raises :class:`~pharia_skill.errors.BuildError`.
    """
    built = build_component(
        target,
        output,
        wit=wit,
        kind=kind,
        source_paths=source_paths,
        unstable=unstable,
        force=force,
        timeout=timeout,
    )
    return built.path


def build_component(
    target: str | Path,
    output: str | Path | None = None,
    *,
    wit: str = DEFAULT_WIT,
    kind: SkillType | None = None,
    source_paths: Sequence[Path] = (),
    unstable: bool = False,
    force: bool = False,
    timeout: float = COMPILE_SECONDS,
) -> Built:
    """As :func:`build`, with what there is to tell about it."""
    began = time.monotonic()
    if wit not in WIT_LINES:
        raise InvalidTarget(f"there is no interface line `{wit}` (choose one of {', '.join(WIT_LINES)})")
    found = find_target(str(target), source_paths)
    kind = kind_of(found, kind)
    path = Path(output) if output is not None else Path(f"{found.name}.wasm")
    note = _note(found, kind, wit, source_paths, unstable)
    if not force and _note_on_disk(path) == note:
        return Built(path, kind, path.stat().st_size, time.monotonic() - began, unchanged=True)
    with tempfile.TemporaryDirectory(prefix="pharia-skill-") as scratch:
        binary = _compile(found, kind, wit, source_paths, unstable, timeout, Path(scratch))
    component = with_note(strip(binary), note)
    _write(path, component)
    return Built(path, kind, len(component), time.monotonic() - began, unchanged=False)


def _note(target: Target, kind: SkillType, wit: str, source_paths: Sequence[Path], unstable: bool) -> bytes:
    settings = {"sdk": version("pharia-skill"), "wit": wit, "world": kind.world, "module": target.module}
    inputs = fingerprint(target, source_paths, json.dumps({**settings, "unstable": unstable}))
    return json.dumps({**settings, "inputs": f"sha256:{inputs}"}).encode()


def _note_on_disk(path: Path) -> bytes | None:
    return note_of(path.read_bytes()) if path.is_file() else None


def _compile(
    target: Target,
    kind: SkillType,
    wit: str,
    source_paths: Sequence[Path],
    unstable: bool,
    timeout: float,
    scratch: Path,
) -> bytes:
    roots = dict.fromkeys([target.root, *(path.resolve() for path in source_paths)])
    sources = [stage_sources(root, scratch) for root in roots]
    folders = [*sources, stage_sdk(wit, scratch), pydantic_core()]
    output = scratch / "component.wasm"
    compile_component(Compilation(target.module, kind.world, folders, unstable, timeout), output)
    return output.read_bytes()


def _write(path: Path, content: bytes) -> None:
    """All of it or nothing: a kernel may be watching the folder."""
    new = path.with_name(f".{path.name}-{os.getpid()}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        new.write_bytes(content)
        new.replace(path)
    except OSError as error:
        raise ComponentizeFailed(f"{path} can not be written: {error}") from error
    finally:
        new.unlink(missing_ok=True)
