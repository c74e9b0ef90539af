"""Uninstalling a package."""

from __future__ import annotations

import os
from pathlib import Path

from luaskills.engine.engine import Engine
from luaskills.errors import ManagementError
from luaskills.management.install_record import read_record
from luaskills.management.lock import locked
from luaskills.management.planes import Action, Plane
from luaskills.management.progress import Progress
from luaskills.management.reload import Reload
from luaskills.management.requests import RemovalOptions, Scope
from luaskills.management.results import UninstallResult
from luaskills.management.site import Site
from luaskills.management.targets import choose_target, is_package_directory
from luaskills.management.transaction import Transaction


def uninstall(engine: Engine, plane: Plane, scope: Scope, skill_id: str, options: RemovalOptions) -> UninstallResult:
    """Remove a package with its records and private dependencies; raises ManagementError."""
    target = choose_target(plane, Action.UNINSTALL, scope)
    progress = Progress(engine, plane, Action.UNINSTALL, skill_id)
    progress.root = target
    site = Site.of(target, engine.options.host)
    with locked(site.lock):
        site.settle()
        package = site.package(skill_id)
        if not is_package_directory(package):
            if scope.target is not None:
                raise ManagementError(f"skill instance '{skill_id}' not found in target root '{target.name}'")
            raise ManagementError(f"skill '{skill_id}' is not installed")
        databases = _databases(site, skill_id, options)
        reload = Reload(engine, scope.roots, Action.UNINSTALL)
        with reload, Transaction(site.base, site.journal) as transaction:
            backup = transaction.scratch(site.package_scratch("uninstall_backup"))
            transaction.replace(package, None, backup / skill_id)
            shared = _shared(engine, scope, site, skill_id)
            for path in (*_records(site, skill_id, shared), *(() if shared else databases.values())):
                if os.path.lexists(path):
                    transaction.replace(path, None)
            removed = {kind for kind, path in databases.items() if path.exists() and not shared}
            transaction.begin()
            for kind in removed:
                engine.close_databases(databases[kind])
            transaction.apply()
            reload()
            transaction.commit()
    progress.ended("uninstalled")
    return UninstallResult(
        skill_id=skill_id,
        skill_removed=True,
        sqlite_removed="sqlite" in removed,
        lancedb_removed="lancedb" in removed,
        sqlite_retained=not options.remove_sqlite or (shared and "sqlite" in databases),
        lancedb_retained=not options.remove_lancedb or (shared and "lancedb" in databases),
    )


def _databases(site: Site, skill_id: str, options: RemovalOptions) -> dict[str, Path]:
    wanted = {"sqlite": options.remove_sqlite, "lancedb": options.remove_lancedb}
    return {kind: site.database(kind, skill_id) for kind, chosen in wanted.items() if chosen}


def _shared(engine: Engine, scope: Scope, site: Site, skill_id: str) -> bool:
    """Whether another root with the same directories beside it holds a copy, to which those belong as well."""
    others = [Site.of(root, engine.options.host) for root in scope.roots if root.name != site.root.name]
    return any(
        other.base == site.base
        and is_package_directory(other.package(skill_id))
        and any(other.package(skill_id).iterdir())
        for other in others
    )


def _records(site: Site, skill_id: str, shared: bool) -> tuple[Path, ...]:
    """What goes away with the package; beside another copy only the record of this one."""
    if not shared:
        return site.record(skill_id), site.disabled(skill_id), *site.dependencies(skill_id)
    try:
        record = read_record(site.record(skill_id))
    except ManagementError:
        return ()
    return (site.record(skill_id),) if record is not None and record.root_name == site.root.name else ()
