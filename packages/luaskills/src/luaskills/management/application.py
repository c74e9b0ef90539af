"""Installing and updating a package."""

from __future__ import annotations

import os
import time
from pathlib import Path

from luaskills.engine.dependencies import Dependencies
from luaskills.engine.downloads import Downloads
from luaskills.engine.engine import Engine
from luaskills.engine.manifest import read_manifest
from luaskills.engine.roots import Candidate
from luaskills.engine.yaml_file import read_yaml
from luaskills.errors import DependencyError, ManagementError, ManifestError
from luaskills.management.dependency_use import unused
from luaskills.management.durable import write_text
from luaskills.management.fetch import fetch
from luaskills.management.install_record import InstallRecord, Source, read_record
from luaskills.management.lock import locked
from luaskills.management.planes import Action, Plane
from luaskills.management.progress import Progress
from luaskills.management.release import Release
from luaskills.management.reload import Reload
from luaskills.management.requests import Scope, SourceRequest
from luaskills.management.resolution import requested_skill_id, resolve
from luaskills.management.results import ApplyResult, ApplyStatus
from luaskills.management.site import Site
from luaskills.management.skill_archive import unpack_skill
from luaskills.management.targets import check_not_shadowed, check_owner, choose_target, is_package_directory
from luaskills.management.transaction import Transaction
from luaskills.management.versions import version_order
from luaskills.types import SkillRoot


def apply(engine: Engine, plane: Plane, action: Action, scope: Scope, asked: SourceRequest) -> ApplyResult:
    """Install or update as asked; raises ManagementError and what the engine raises."""
    progress = Progress(engine, plane, action, requested_skill_id(asked))
    try:
        result = _Application(engine, plane, action, scope, asked, progress).run()
    except Exception as error:
        progress.tell("failed", "failed", str(error))
        raise
    progress.tell("completed", "completed", result.message)
    if result.status in (ApplyStatus.INSTALLED, ApplyStatus.UPDATED):
        progress.ended(result.status.value)
    return result


