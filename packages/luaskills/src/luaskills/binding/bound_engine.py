"""What the clients of one engine's parts need of the client of that engine."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

from luaskills.binding.json_ffi import LuaSkillsJsonFfi
from luaskills.types import Json


class BoundEngine(Protocol):
    """An engine in a library; raises RuntimeError once it is closed."""

    ffi: LuaSkillsJsonFfi

    def request(self, function: str, /, **members: Json) -> Any:
        """The result of ``luaskills_ffi_{function}_json`` on this engine."""

    def request_json(self, function_name: str, members: Mapping[str, Json]) -> Any:
        """The result of a function by its full name on this engine."""
