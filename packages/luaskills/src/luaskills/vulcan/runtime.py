"""`vulcan.runtime`: the log and the directories of the runtime."""

from __future__ import annotations

import logging
import os
from collections.abc import Mapping

from luaskills.context import CallContext
from luaskills.vulcan.arguments import Arguments, Tag, argument, raw, text
from luaskills.vulcan.function import HostFunction


class RuntimeTable:
    """The functions of `vulcan.runtime` itself for one VM."""

    def __init__(self, context: CallContext) -> None:
        self._context = context

    def functions(self) -> Mapping[str, HostFunction]:
        """The table, by function name."""
        return {"log": self.log, "cwd": self.cwd}

    def values(self) -> Mapping[str, object]:
        """The plain fields."""
        return {name: self._context.options.get(name) for name in ("temp_dir", "resources_dir")}

    def log(self, given: Arguments) -> object:
        """Write one line into the log of the engine."""
        level = text("runtime.log", "level", argument(given, 0))
        message = argument(given, 1)
        shown = (
            raw(message.value).decode("utf-8", "replace")
            if message.tag == Tag.STRING
            else text("runtime.log", "message", message)
        )
        self._context.host.log.log(_severity(level), "[LuaSkill:%s] %s", level, shown)
        return None

    def cwd(self, _given: Arguments) -> object:
        """The base of relative paths."""
        return self._context.cwd or os.getcwd()


def _severity(level: str) -> int:
    lowered = level.lower()
    if "error" in lowered or "fatal" in lowered:
        return logging.ERROR
    return logging.WARNING if "warn" in lowered else logging.INFO
