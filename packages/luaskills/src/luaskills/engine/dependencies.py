"""Making the dependencies of a skill ready: what ``dependencies.yaml`` declares, found on disk or downloaded."""

from __future__ import annotations

import json
import logging
import platform
import re
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from luaskills.engine.archives import ArchiveProblem, unpack_exports
from luaskills.engine.downloads import Downloads
from luaskills.engine.roots import Candidate, runtime_root
from luaskills.engine.yaml_file import read_yaml
from luaskills.errors import DependencyError
from luaskills.types import Json, SkillManifest

KINDS = {"tool_dependencies": "tools", "lua_dependencies": "lua", "ffi_dependencies": "ffi"}
"""List in ``dependencies.yaml`` → directory below the dependencies."""
_HOST_ROOTS = {"tools": "host_provided_tool_root", "lua": "host_provided_lua_root", "ffi": "host_provided_ffi_root"}
_SYSTEMS = {"linux": "linux", "darwin": "macos", "win32": "windows"}
_MACHINES = {"x86_64": "x64", "amd64": "x64", "aarch64": "arm64", "arm64": "arm64"}


@dataclass(frozen=True, slots=True)
class Export:
    """One file of an archive and where it goes."""

    archive_path: str
    target_path: str
    executable: bool


def current_platform() -> str:
    """``linux-x64`` and so on; raises DependencyError elsewhere."""
    system, machine = _SYSTEMS.get(sys.platform), _MACHINES.get(platform.machine().lower())
    if system is None or machine is None:
        raise DependencyError("current platform is not supported by LuaSkills dependency manager")
    return f"{system}-{machine}"


class Dependencies:
    """Prepares packages under the host options of one engine."""

    def __init__(self, options: Mapping[str, Json], log: logging.Logger) -> None:
        self._options, self._log = options, log
        self._downloads = Downloads(options, log)

    def prepare(self, candidate: Candidate, _manifest: SkillManifest) -> None:
        """Find or fetch every dependency of a package; raises DependencyError for a required one that is missing."""
        data = read_yaml(candidate.skill_dir / "dependencies.yaml") or {}
        if not isinstance(data, dict):
            raise DependencyError("dependencies.yaml must be a mapping")
        for key, kind in KINDS.items():
            for declared in data.get(key) or []:
                if not isinstance(declared, dict) or not isinstance(declared.get("name"), str):
                    raise DependencyError(f"{key} must be a list of mappings with a name")
                self._prepare_one(candidate, kind, declared)

    def _prepare_one(self, candidate: Candidate, kind: str, declared: Mapping[str, Any]) -> None:
        required = declared.get("required", True) is not False
        try:
            if declared.get("scope", "skill") == "host":
                self._check_host(kind, declared, required)
            else:
                self._install(candidate, kind, declared, required)
        except DependencyError as error:
            if required:
                raise
            self._log.warning("[LuaSkills:dependency] Optional dependency '%s': %s", declared["name"], error)

    def _check_host(self, kind: str, declared: Mapping[str, Any], required: bool) -> None:
        root = self._options[_HOST_ROOTS[kind]]
        exports = _exports(declared, current_platform())
        if root and _installed(Path(root), declared, exports):
            return
        name = declared["name"]
        if required:
            raise DependencyError(f"required host dependency '{name}' is missing")
        self._log.warning("[LuaSkills:dependency] Optional host dependency '%s' is missing", name)

    def _install(self, candidate: Candidate, kind: str, declared: Mapping[str, Any], required: bool) -> None:
        name, here = declared["name"], current_platform()
        package = _package(declared, here)
        exports = _exports(declared, here)
        base = runtime_root(candidate.root) / self._options["dependency_dir_name"] / kind / candidate.skill_id
        if _installed(base, declared, exports):
            return
        if not self._options["allow_network_download"]:
            if required:
                raise DependencyError(f"required dependency '{name}' is missing and network download is disabled")
            self._log.warning(
                "[LuaSkills:dependency] Optional dependency '%s' is missing and download is disabled", name
            )
            return
        archive_type = package.get("archive_type", "raw")
        if archive_type == "raw" and len(exports) != 1:
            raise DependencyError("raw dependency payload must declare exactly one export")
        target = base / directory_name(name) / directory_name(str(declared.get("version") or "unversioned")) / here
        url, package = self._located(declared, package, here)
        self._fetch(name, url, archive_type, exports, target)
        if not all((target / export.target_path).is_file() for export in exports):
            raise DependencyError(f"dependency '{name}' was downloaded but exported files are still missing")

    def _fetch(self, name: str, url: str, archive_type: str, exports: tuple[Export, ...], target: Path) -> None:
        """Download and unpack; a broken archive is fetched once more."""
        for attempt in (1, 2):
            archive = self._downloads.file(url)
            try:
                unpack_exports(archive, archive_type, exports, target)
                return
            except ArchiveProblem as error:
                archive.unlink(missing_ok=True)
                if attempt == 2:
                    raise DependencyError(f"dependency '{name}': {error}") from None

    def _located(
        self, declared: Mapping[str, Any], package: Mapping[str, Any], here: str
    ) -> tuple[str, Mapping[str, Any]]:
        """The URL of the archive, and the package description it came from."""
        name, source = declared["name"], declared.get("source") or {}
        kind = source.get("type")
        if kind == "github_release":
            github = source.get("github")
            if not isinstance(github, dict) or not github.get("repo"):
                raise DependencyError(f"dependency '{name}' declares github_release source but misses github config")
            asset = package.get("asset_name")
            if not asset:
                raise DependencyError(
                    f"dependency '{name}' github package for platform '{here}' must declare asset_name"
                )
            return self._downloads.github_asset(github, declared.get("version"), asset), package
        if kind == "url":
            url = package.get("url")
            if not url:
                raise DependencyError(f"dependency '{name}' platform '{here}' must declare url")
            return _filled(str(url), declared), package
        if kind in ("skilllist", "skill_list"):
            return self._listed(name, source.get("skilllist"), here)
        raise DependencyError(f"dependency '{name}' source.type must be github_release, url or skilllist: {kind!r}")

    def _listed(self, name: str, source: Json, here: str) -> tuple[str, Mapping[str, Any]]:
        if not isinstance(source, dict) or not source.get("url") or not source.get("package"):
            raise DependencyError(f"dependency '{name}' declares skilllist source but misses skilllist config")
        url, key = str(source["url"]), str(source["package"])
        try:
            index = json.loads(self._downloads.text(url))
            packages = index.get("packages", index)
            found = packages.get(key)
        except (ValueError, AttributeError) as error:
            raise DependencyError(f"failed to parse skilllist index {url}: {error}") from None
        if not isinstance(found, dict):
            raise DependencyError(f"dependency '{name}' cannot find package '{key}' in skilllist")
        package = (found.get("packages") or found.get("platforms") or found).get(here)
        if not isinstance(package, dict) or not package.get("url"):
            raise DependencyError(f"dependency '{name}' skilllist package '{key}' does not support platform '{here}'")
        return str(package["url"]), package


