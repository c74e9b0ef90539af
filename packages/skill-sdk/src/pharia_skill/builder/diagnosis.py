"""What went wrong while a module was imported in a component, in a few lines instead of several screens."""

from __future__ import annotations

import re
import sysconfig
from dataclasses import dataclass
from pathlib import Path

from pharia_skill.builder.kind import SkillType, wrong_kind
from pharia_skill.errors import (
    BuildError,
    ComponentizeFailed,
    ModuleMissing,
    NativeExtension,
    NoHttpError,
    NoSkill,
    SeveralSkills,
    SkillImportFailed,
)

_FRAME = re.compile(r'File "/([\w-]+)/([^"]+)", line (\d+)')
_ANY_FRAME = re.compile(r'^\s+File "')
_COMPILER_CAUSE = re.compile(r"Caused by:\s*(?:\d+: )?(.+)")
_MISSING = re.compile(r"ModuleNotFoundError: No module named '([^']+)'")
_OTHER_WORLD = re.compile(r"cannot import name '(message_stream|skill_handler)' from 'pharia_skill\.bindings\.exports'")
_NO_HANDLER = re.compile(r"has no attribute '(SkillHandler|MessageStream)'")
_OWN_ERROR = re.compile(r"^(?:pharia_skill\.errors\.)?(?:InvalidSkill|InvalidTool): ")
_OWN_ROOT = re.compile(r"skill(?:-\d+)?")
_NETWORK_LIBRARIES = {"requests", "httpx", "httpcore", "urllib3", "aiohttp", "websockets", "openai", "anthropic"}
_NETWORK_MODULES = {"socket", "_socket", "ssl", "_ssl"}
_ABSENT_MODULES = {"zlib", "_asyncio", "_ctypes", "_multiprocessing", "_overlapped", "_posixsubprocess", "_sqlite3"}
_BINDINGS = "pharia_skill.bindings.exports."
_LONGEST = 500


@dataclass(frozen=True, slots=True)
class _Frame:
    root: str
    file: str
    line: str

    @property
    def package(self) -> str:
        return self.file.split("/")[0].removesuffix(".py")

    @property
    def is_own(self) -> bool:
        """Whether the file belongs to the skill and not to a library."""
        return _OWN_ROOT.fullmatch(self.root) is not None

    def __str__(self) -> str:
        return f"{self.file} line {self.line}"


def diagnose(printed: str, module: str) -> BuildError:
    """The error to raise for what was written to standard error, usually a traceback."""
    frames = [_Frame(root, file, line) for root, file, line in _FRAME.findall(printed)]
    cause = _cause(printed)
    own = [frame for frame in frames if frame.is_own]
    where = f"{own[-1]}: " if own else ""
    if (match := _MISSING.search(cause) or _native(printed)) is not None:
        return _missing(match[1], module, frames, where)
    if match := _OTHER_WORLD.search(cause):
        return _missing(f"{_BINDINGS}{match[1]}", module, frames, where)
    if match := _NO_HANDLER.search(cause):
        decorator = "@skill" if match[1] == "SkillHandler" else "@message_stream"
        return NoSkill(f"module `{module}` has no function decorated with {decorator}")
    if "can only be used once" in cause or "only once" in cause:
        return SeveralSkills(f"{where}{_short(cause)}")
    if frames or cause.startswith(("SystemExit: ", "RuntimeError: ")):
        note = "" if _OWN_ERROR.match(cause) else " (the module is imported while the component is built)"
        return SkillImportFailed(f"{where}{_short(cause)}{note}")
    return ComponentizeFailed(f"`{module}` could not be built: {_short(cause)}")


def _cause(printed: str) -> str:
    """First line of the exception: what follows the last frame and its source."""
    if match := _COMPILER_CAUSE.search(printed):
        return match[1].strip()
    lines = printed.splitlines()
    last = max((number for number, line in enumerate(lines) if _ANY_FRAME.match(line)), default=-1)
    following = [line.strip() for line in lines[last + 1 :] if line.strip() and not line.startswith(" ")]
    if not following:
        return "no message"
    return following[0] if last >= 0 else following[-1]


def _native(printed: str) -> re.Match[str] | None:
    """Libraries like numpy explain a missing extension on several screens, after the error that says which."""
    return next((match for match in _MISSING.finditer(printed) if _compiled(match[1])), None)


def _short(cause: str) -> str:
    text = _OWN_ERROR.sub("", cause)
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"


def _missing(name: str, module: str, frames: list[_Frame], where: str) -> BuildError:
    if name == f"{_BINDINGS}message_stream":
        return wrong_kind(SkillType.MESSAGE_STREAM_SKILL, where)
    if name == f"{_BINDINGS}skill_handler":
        return wrong_kind(SkillType.SKILL, where)
    libraries = [frame.package for frame in frames if frame.package in _NETWORK_LIBRARIES]
    libraries += [name.lstrip("_")] if name in _NETWORK_MODULES else []
    if libraries and name in _NETWORK_MODULES | _ABSENT_MODULES:
        return NoHttpError(
            f"{where}`{libraries[0]}` talks to the network, which a skill can not do. It seems you are trying to build "
            "a Skill that imports a library that does outbound http requests. Please remove the corresponding import; "
            'let a tool do it and call that: csi.invoke_tool("fetch", url=…)'
        )
    if name in _ABSENT_MODULES or name in ("sqlite3", "ctypes", "multiprocessing"):
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
