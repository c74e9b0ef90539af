"""What new settings change in a running kernel, and what only a restart changes."""

from __future__ import annotations

from dataclasses import dataclass

from pharia_kernel.config import Settings

LIVE = ("namespaces", "callers", "namespace_update_interval", "directory_scan_interval", "config_reload_interval")
"""What can be changed at run time, as attributes of the settings."""

_SKILL_TOOLS = "skill-tools"
"""Of a namespace: places for calls within calls are made when the kernel starts, where a namespace wants them."""


@dataclass(frozen=True, slots=True)
class Reloaded:
    """Names of namespaces, and keys; all sorted."""

    added: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    not_applied: tuple[str, ...] = ()
    """Keys with a new value that counts from the next start on."""

    def __str__(self) -> str:
        parts = (("added", self.added), ("changed", self.changed), ("removed", self.removed))
        told = [f"{what} {', '.join(names)}" for what, names in parts if names]
        text = f"namespaces: {'; '.join(told)}" if told else "no namespace has changed"
        return f"{text}; not before a restart: {', '.join(self.not_applied)}" if self.not_applied else text


def differences(before: Settings, after: Settings, *, nested: bool) -> Reloaded:
    """``nested``: there are places for calls within calls."""
    old, new = before.namespaces, after.namespaces
    values = (before.effective(), after.effective())
    keys = {key for key in {**values[0], **values[1]} if values[0].get(key) != values[1].get(key)}
    return Reloaded(
        added=tuple(sorted(new.keys() - old.keys())),
        changed=tuple(sorted(name for name in new.keys() & old.keys() if new[name] != old[name])),
        removed=tuple(sorted(old.keys() - new.keys())),
        not_applied=tuple(sorted(key for key in keys if not _is_live(key, values[1].get(key), nested))),
    )


def _is_live(key: str, value: object, nested: bool) -> bool:
    if not key.startswith("namespaces."):
        return key.partition(".")[0].replace("-", "_") in LIVE
    return nested or not key.endswith(f".{_SKILL_TOOLS}") or not value
