"""The released lines of the skill interface, as their WIT files say. A new patch is a replaced file in ``wit/``."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from pharia_kernel.errors import SkillLoadError
from pharia_kernel.runtimes.wasm.host.types import FunctionType, Interface
from pharia_kernel.runtimes.wasm.host.wit import Package, parse_wit

PACKAGE = "pharia:skill"
UNVERSIONED = "unversioned"
NEWEST_STABLE = "0.4"
ORDER = (UNVERSIONED, "0.1", "0.2", "0.3", "0.4", "0.5")
"""Every line, the oldest first; folders of ``wit/``."""
_VERSION = re.compile(r"(\d+)\.(\d+)\.(\d+)(-[0-9A-Za-z.-]+)?")


@dataclass(frozen=True, slots=True)
class Line:
    """A minor version with all its patches; every patch keeps the signatures of the ones before it."""

    name: str
    """``0.3``, or ``unversioned``."""
    patch: int
    """The newest patch known."""
    interfaces: dict[str, Interface]

    def function(self, interface: str, name: str) -> FunctionType | None:
        found = self.interfaces.get(interface)
        return found.functions.get(name) if found else None


def wit_text(line: str) -> str:
    return (files(__package__) / "wit" / line / "skill.wit").read_text()


@cache
def lines() -> dict[str, Line]:
    return {name: _line(name, parse_wit(wit_text(name))) for name in ORDER}


def _line(name: str, package: Package) -> Line:
    patch = int(package.version.rsplit(".", 1)[1]) if package.version else 0
    return Line(name, patch, package.interfaces)


def admit(version: str) -> Line:
    """The line a version belongs to; raises :class:`SkillLoadError` for versions no line serves."""
    match = _VERSION.fullmatch(version)
    if not match:
        raise SkillLoadError(f"Skill version {version} is not a version.")
    major, minor, patch = int(match[1]), int(match[2]), int(match[3])
    line = lines().get(f"{major}.{minor}")
    newest = max(tuple(map(int, name.split("."))) for name in lines() if name != UNVERSIONED)
    if match[4]:
        raise SkillLoadError(
            f"Skill version {version} is a pre-release, which no kernel serves. Rebuild the skill with a released SDK."
        )
    if (major, minor) > newest or (line and patch > line.patch):
        raise SkillLoadError(
            f"Skill version {version} is not supported by this Kernel installation yet. Try updating your Kernel "
            "version or downgrading your SDK."
        )
    if line is None:
        raise SkillLoadError(f"Skill version {version} is no longer supported by the Kernel. Try upgrading your SDK.")
    return line
