"""`vulcan.config`: strings a skill keeps for good, in the namespace of its id."""

from __future__ import annotations

from collections.abc import Mapping

from luaskills.context import CallContext
from luaskills.errors import ConfigError, HostFunctionError
from luaskills.vulcan.arguments import Arguments, argument, text
from luaskills.vulcan.function import HostFunction


class ConfigTable:
    """The functions of `vulcan.config` for one VM."""

    def __init__(self, context: CallContext) -> None:
        self._context = context

    def functions(self) -> Mapping[str, HostFunction]:
        """The table, by function name."""
        table = {"get": self.get, "has": self.has, "set": self.set, "delete": self.delete, "list": self.list}
        return {name: _refusing(f) for name, f in table.items()}

    def get(self, given: Arguments) -> object:
        """The value of a key, or nil."""
        skill = self._skill("get")
        return self._context.host.config.get(skill, _key("get", given))

    def has(self, given: Arguments) -> object:
        """Whether a key has a value."""
        skill = self._skill("has")
        return self._context.host.config.get(skill, _key("has", given)) is not None

    def set(self, given: Arguments) -> object:
        """Keep a string."""
        skill = self._skill("set")
        key, value = _key("set", given), text("vulcan.config.set", "value", argument(given, 1))
        self._context.host.config.set(skill, key, value)
        return True

    def delete(self, given: Arguments) -> object:
        """Whether something was removed."""
        skill = self._skill("delete")
        return self._context.host.config.delete(skill, _key("delete", given))

    def list(self, _given: Arguments) -> object:
        """All keys and values."""
        return dict(self._context.host.config.values(self._skill("list")))

    def _skill(self, fn: str) -> str:
        if self._context.skill is None:
            raise HostFunctionError(f"vulcan.config.{fn} requires one active skill context")
        return self._context.skill.skill_id


def _key(fn: str, given: Arguments) -> str:
    key = text(f"vulcan.config.{fn}", "key", argument(given, 0)).strip()
    if not key:
        raise HostFunctionError("skill config key must not be empty")
    return key


def _refusing(f: HostFunction) -> HostFunction:
    def call(given: Arguments) -> object:
        try:
            return f(given)
        except ConfigError as error:
            raise HostFunctionError(str(error)) from None

    return call
