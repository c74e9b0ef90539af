"""From a Python module to a component on disk."""

from __future__ import annotations

import hashlib
import json
import os
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from pharia_assets import cache_root
from pharia_skill.builder.cache import BuildCache
from pharia_skill.builder.kind import SkillType, kind_of
from pharia_skill.builder.recipe import Recipe, follow, roots_of
from pharia_skill.builder.stage import DEFAULT_WIT, WIT_LINES
from pharia_skill.builder.target import find_target
from pharia_skill.errors import ComponentizeFailed, InvalidTarget

COMPILE_SECONDS = 600.0
_IMPORT_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class Built:
    path: Path
    kind: SkillType
    size: int
    """Bytes."""
    seconds: float
    unchanged: bool
    """The file on disk had these very bytes and was left alone."""
    warnings: tuple[str, ...] = ()
    """What will fail when the skill runs, each with file and line."""
    from_cache: bool = False
    """An earlier build had the same inputs; nothing was compiled."""


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

    ``target`` is a module's name or file, with ``:function`` where it has several skills; ``wit`` the interface line
    (``0.3`` or ``0.4``); ``kind`` is read off the decorator where it is not given. What was built of the same inputs
    before comes from the cache unless ``force`` is set. ``timeout`` is in seconds. Raises
    :class:`~pharia_skill.errors.BuildError`.
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
    cache: Path | None = None,
    tell: Callable[[str], None] = lambda what: None,
) -> Built:
    """As :func:`build`, with what there is to tell about it.

    ``cache`` replaces the folder in the user's cache; ``tell`` hears of work that takes longer than a moment.
    """
    began = time.monotonic()
    if wit not in WIT_LINES:
        raise InvalidTarget(f"there is no interface line `{wit}` (choose one of {', '.join(WIT_LINES)})")
    found = find_target(str(target), source_paths)
    recipe = Recipe(found, kind_of(found, kind), wit, unstable, roots_of(found, source_paths))
    path = Path(output) if output is not None else Path(f"{found.name}.wasm")
    kept = BuildCache(cache or cache_root() / "builds")
    component, warnings, from_cache = _component(recipe, kept, force, timeout, tell)
    unchanged = _holds(path, component)
    if not unchanged:
        _write(path, component)
    return Built(
        path, recipe.kind, len(component), time.monotonic() - began, unchanged, tuple(warnings), from_cache=from_cache
    )


def _component(
    recipe: Recipe, cache: BuildCache, force: bool, timeout: float, tell: Callable[[str], None]
) -> tuple[bytes, Sequence[str], bool]:
    """The component, warnings, and whether it was there already."""
    variant = recipe.variant()
    base = cache.workshop.base(variant)
    mounts = base.mounts(recipe.roots)
    asked = [
        base.key,
        recipe.target.module,
        recipe.target.function,
        *(str(each) for mount in mounts for each in mount.folders),
    ]
    request = hashlib.sha256(json.dumps(asked).encode()).hexdigest()
    if not force and (known := cache.look_up(request, mounts)) is not None:
        return known[1], known[0].warnings, True
    cache.workshop.make(base, timeout=timeout, tell=tell)
    done = follow(recipe, base, mounts, cache.workshop.machine_code, timeout=min(timeout, _IMPORT_SECONDS))
    cache.store(request, done.component, done.seen, done.warnings)
    return done.component, done.warnings, False


def _holds(path: Path, component: bytes) -> bool:
    try:
        return path.stat().st_size == len(component) and path.read_bytes() == component
    except OSError:
        return False


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
