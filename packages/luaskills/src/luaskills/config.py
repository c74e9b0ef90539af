"""The configuration of skills: texts by skill and key, which skills read as they like."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, overload

from luaskills.binding.bound_engine import BoundEngine
from luaskills.types import Json


class SkillConfigClient:
    """Reads and writes the configuration file of one engine. Skills need not be installed to have values."""

    def __init__(self, client: BoundEngine) -> None:
        self._client = client

    def list(self, skill_id: str | None = None) -> list[dict[str, Any]]:
        """``[{skill_id, key, value}]``, sorted, of one skill or of all."""
        found: list[dict[str, Any]] = self._client.request("skill_config_list", skill_id=skill_id)
        return found

    def get(self, skill_id: str, key: str) -> dict[str, Any]:
        """``{found, skill_id, key, value?}``."""
        answer: dict[str, Any] = self._client.request("skill_config_get", skill_id=skill_id, key=key)
        return answer

    @overload
    def set(self, skill_id: str, key: str, value: str) -> dict[str, Any]: ...
    @overload
    def set(self, skill_id: str, key: Mapping[str, str | int | float | bool]) -> dict[str, Any]: ...

    def set(
        self, skill_id: str, key: str | Mapping[str, str | int | float | bool], value: str | None = None
    ) -> dict[str, Any]:
        """Set one value, ``{action: "set", skill_id, key, value}``; or several, kept as texts, from a mapping."""
        sent: dict[str, Json] = {"key": key, "value": value} if isinstance(key, str) else {"values": dict(key)}
        answer: dict[str, Any] = self._client.request("skill_config_set", skill_id=skill_id, **sent)
        return answer

    def delete(self, skill_id: str, key: str) -> dict[str, Any]:
        """``{action: "delete", skill_id, key, deleted}``."""
        answer: dict[str, Any] = self._client.request("skill_config_delete", skill_id=skill_id, key=key)
        return answer
