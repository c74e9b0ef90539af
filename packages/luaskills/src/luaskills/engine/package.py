"""One loaded skill package: its manifest, its directories and the sources of its entries."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from luaskills.context import DatabaseScope, SkillScope
from luaskills.engine.manifest import inside
from luaskills.engine.roots import Candidate, runtime_root
from luaskills.engine.schema import argument_check
from luaskills.errors import ManifestError
from luaskills.types import DatabaseManifest, Entry, EntryManifest, Json, SkillManifest

_LARGEST_SOURCE = 16 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Package:
    """A package that passed all checks."""

    skill_id: str
    root_name: str
    skill_dir: Path
    runtime_root: Path
    manifest: SkillManifest
    sources: Mapping[str, bytes]
    """Entry name → content of its Lua file when the package was loaded."""


@dataclass(frozen=True, slots=True)
class BoundEntry:
    """A canonical name and everything a call of it needs."""

    entry: Entry
    package: Package
    manifest: EntryManifest
    scope: SkillScope
    check: Callable[[Mapping[str, Json]], None] | None
    chunk_name: str = field(default="")

    @property
    def source(self) -> bytes:
        """The Lua file: as loaded, or read anew for ``debug`` skills."""
        if self.package.manifest.debug:
            return read_source(self.package.skill_dir / self.manifest.lua_entry)
        return self.package.sources[self.manifest.name]


def load_package(candidate: Candidate, manifest: SkillManifest) -> Package:
    """Read the sources of a package; raises ManifestError when one can not be read."""
    directory = candidate.skill_dir
    return Package(
        skill_id=candidate.skill_id,
        root_name=candidate.root.name,
        skill_dir=directory,
        runtime_root=runtime_root(candidate.root),
        manifest=manifest,
        sources={entry.name: read_source(directory / entry.lua_entry) for entry in manifest.entries},
    )


def read_source(path: Path) -> bytes:
    """A Lua file of at most 16 MiB; raises ManifestError."""
    try:
        if path.stat().st_size > _LARGEST_SOURCE:
            raise ManifestError(f"Lua entry {path} is larger than {_LARGEST_SOURCE} bytes")
        return path.read_bytes()
    except OSError as error:
        raise ManifestError(f"{path} can not be read: {error.strerror}") from None


def bind(package: Package, entry: EntryManifest, canonical_name: str, options: Mapping[str, Json]) -> BoundEntry:
    """An entry under its canonical name."""
    public = Entry(
        canonical_name=canonical_name,
        skill_id=package.skill_id,
        local_name=entry.name,
        root_name=package.root_name,
        skill_dir=str(package.skill_dir),
        description=entry.description,
        parameters=entry.parameters,
        input_schema=entry.input_schema,
    )
    check = argument_check(canonical_name, entry.input_schema) if options["validate_arguments"] else None
    file = package.skill_dir / entry.lua_entry
    return BoundEntry(
        public, package, entry, scope(package, entry.name, canonical_name, file, options), check, entry.lua_module
    )


def help_scope(package: Package, file: str, options: Mapping[str, Json]) -> SkillScope:
    """The scope a help body in Lua runs in."""
    return scope(package, file, "vulcan-help", package.skill_dir / file, options)


def help_file(package: Package, file: str) -> Path:
    """A help body inside the package; raises ManifestError."""
    return inside(package.skill_dir, file, f"Help {file} not found in {package.skill_dir}")


def scope(package: Package, entry_name: str, tool_name: str, file: Path, options: Mapping[str, Json]) -> SkillScope:
    """What host functions may know of a skill while one of its files runs."""
    dependencies = package.runtime_root / options["dependency_dir_name"]
    databases = package.runtime_root / options["database_dir_name"]
    private = {kind: str(dependencies / kind / package.skill_id) for kind in ("tools", "lua", "ffi")}
    temp = options["temp_dir"]
    skill_dir = str(package.skill_dir)
    manifest = package.manifest
    return SkillScope(
        skill_id=package.skill_id,
        skill_name=manifest.name,
        root_name=package.root_name,
        skill_dir=skill_dir,
        entry_name=entry_name,
        tool_name=tool_name,
        entry_file=str(file),
        entry_dir=str(file.parent),
        tools_path=private["tools"],
        lua_path=private["lua"],
        ffi_path=private["ffi"],
        sqlite=_database(package, databases, "sqlite", manifest.sqlite),
        lancedb=_database(package, databases, "lance_db", manifest.lancedb),
        readable=(skill_dir, *private.values()),
        writable=(str(Path(temp) / "skills" / package.skill_id),) if temp else (),
    )


def _database(package: Package, databases: Path, kind: str, manifest: DatabaseManifest) -> DatabaseScope | None:
    if not manifest.enable:
        return None
    skill_id = package.skill_id
    path = (
        databases / "sqlite" / skill_id / f"{skill_id}.sqlite3"
        if kind == "sqlite"
        else databases / "lancedb" / skill_id
    )
    return DatabaseScope(
        space_label=package.root_name,
        skill_id=skill_id,
        root_name=package.root_name,
        space_root=str(databases),
        skill_dir=str(package.skill_dir),
        skill_dir_name=package.skill_dir.name,
        database_kind=kind,
        default_database_path=str(path),
        manifest=manifest,
    )
