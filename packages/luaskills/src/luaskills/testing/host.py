"""What stands in for a host: its callbacks, and what was wrong with the requests that came."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol

from luaskills.types import Json

Callback = Callable[[Json], Json]


@dataclass(frozen=True, slots=True)
class HostCall:
    """One thing a skill asked of its host: ``to`` is the callback, ``request`` what it got but for who asked."""

    to: str
    request: Json
    answer: Json = None
    error: str | None = None

    def to_json(self) -> dict[str, Json]:
        outcome = {"answer": self.answer} if self.error is None else {"error": self.error}
        return {"to": self.to, "request": self.request, **outcome}


class HostDouble(Protocol):
    """What a test gives a skill in place of its host."""

    @property
    def callbacks(self) -> Mapping[str, Callback]:
        """Functions by the names of the engine: ``host_tool``, ``model_llm``, ``sqlite_provider`` …"""

    @property
    def calls(self) -> list[HostCall]:
        """What was asked, in order."""

    def problems(self) -> list[str]:
        """What came that was not expected, and what was expected and did not come."""


def bare(to: str, request: Json) -> Json:
    """A request without who asked and where it runs: the same in every place."""
    if not isinstance(request, Mapping):
        return request
    if to == "host_tool":
        members = {"call": ("tool_name", "args"), "has": ("action", "tool_name")}.get(request["action"], ("action",))
        return {key: request.get(key) for key in members}
    return {key: value for key, value in request.items() if key not in ("caller", "binding")}