class _Application:
    """One installation or update."""

    def __init__(
        self, engine: Engine, plane: Plane, action: Action, scope: Scope, asked: SourceRequest, progress: Progress
    ) -> None:
        self._engine, self._action, self._scope, self._asked = engine, action, scope, asked
        self._progress, self._skill_id = progress, requested_skill_id(asked)
        self._plane = plane
        self._options = engine.options.host
        self._downloads = Downloads(self._options, engine.log)
        self._updating = action is Action.UPDATE

    def run(self) -> ApplyResult:
        self._progress.tell("validating_request")
        target = choose_target(self._plane, self._action, self._scope)
        self._progress.root = target
        check_owner(self._action, target, self._scope.roots, self._skill_id)
        site = Site.of(target, self._options)
        record = self._record(site)
        if isinstance(record, ApplyResult):
            return record
        release = self._resolved(record)
        if record is not None and not self._newer(record, release):
            return self._result(
                ApplyStatus.UP_TO_DATE,
                f"skill '{self._skill_id}' is already on version {record.version}",
                record.version,
                record.source,
            )
        archive = fetch(release, self._downloads, self._progress)
        with locked(site.lock):
            site.settle()
            again = self._record(site)
            if isinstance(again, ApplyResult):
                return again
            if again != record:
                raise ManagementError(f"skill '{self._skill_id}' was changed by another operation; try again")
            self._put(site, release, archive)
        return self._done(release)

    def _record(self, site: Site) -> InstallRecord | ApplyResult | None:
        """What an update starts from, None before an installation, or an answer that needs no download."""
        skill_id, target = self._skill_id, site.root
        package = site.package(skill_id)
        present = is_package_directory(package) and any(package.iterdir())
        record = read_record(site.record(skill_id)) if present else None
        if not self._updating:
            if present:
                return self._result(
                    ApplyStatus.ALREADY_INSTALLED,
                    "skill already exists; use update to evaluate upgrade behavior",
                    record.version if record else None,
                    record.source if record else None,
                )
            if os.path.lexists(package):
                raise ManagementError(f"target skill directory {package} already exists")
            return None
        if not present:
            if self._scope.target is not None:
                raise ManagementError(f"skill '{skill_id}' is not installed in target root '{target.name}'")
            return self._result(ApplyStatus.MISSING_SKILL, "skill is not installed; use install first")
        check_not_shadowed(target, self._scope.roots, skill_id)
        if record is None or not record.managed or record.root_name not in (None, target.name):
            raise ManagementError(
                f"skill '{skill_id}' is not managed by the install workflow; automatic update is unavailable"
            )
        return record

    def _resolved(self, record: InstallRecord | None) -> Release:
        source_type = record.source.source_type if record else self._asked.source_type
        locator = record.source.locator if record else self._asked.source
        self._progress.tell("resolving_source")
        self._progress.tell("fetching_manifest")
        release = resolve(self._skill_id, source_type, locator, self._scope.authority, self._options, self._downloads)
        self._progress.source = release.source
        self._progress.tell("source_resolved", message=f"version {release.version}")
        return release

    def _newer(self, record: InstallRecord, release: Release) -> bool:
        try:
            installed = version_order(record.version)
        except ManifestError as error:
            raise ManagementError(
                f"installed version '{record.version}' of skill '{self._skill_id}' is invalid: {error}"
            ) from None
        return version_order(release.version) > installed

    def _put(self, site: Site, release: Release, archive: Path) -> None:
        """Everything that changes the root, as one transaction; the lock is held."""
        skill_id, package = self._skill_id, site.package(self._skill_id)
        staging = "update_tmp" if self._updating else "install_tmp"
        reload = Reload(self._engine, self._scope.roots, self._action)
        with reload, Transaction(site.base, site.journal) as transaction:
            scratch = transaction.scratch(site.package_scratch(staging))
            self._progress.tell("extracting_archive")
            staged = unpack_skill(archive, release.file_name, skill_id, scratch)
            self._progress.tell("validating_skill_manifest")
            self._check_package(staged, release)
            record = transaction.scratch(site.state / "record_tmp") / "record.yaml"
            write_text(record, self._new_record(site.root, release).to_yaml())
            backup = None
            if self._updating:
                self._progress.tell("backing_up_current")
                backup = transaction.scratch(site.package_scratch("update_backup")) / skill_id
            self._progress.tell("staging_update" if self._updating else "staging_install")
            transaction.replace(package, staged, backup)
            transaction.replace(site.record(skill_id), record)
            for directory in site.dependencies(skill_id):
                for watched in (directory, *_children(directory)):
                    transaction.watch(watched)
            transaction.begin()
            self._prepare_dependencies(site, staged)
            transaction.apply()
            self._progress.tell("reloading_runtime")
            reload()
            self._progress.tell("committing")
            transaction.commit(unused(site.dependencies(skill_id), self._copies(site)))

    def _check_package(self, staged: Path, release: Release) -> None:
        skill_id = self._skill_id
        try:
            manifest = read_manifest(staged, skill_id)
            version = manifest.version if manifest else str(read_yaml(staged / "skill.yaml").get("version"))
        except ManifestError as error:
            raise ManagementError(f"downloaded skill package of '{skill_id}' is invalid: {error}") from None
        if version != release.version:
            raise ManagementError(
                f"downloaded skill package version '{version}' does not match resolved version '{release.version}'"
            )

    def _prepare_dependencies(self, site: Site, staged: Path) -> None:
        """Fetch what the package needs before it takes over, so that a failure names its cause."""
        manifest = read_manifest(staged, self._skill_id)
        ignored = {name.strip() for name in self._options["ignored_skill_ids"]}
        if manifest is None or self._skill_id in ignored or not (staged / "dependencies.yaml").is_file():
            return
        try:
            Dependencies(self._options, self._engine.log).prepare(
                Candidate(self._skill_id, site.root, staged), manifest
            )
        except (DependencyError, ManifestError) as error:
            raise ManagementError(
                f"Failed to prepare dependencies for {site.package(self._skill_id)}: {error}"
            ) from None

    def _copies(self, site: Site) -> list[Path]:
        """Packages of this id that share the directory of dependencies."""
        sites = [Site.of(root, self._options) for root in self._scope.roots]
        return [other.package(self._skill_id) for other in sites if other.base == site.base]

    def _new_record(self, root: SkillRoot, release: Release) -> InstallRecord:
        now = time.time_ns() // 1_000_000
        return InstallRecord(self._skill_id, release.version, release.source, now, root.name)

    def _done(self, release: Release) -> ApplyResult:
        status = ApplyStatus.UPDATED if self._updating else ApplyStatus.INSTALLED
        message = f"skill '{self._skill_id}' {status.value} with version {release.version}"
        return self._result(status, message, release.version, release.source)

    def _result(
        self, status: ApplyStatus, message: str, version: str | None = None, source: Source | None = None
    ) -> ApplyResult:
        return ApplyResult(self._skill_id, status, message, version, source)


def _children(directory: Path) -> list[Path]:
    return [path for path in directory.iterdir() if path.is_dir()] if directory.is_dir() else []
