"""Who owns the callback slots of a library: they are one per library and kind in the whole process."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from pathlib import Path

from luaskills.binding.transport import Callback, Transport


@dataclass(slots=True)
class CallbackSlots:
    """The owner of every slot that is set. Thread safe."""

    _lock: threading.Lock = field(default_factory=threading.Lock)
    _owners: dict[tuple[Path | None, str], object] = field(default_factory=dict)

    def set(self, transport: Transport, kind: str, callback: Callback, owner: object) -> None:
        """Fill a slot; whoever fills it last owns it. Raises LuaSkillsError."""
        with self._lock:
            transport.set_callback(kind, callback)
            self._owners[transport.path, kind] = owner

    def clear(self, transport: Transport, kind: str, owner: object) -> None:
        """Empty a slot, unless somebody else owns it. Raises LuaSkillsError."""
        slot = transport.path, kind
        with self._lock:
            if self._owners.get(slot) is owner:
                transport.set_callback(kind, None)
                del self._owners[slot]


SLOTS = CallbackSlots()
"""Those of this process, as the slots of a loaded library are."""
