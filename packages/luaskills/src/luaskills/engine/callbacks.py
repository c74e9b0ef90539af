"""The functions a host has registered, by name."""

from __future__ import annotations

import threading
from collections.abc import Callable

from luaskills.context import Callbacks
from luaskills.types import Json

NAMES = frozenset(
    {
        "sqlite_provider",
        "lancedb_provider",
        "host_tool",
        "model_embed",
        "model_llm",
        "skill_operation_progress",
        "skill_management",
        "skill_lifecycle",
        "entry_registry_delta",
    }
)


class CallbackTable:
    """One function per name of ``NAMES``; None takes it away. Thread safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._functions: dict[str, Callable[[Json], Json]] = {}

    def get(self, name: str) -> Callable[[Json], Json] | None:
        return self._functions.get(name)

    def set(self, name: str, function: Callable[[Json], Json] | None) -> None:
        """Register a function; raises ValueError for a name that does not exist."""
        if name not in NAMES:
            raise ValueError(f"`{name}` is no callback; the names are {', '.join(sorted(NAMES))}")
        with self._lock:
            if function is None:
                self._functions.pop(name, None)
            else:
                self._functions[name] = function


PROVIDERS = ("sqlite_provider", "lancedb_provider")


class ProvidersKept:
    """The functions of a host as an engine sees them: database providers as they were when it was made."""

    def __init__(self, live: Callbacks) -> None:
        self._live = live
        self._providers = {name: live.get(name) for name in PROVIDERS}

    def get(self, name: str) -> Callable[[Json], Json] | None:
        return self._providers[name] if name in self._providers else self._live.get(name)
