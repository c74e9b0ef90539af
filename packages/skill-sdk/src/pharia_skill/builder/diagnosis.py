"""What went wrong in ``componentize-py``, in a few lines instead of several screens."""

from __future__ import annotations

import re
import sysconfig
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from pharia_skill.errors import (
    BuildError,
    ComponentizeFailed,
    IsMessageStream,
    IsSkill,
    ModuleMissing,
    NativeExtension,
    NoHttpError,
    NoSkill,
    SeveralSkills,
    SkillImportFailed,
)

_FRAME = re.compile(r'File "/(\d+)/([^"]+)", line (\d+)')
_CAUSE = re.compile(r"Caused by:\s*(?:\d+: )?(.+)")
_MISSING = re.compile(r"ModuleNotFoundError: No module named '([^']+)'")
_NO_HANDLER = re.compile(r"has no attribute '(SkillHandler|MessageStream)'")
_NETWORK_LIBRARIES = {"requests", "httpx", "httpcore", "urllib3", "aiohttp", "websockets", "openai", "anthropic"}
_NETWORK_MODULES = {"zlib", "ssl", "_ssl", "_socket", "_asyncio", "_overlapped"}
_BINDINGS = "pharia_skill.bindings.exports."
_LONGEST = 500


@dataclass(frozen=True, slots=True)
class _Frame:
    file: str
    line: str

    @property
    def package(self) -> str:
        return self.file.split("/")[0].removesuffix(".py")

    def __str__(self) -> str:
        return f"{self.file} line {self.line}"


def diagnose(stderr: str, module: str, folders: Sequence[Path]) -> BuildError:
    """The error to raise for what the compiler wrote; ``folders`` is what it was given."""
    frames = [_Frame(file, line) for _, file, line in _FRAME.findall(stderr)]
    cause = _cause(stderr)
    own = _last_own(frames, module)
    where = f"{own}: " if own else ""
    if match := _MISSING.search(cause):
        return _missing(match[1], module, frames, where)
    if match := _NO_HANDLER.search(cause):
        decorator = "@skill" if match[1] == "SkillHandler" else "@message_stream"
        return NoSkill(f"module `{module}` has no function decorated with {decorator}")
    if "can only be used once" in cause or "only once" in cause:
        return SeveralSkills(f"{where}{_short(cause)} (a component is one skill: put each in a module of its own)")
    if frames:
        return SkillImportFailed(f"{where}{_short(cause)} (the module is imported while the component is built)")
    return ComponentizeFailed(f"componentize-py could not build `{module}`: {_short(cause)}")


def _cause(stderr: str) -> str:
    match = _CAUSE.search(stderr)
    if match:
        return match[1].strip()
    lines = [line.strip() for line in stderr.splitlines() if line.strip()]
    return lines[-1] if lines else "no message"


def _short(text: str) -> str:
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"


def _last_own(frames: list[_Frame], module: str) -> _Frame | None:
    """The place in the skill's own package where it went wrong, not that in a library."""
    own = [frame for frame in frames if frame.package == module.split(".")[0]]
    return own[-1] if own else None


def _missing(name: str, module: str, frames: list[_Frame], where: str) -> BuildError:
    if name == f"{_BINDINGS}message_stream":
        return IsMessageStream(
            f"{where}the @message_stream decorator needs a skill of type message-stream-skill (leave --skill-type "
            "away, or set it so)"
        )
    if name == f"{_BINDINGS}skill_handler":
        return IsSkill(
            f"{where}the @skill decorator needs a skill of type skill (leave --skill-type away, or set it so)"
        )
    libraries = [frame.package for frame in frames if frame.package in _NETWORK_LIBRARIES]
    if name in _NETWORK_MODULES and libraries:
        return NoHttpError(
            f"{where}`{libraries[0]}` talks to the network, which a skill can not do. Remove the import; let a tool do "
            'it and call that: csi.invoke_tool("fetch", url=…)'
        )
    if name in _NETWORK_MODULES or name in ("sqlite3", "_sqlite3", "_ctypes", "_multiprocessing", "_posixsubprocess"):
        return ModuleMissing(f"{where}Python in a component has no `{name}`; `{module}` must do without it")
    if frames and _compiled(name):
        package = name.split(".")[0]
        return NativeExtension(
            f"{where}`{package}` has compiled parts (`{name}`), and there are none for WebAssembly. Use a library in "
            "pure Python"
        )
    return ModuleMissing(
        f"{where}there is no module `{name}` (install it in this environment, or add its folder with --source-path)"
    )


def _compiled(name: str) -> bool:
    """Whether this environment has the module as machine code."""
    site = sysconfig.get_paths()["platlib"]
    base = Path(site, *name.split("."))
    return any(base.parent.glob(f"{base.name}.*.so")) or any(base.parent.glob(f"{base.name}*.pyd"))
