"""Which world a component implements, told by its exports alone: tool chains drop imports nobody uses."""

from __future__ import annotations

import re
from dataclasses import dataclass

from pharia_kernel.errors import SkillLoadError
from pharia_kernel.runtimes.wasm.host.types import STRING, ComponentShape, FunctionType, Interface
from pharia_kernel.runtimes.wasm.worlds.lines import PACKAGE, UNVERSIONED, Line, admit, lines
from pharia_kernel.types import SkillKind

_EXPORT = re.compile(re.escape(PACKAGE) + r"/([a-z-]+)@(.+)")
_KINDS = {"skill-handler": SkillKind.FUNCTION, "message-stream": SkillKind.MESSAGE_STREAM}
_TEXT_TO_TEXT = FunctionType((STRING,), STRING)


@dataclass(frozen=True, slots=True)
class World:
    line: Line
    kind: SkillKind
    export: str | None
    """Name of the exported interface as the component has it; None for a function at the root."""

    @property
    def has_metadata(self) -> bool:
        handler = self.line.interfaces.get("skill-handler")
        return self.kind is SkillKind.FUNCTION and handler is not None and "metadata" in handler.functions


def detect(shape: ComponentShape) -> World:
    """The first export that fits decides; raises :class:`SkillLoadError`."""
    for name, kind in shape.exports.items():
        match = _EXPORT.fullmatch(name)
        if not match or not isinstance(kind, Interface):
            continue
        interface, version = match.groups()
        line = admit(version)
        if interface in _KINDS and interface in line.interfaces:
            _check_handler(name, interface, kind, line)
            return World(line, _KINDS[interface], name)
    if shape.exports.get("run") == _TEXT_TO_TEXT:
        return World(lines()[UNVERSIONED], SkillKind.FUNCTION, None)
    raise SkillLoadError(
        "Web assembly component is not using a supported pharia:skill world. It exports "
        f"{', '.join(shape.exports) or 'nothing'}."
    )


def _check_handler(name: str, interface: str, exported: Interface, line: Line) -> None:
    for function, kind in line.interfaces[interface].functions.items():
        if exported.functions.get(function) != kind:
            raise SkillLoadError(
                f"{name} exports {function} with another signature than {PACKAGE}@{line.name}.{line.patch} has."
            )
