"""The platform a runtime is installed for, and the names of files there."""

from __future__ import annotations

import os
import platform
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

_ARCHITECTURES = {"x86_64": "x64", "amd64": "x64", "x64": "x64", "aarch64": "arm64", "arm64": "arm64"}
_LONG_NAMES = {"x64": "x86_64", "arm64": "aarch64"}
_SYSTEMS = {"windows": "windows", "win32": "windows", "darwin": "macos", "macos": "macos", "linux": "linux"}
_TRIPLES = {
    "windows-x64": "x86_64-pc-windows-msvc",
    "macos-x64": "x86_64-apple-darwin",
    "macos-arm64": "aarch64-apple-darwin",
    "linux-x64": "x86_64-unknown-linux-gnu",
    "linux-arm64": "aarch64-unknown-linux-gnu",
}
_LIBRARIES = {"windows": ("", ".dll"), "macos": ("lib", ".dylib"), "linux": ("lib", ".so")}


@dataclass(frozen=True, slots=True)
class PlatformTarget:
    """The descriptor of a platform, as manifests hold it."""

    platform_key: str
    target_triple: str
    archive_ext: str
    controller_binary_name: str
    dynamic_library_ext: str
    luaskills_library_name: str
    sqlite_library_name: str
    lancedb_library_name: str

    @classmethod
    def of(cls, system: str | None = None, machine: str | None = None) -> PlatformTarget:
        """This platform, or a named one; raises ValueError where there are no assets."""
        asked, asked_machine = (system or platform.system()).lower(), (machine or platform.machine()).lower()
        architecture = _ARCHITECTURES.get(asked_machine)
        if architecture is None:
            raise ValueError(f"unsupported architecture: {asked_machine}")
        name = _SYSTEMS.get(asked, asked)
        key = f"{name}-{architecture}"
        if key not in _TRIPLES:
            raise ValueError(f"unsupported runtime platform: {asked}/{_LONG_NAMES[architecture]}")
        prefix, extension = _LIBRARIES[name]
        windows = name == "windows"
        return cls(
            platform_key=key,
            target_triple=_TRIPLES[key],
            archive_ext=".zip" if windows else ".tar.gz",
            controller_binary_name=f"vldb-controller{'.exe' if windows else ''}",
            dynamic_library_ext=extension,
            luaskills_library_name=f"{prefix}luaskills{extension}",
            sqlite_library_name=f"{prefix}vldb_sqlite{extension}",
            lancedb_library_name=f"{prefix}vldb_lancedb{extension}",
        )

    def to_json(self) -> dict[str, str]:
        return asdict(self)


def resolve_runtime_platform_target(system: str | None = None, machine: str | None = None) -> dict[str, str]:
    """The descriptor of this platform, or of a named one; raises ValueError where there are no assets."""
    return PlatformTarget.of(system, machine).to_json()


def resolve_luaskills_library_path_from_runtime(
    runtime_root: str | os.PathLike[str], target: Mapping[str, str] | None = None
) -> Path | None:
    """The installed native library of a runtime root; None without one."""
    name = (target or resolve_runtime_platform_target())["luaskills_library_name"]
    path = resolved_root(runtime_root) / "libs" / name
    return path if path.is_file() else None


def resolved_root(runtime_root: str | os.PathLike[str]) -> Path:
    """A runtime root as an absolute path, ``~`` expanded."""
    return Path(runtime_root).expanduser().resolve()
