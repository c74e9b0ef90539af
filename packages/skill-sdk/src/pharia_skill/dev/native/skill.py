"""A decorated function of a module in this process."""

from __future__ import annotations

import importlib
import inspect
import sys
import traceback
import types
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, get_type_hints

from pydantic import TypeAdapter, ValidationError

from pharia_skill.builder.target import Target
from pharia_skill.csi import Csi
from pharia_skill.description import SkillDescription
from pharia_skill.errors import InputRejected, NoSkill, SeveralSkills, SkillRaised
from pharia_skill.json_type import describe
from pharia_skill.message_stream import MessageWriter

_HANDLERS = ("SkillHandler", "MessageStream")


@dataclass(frozen=True, slots=True)
class NativeSkill:
    description: SkillDescription
    root: Path
    func: Callable[..., Any]
    input: TypeAdapter[Any]
    output: TypeAdapter[Any] | None
    """None for message streams."""

    def run(self, csi: Csi, data: bytes) -> bytes:
        """The answer as JSON. Raises :class:`InputRejected` and :class:`SkillRaised`."""
        assert self.output is not None
        value = self._read(data)
        try:
            return self.output.dump_json(self.func(csi, value), warnings="error")
        except Exception as error:
            raise SkillRaised(explained(error, self.root)) from error

    def stream(self, csi: Csi, writer: MessageWriter[Any], data: bytes) -> None:
        """Raises :class:`InputRejected` and :class:`SkillRaised`; what the writer raises passes through."""
        value = self._read(data)
        try:
            self.func(csi, writer, value)
        except OSError:
            raise
        except Exception as error:
            raise SkillRaised(explained(error, self.root)) from error

    def _read(self, data: bytes) -> Any:
        try:
            return self.input.validate_json(data)
        except ValidationError as error:
            raise InputRejected(describe(error)) from None


def load_native(target: Target) -> NativeSkill:
    """Import the module. Raises :class:`SkillRaised`, :class:`NoSkill` and :class:`SeveralSkills`."""
    root = str(target.root)
    if root not in sys.path:
        sys.path.insert(0, root)
    try:
        module = importlib.import_module(target.module)
    except (Exception, SystemExit) as error:
        raise SkillRaised(explained(error, target.root)) from error
    func = _function(module, target)
    hints = get_type_hints(inspect.unwrap(func), include_extras=True)
    names = list(inspect.signature(func).parameters)
    description: SkillDescription = func.__pharia_skill__  # type: ignore[attr-defined]  # _function looked for it
    output = TypeAdapter(hints["return"]) if description.kind == "skill" else None
    return NativeSkill(description, target.root, func, TypeAdapter(hints[names[-1]]), output)


def _function(module: types.ModuleType, target: Target) -> Callable[..., Any]:
    """As a build chooses: the function that was asked for, else the one whose handler the component would find."""
    file = target.file.name
    found: dict[str, Callable[..., Any]] = {
        name: each for name, each in vars(module).items() if _is_skill_of(module, each)
    }
    if target.function is not None:
        if target.function not in found:
            raise NoSkill(f"{file} has no skill `{target.function}`")
        return found[target.function]
    handlers = [vars(module)[slot].__qualname__ for slot in _HANDLERS if slot in vars(module)]
    candidates = [name for name in handlers if name in found]
    if not candidates:
        raise NoSkill(f"{file} has no function decorated with @skill or @message_stream")
    if len(candidates) > 1:
        raise SeveralSkills(f"{file} has several skills: {', '.join(found)} (choose one: {file}:{candidates[0]})")
    return found[candidates[0]]


def _is_skill_of(module: types.ModuleType, value: Any) -> bool:
    """Skills imported from elsewhere are called by this one; they are not what is meant."""
    return hasattr(value, "__pharia_skill__") and getattr(value, "__module__", None) == module.__name__


def explained(error: BaseException, root: Path) -> str:
    """The traceback, from the first to the last line of the project."""
    frames = traceback.extract_tb(error.__traceback__)
    own = [index for index, frame in enumerate(frames) if _is_below(frame.filename, root)]
    shown = frames[own[0] : own[-1] + 1] if own else []
    return "".join([*traceback.format_list(shown), *traceback.format_exception_only(error)]).rstrip()


def _is_below(file: str, root: Path) -> bool:
    path = Path(file)
    return path.is_relative_to(root) and "site-packages" not in path.parts
