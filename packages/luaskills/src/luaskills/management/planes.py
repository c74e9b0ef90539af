"""The two planes of management and its actions."""

from __future__ import annotations

from enum import Enum


class Plane(str, Enum):
    """Through which functions a host manages skills."""

    SKILLS = "skills"
    """Ordinary: never touches ROOT, takes no authority."""
    SYSTEM = "system"
    """Takes an authority; ``system`` may touch ROOT."""


class Action(str, Enum):
    """What is done to a skill; the value is how messages write it."""

    INSTALL = "Install"
    UPDATE = "Update"
    UNINSTALL = "Uninstall"
    ENABLE = "Enable"
    DISABLE = "Disable"