def _package(declared: Mapping[str, Any], here: str) -> Mapping[str, Any]:
    package = (declared.get("packages") or {}).get(here)
    if not isinstance(package, dict):
        raise DependencyError(
            f"dependency '{declared['name']}' does not declare package metadata for platform '{here}'"
        )
    return package


def _exports(declared: Mapping[str, Any], here: str) -> tuple[Export, ...]:
    listed = _package(declared, here).get("exports")
    if not isinstance(listed, list) or not listed:
        raise DependencyError(f"dependency '{declared['name']}' must declare at least one export")
    exports = []
    for item in listed:
        target = _filled(str(item.get("target_path") or ""), declared) if isinstance(item, dict) else ""
        if not target or target.startswith("/") or ".." in re.split(r"[/\\]", target) or "\0" in target:
            raise DependencyError(f"dependency '{declared['name']}' export target_path must stay inside: {target!r}")
        source = _filled(str(item.get("archive_path") or ""), declared)
        exports.append(Export(source, target, item.get("executable") is True))
    return tuple(exports)


def _installed(base: Path, declared: Mapping[str, Any], exports: tuple[Export, ...]) -> bool:
    root, here, version = base / directory_name(declared["name"]), current_platform(), declared.get("version")
    if version:
        names = {directory_name(str(version)), directory_name(str(version).removeprefix("v"))}
        candidates = [root / name for name in names]
    else:
        candidates = sorted(root.iterdir()) if root.is_dir() else []
    return any(all((path / here / export.target_path).is_file() for export in exports) for path in candidates)


def _filled(text: str, declared: Mapping[str, Any]) -> str:
    version = str(declared.get("version") or "")
    tag = version if version.startswith("v") else f"v{version}" if version else ""
    return text.replace("{version}", version).replace("{tag}", tag)


def directory_name(text: str) -> str:
    """A name as a directory name."""
    return re.sub(r"[^A-Za-z0-9\-_.]", "_", text) if text not in (".", "..") else "_" * len(text)
