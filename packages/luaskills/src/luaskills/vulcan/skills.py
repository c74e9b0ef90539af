"""`vulcan.runtime.skills`: skill management through the host, where its policy allows it; never in the ROOT layer."""

from __future__ import annotations

from collections.abc import Mapping

from luaskills.context import CallContext
from luaskills.errors import HostFunctionError
from luaskills.types import Json
from luaskills.vulcan.arguments import Arguments, argument, mapping, strict
from luaskills.vulcan.function import HostFunction

ACTIONS = ("install", "update", "uninstall", "enable", "disable")
_TARGETS = {"layer", "targetlayer", "root", "rootname", "targetroot", "targetrootname"}
_NAMES = {"name", "label", "layer", "root", "rootname"}
_DESCRIPTIONS = {"PROJECT": "Project skill layer", "USER": "User skill layer"}


class SkillsTable:
    """The functions of `vulcan.runtime.skills` for one VM."""

    def __init__(self, context: CallContext) -> None:
        self._context = context
        capabilities = context.options.get("capabilities")
        self.enabled = isinstance(capabilities, Mapping) and capabilities.get("enable_skill_management_bridge") is True

    def functions(self) -> Mapping[str, HostFunction]:
        """The table, by function name."""
        return {"status": self.status, "layers": self.layers} | {action: self._action(action) for action in ACTIONS}

    def status(self, _given: Arguments) -> object:
        """Whether management is open to skills."""
        registered = self._context.host.callbacks.get("skill_management") is not None
        if not self.enabled:
            message = "Skill management bridge is disabled by host policy"
        elif registered:
            message = "Skill management bridge is enabled and ready"
        else:
            message = "Skill management bridge is enabled but no host callback is registered"
        return {
            "enabled": self.enabled,
            "callback_registered": registered,
            "mode": "host_callback",
            "message": message,
        }

    def layers(self, _given: Arguments) -> object:
        """The loaded layers a skill may name."""
        labels = [layer.label for layer in self._context.host.layers() if layer.label in _DESCRIPTIONS]
        default = "USER" if "USER" in labels else next(iter(labels), None)
        return {
            "default": default,
            "writable": self.enabled,
            "labels": labels,
            "layers": [
                {"label": label, "writable": self.enabled, "description": _DESCRIPTIONS[label]} for label in labels
            ],
        }

    def _action(self, action: str) -> HostFunction:
        fn = f"vulcan.runtime.skills.{action}"

        def call(given: Arguments) -> object:
            if not self.enabled:
                raise HostFunctionError(f"{fn} is disabled by host policy")
            value = mapping(f"runtime.skills.{action}", "input", argument(given, 0))
            strict(f"runtime.skills.{action}", "input", value)
            if targets_root(value):
                raise HostFunctionError(f"{fn} cannot target the system-controlled ROOT layer")
            callback = self._context.host.callbacks.get("skill_management")
            if callback is None:
                raise HostFunctionError("Runtime skill management bridge is enabled but no host callback is registered")
            request: dict[str, Json] = {"action": action, "authority": "delegated_tool", "input": value}
            try:
                return callback(request)
            except Exception as error:
                raise HostFunctionError(str(error)) from None

        return call


def targets_root(value: object) -> bool:
    """Whether a field at any depth that names a layer names ROOT."""
    if isinstance(value, Mapping):
        return any((_plain(key) in _TARGETS and _names_root(item)) or targets_root(item) for key, item in value.items())
    return isinstance(value, list) and any(targets_root(item) for item in value)


def _names_root(value: object) -> bool:
    if isinstance(value, str):
        return value.strip().upper() == "ROOT"
    if isinstance(value, Mapping):
        return any(_plain(key) in _NAMES and _names_root(item) for key, item in value.items())
    return isinstance(value, list) and any(_names_root(item) for item in value)


def _plain(key: str) -> str:
    return key.lower().replace("_", "").replace("-", "")
