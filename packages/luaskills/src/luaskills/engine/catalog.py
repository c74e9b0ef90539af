"""What a chain of roots amounts to: the loaded packages and their entries under canonical names."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from luaskills.engine.manifest import DeclaresSkillId, read_manifest
from luaskills.engine.options import EngineOptions
from luaskills.engine.package import BoundEntry, Package, bind, load_package
from luaskills.engine.roots import Candidate, disabled_record, discover
from luaskills.errors import DependencyError, EngineError
from luaskills.types import SkillManifest, SkillRoot

Prepare = Callable[[Candidate, SkillManifest], None]
"""Makes what a skill needs ready; raises DependencyError or ProviderError."""


@dataclass(frozen=True, slots=True)
class Catalog:
    """One load; never changes, a reload makes another."""

    roots: tuple[SkillRoot, ...] = ()
    packages: Mapping[str, Package] = field(default_factory=dict)
    entries: Mapping[str, BoundEntry] = field(default_factory=dict)
    """By canonical name, sorted."""
    config_path: Path | None = None


def read_catalog(
    roots: tuple[SkillRoot, ...],
    options: EngineOptions,
    config_path: Path,
    log: logging.Logger,
    prepare: Prepare | None = None,
) -> Catalog:
    """Load every package of the chain; a package that fails is logged and left out.

    Raises ManifestError for a manifest that declares ``skill_id``, with ``strict`` for anything wrong.
    """
    packages: dict[str, Package] = {}
    for candidate in discover(roots):
        try:
            package = _read_package(candidate, options, log, prepare)
        except DeclaresSkillId:
            raise
        except DependencyError as error:
            log.error("[LuaSkill] Failed to prepare dependencies for %s: %s", candidate.skill_dir, error)
            continue
        except EngineError as error:
            log.error("[LuaSkill] Failed to load %s: %s", candidate.skill_dir, error)
            if options.host["strict"]:
                raise
            continue
        if package is not None:
            packages[package.skill_id] = package
            log.info("[LuaSkill] Loaded '%s' from root '%s'", package.manifest.name, package.root_name)
    log.info("[LuaSkill] %d skills loaded", len(packages))
    return Catalog(roots, packages, _named(packages, options), config_path)


def _read_package(
    candidate: Candidate, options: EngineOptions, log: logging.Logger, prepare: Prepare | None
) -> Package | None:
    skill_id = candidate.skill_id
    if skill_id in {ignored.strip() for ignored in options.host["ignored_skill_ids"]}:
        log.info("[LuaSkill] Skipped host-ignored skill '%s'", skill_id)
        return None
    if disabled_record(candidate.root, options.host["state_dir_name"], skill_id).is_file():
        log.info("[LuaSkill] Skip disabled skill '%s'", skill_id)
        return None
    manifest = read_manifest(candidate.skill_dir, skill_id)
    if manifest is None:
        return None
    if prepare is not None:
        prepare(candidate, manifest)
    return load_package(candidate, manifest)


def _named(packages: Mapping[str, Package], options: EngineOptions) -> dict[str, BoundEntry]:
    seeds = sorted(
        (f"{package.skill_id}-{entry.name}", package.skill_dir.name, package.skill_id, entry.name, entry.lua_module)
        for package in packages.values()
        for entry in package.manifest.entries
    )
    by_name = {
        (package.skill_id, entry.name): (package, entry)
        for package in packages.values()
        for entry in package.manifest.entries
    }
    taken = set(options.host["reserved_entry_names"])
    entries: dict[str, BoundEntry] = {}
    for base, _, skill_id, local_name, _ in seeds:
        name, number = base, 2
        while name in taken:
            name, number = f"{base}-{number}", number + 1
        taken.add(name)
        package, entry = by_name[skill_id, local_name]
        entries[name] = bind(package, entry, name, options.host)
    return dict(sorted(entries.items()))


def delta(before: Catalog, after: Catalog) -> dict[str, list[object]]:
    """What a reload changed, as hosts are told."""
    old, new = before.entries, after.entries
    return {
        "added_entries": [new[name].entry.to_json() for name in new if name not in old],
        "removed_entry_names": [name for name in old if name not in new],
        "updated_entries": [
            new[name].entry.to_json()
            for name in new
            if name in old and (new[name].entry != old[name].entry or new[name].source != old[name].source)
        ],
    }
