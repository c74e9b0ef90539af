"""`vulcan.host`: tools the host implements, reached through its callback `host_tool`."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from luaskills.context import CallContext
from luaskills.errors import HostFunctionError
from luaskills.types import Json
from luaskills.vulcan.arguments import Argument, Arguments, Tag, argument, filled_text, strict, table
from luaskills.vulcan.function import HostFunction


class HostTable:
    """The functions of `vulcan.host` for one VM."""

    def __init__(self, context: CallContext) -> None:
        self._context = context

    def functions(self) -> Mapping[str, HostFunction]:
        """The table, by function name."""
        return {"list": self.list, "has": self.has, "has_tool": self.has, "call": self.call}

    def list(self, _given: Arguments) -> object:
        """What the host says it has; an empty table without a callback."""
        return self._ask("list", None, {})

    def has(self, given: Arguments) -> object:
        """Whether the host has a tool."""
        name = filled_text("host.has", "tool_name", argument(given, 0))
        return self._callback() is not None and _truth(self._ask("has", name, {}))

    def call(self, given: Arguments) -> object:
        """The answer of a tool: an object as it is, anything else as `{ok=true, value=…}`; failures are answers too."""
        name = filled_text("host.call", "tool_name", argument(given, 0))
        if len(given) > 2:
            raise HostFunctionError(f"host.call: expected 2 argument(s), got {len(given)}")
        args = _args(argument(given, 1))
        callback = self._callback()
        if callback is None:
            message = f"host tool bridge has no registered callback for '{name}'"
            return _failure("host_tool_callback_missing", message)
        try:
            answer = callback({"action": "call", "tool_name": name, "args": args})
        except Exception as error:
            return _failure("host_tool_callback_error", str(error) or type(error).__name__)
        return answer if isinstance(answer, Mapping) else {"ok": True, "value": answer}

    def _callback(self) -> Callable[[Json], Json] | None:
        return self._context.host.callbacks.get("host_tool")

    def _ask(self, action: str, name: str | None, args: dict[str, Json]) -> Json:
        callback = self._callback()
        if callback is None:
            return {}
        try:
            return callback({"action": action, "tool_name": name, "args": args})
        except Exception as error:
            raise HostFunctionError(f"vulcan.host.{action}: {str(error) or type(error).__name__}") from None


def _args(given: Argument) -> Json:
    if given.tag != Tag.BAD:
        value = table("host.call", "args", given)
        try:
            strict("host.call", "args", value)
        except HostFunctionError as error:
            raise HostFunctionError(f"vulcan.host.call: invalid args table: {error}") from None
        return value or {}
    raise HostFunctionError(f"vulcan.host.call: invalid args table: {given.value}")


def _truth(answer: Json) -> bool:
    if isinstance(answer, bool):
        return answer
    rule = "vulcan.host.has: host tool has callback must return a boolean"
    if isinstance(answer, Mapping):
        for key in ("exists", "has", "available"):
            value = answer.get(key)
            if isinstance(value, bool):
                return value
        raise HostFunctionError(f"{rule} or an object with boolean exists/has/available")
    raise HostFunctionError(rule)


def _failure(code: str, message: str) -> dict[str, object]:
    return {"ok": False, "error": {"code": code, "message": message}}
