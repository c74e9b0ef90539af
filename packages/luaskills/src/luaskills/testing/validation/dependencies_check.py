"""``dependencies.yaml``: its form, without fetching anything."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from luaskills.testing.lined_yaml import LinedYaml, Place, YamlProblem, read_lined
from luaskills.testing.validation.finding import Findings
from luaskills.types import Json

_KINDS = ("tool_dependencies", "lua_dependencies", "ffi_dependencies")
_LATER = ("node_runtime", "python_runtime")
_SOURCES = ("github_release", "url", "skilllist", "skill_list")
_PLATFORMS = ("windows-x64", "windows-arm64", "linux-x64", "linux-arm64", "macos-x64", "macos-arm64")
_ARCHIVES = ("zip", "tar_gz", "raw")


class DependenciesCheck:
    """Checks one file into ``findings``; a package without it is fine."""

    def __init__(self, package: Path, findings: Findings) -> None:
        self._file, self._findings = package / "dependencies.yaml", findings
        self._lines = LinedYaml(None)

    def run(self) -> None:
        """Enter everything that would fail for one of the platforms."""
        if not self._file.is_file():
            return
        try:
            self._lines = read_lined(self._file)
        except YamlProblem as error:
            self._findings.error(self._file, error.line, str(error))
            return
        data = self._lines.value or {}
        if not isinstance(data, dict):
            self._error((), "dependencies.yaml must be a mapping")
            return
        for key in data:
            if key not in (*_KINDS, *_LATER):
                text = f"dependencies.yaml has no key `{key}`: it is ignored"
                self._findings.warning(self._file, self._lines.line(key), text)
        for kind in _KINDS:
            listed = data.get(kind) or []
            if not isinstance(listed, list):
                self._error((kind,), f"{kind} must be a list of mappings with a name")
                continue
            for index, declared in enumerate(listed):
                if isinstance(declared, dict) and isinstance(declared.get("name"), str):
                    self._dependency(declared, (kind, index))
                else:
                    self._error((kind, index), f"{kind} must be a list of mappings with a name")

    def _dependency(self, declared: Mapping[str, Any], place: Place) -> None:
        name, packages = declared["name"], declared.get("packages")
        host = declared.get("scope", "skill") == "host"
        if not isinstance(packages, dict) or not packages:
            self._error((*place, "packages"), f"dependency '{name}' does not declare package metadata for any platform")
            return
        kind = "host" if host else self._source(declared, place)
        for platform, package in packages.items():
            inner = (*place, "packages", platform)
            if platform not in _PLATFORMS:
                self._error(inner, f"dependency '{name}' names the platform '{platform}', which there is not")
            elif not isinstance(package, dict):
                self._error(inner, f"dependency '{name}' does not declare package metadata for platform '{platform}'")
            else:
                self._package(name, platform, package, kind, inner)

    def _source(self, declared: Mapping[str, Any], place: Place) -> Json:
        name, source = declared["name"], declared.get("source")
        kind = source.get("type") if isinstance(source, dict) else None
        if not isinstance(source, dict) or kind not in _SOURCES:
            text = f"dependency '{name}' source.type must be github_release, url or skilllist: {kind!r}"
            self._error((*place, "source"), text)
        elif kind == "github_release" and not _has(source.get("github"), "repo"):
            text = f"dependency '{name}' declares github_release source but misses github config"
            self._error((*place, "source"), text)
        elif kind in ("skilllist", "skill_list") and not _has(source.get("skilllist"), "url", "package"):
            text = f"dependency '{name}' declares skilllist source but misses skilllist config"
            self._error((*place, "source"), text)
        return kind

    def _package(self, name: str, platform: str, package: Mapping[str, Any], kind: Json, place: Place) -> None:
        if kind == "github_release" and not package.get("asset_name"):
            self._error(place, f"dependency '{name}' github package for platform '{platform}' must declare asset_name")
        if kind == "url" and not package.get("url"):
            self._error(place, f"dependency '{name}' platform '{platform}' must declare url")
        archive, exports = package.get("archive_type", "raw"), package.get("exports")
        if archive not in _ARCHIVES:
            text = f"dependency '{name}' archive_type must be one of {', '.join(_ARCHIVES)}: {archive!r}"
            self._error((*place, "archive_type"), text)
        if not isinstance(exports, list) or not exports:
            self._error((*place, "exports"), f"dependency '{name}' must declare at least one export")
        elif archive == "raw" and len(exports) != 1 and kind != "host":
            self._error((*place, "exports"), "raw dependency payload must declare exactly one export")

    def _error(self, place: Place, message: str) -> None:
        self._findings.error(self._file, self._lines.line(*place), message)


def _has(value: Json, *keys: str) -> bool:
    return isinstance(value, dict) and all(value.get(key) for key in keys)
