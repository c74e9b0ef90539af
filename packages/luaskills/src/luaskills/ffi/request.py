"""Reading the members of a request; what is missing or has the wrong type is an InvalidInput naming it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from luaskills.errors import InvalidInput
from luaskills.ffi.envelope import invalid_json, type_name
from luaskills.types import Authority, InvocationContext, Json

_MISSING: Any = object()
_LARGEST = 2**63 - 1


class Request:
    """The object a function was called with. Members it does not know are ignored."""

    def __init__(self, function: str, value: Mapping[str, Json]) -> None:
        self.function = function
        self.value = value

    def member(self, key: str) -> Json:
        """A member that must be there, of any type."""
        value = self.value.get(key, _MISSING)
        if value is _MISSING:
            raise self.invalid(f"missing field `{key}`")
        return value

    def text(self, key: str) -> str:
        return str(self._checked(key, self.member(key), str, "a string"))

    def text_or_none(self, key: str) -> str | None:
        """Absent and null are None."""
        return None if self.value.get(key) is None else self.text(key)

    def flag(self, key: str, default: bool = False) -> bool:
        value = self.value.get(key, default)
        return bool(self._checked(key, value, bool, "a boolean"))

    def whole(self, key: str) -> int:
        """A non-negative integer that must be there."""
        value = self.member(key)
        if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= _LARGEST:
            raise self._wrong(key, value, "a non-negative integer")
        return value

    def whole_or_none(self, key: str) -> int | None:
        """Absent and null are None."""
        return None if self.value.get(key) is None else self.whole(key)

    def mapping(self, key: str) -> dict[str, Json]:
        value: dict[str, Json] = self._checked(key, self.member(key), dict, "an object")
        return value

    def mapping_or_none(self, key: str) -> dict[str, Json] | None:
        """Absent and null are None."""
        return None if self.value.get(key) is None else self.mapping(key)

    def texts_or_none(self, key: str) -> list[str] | None:
        """A list of texts; absent and null are None."""
        value = self.value.get(key)
        if value is None:
            return None
        if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
            raise self._wrong(key, value, "a list of strings")
        return value

    def engine_id(self) -> int:
        return self.whole("engine_id")

    def roots(self) -> list[dict[str, str]]:
        """The chain of skill roots; its rules are checked by whoever loads it."""
        value = self.member("skill_roots")
        if not isinstance(value, Sequence) or isinstance(value, str):
            raise self._wrong("skill_roots", value, "a list")
        return [self._root(f"skill_roots[{index}]", root) for index, root in enumerate(value)]

    def authority(self) -> Authority:
        """The authority the host injects."""
        value = self.value.get("authority")
        if value is None:
            raise InvalidInput(f"{self.function} requires host-injected authority: use 'system' or 'delegated_tool'")
        try:
            return Authority(value)
        except ValueError:
            raise self.invalid(f"unknown variant `{value}`, expected `system` or `delegated_tool`") from None

    def invocation(self) -> InvocationContext:
        """The invocation context; without one, or with null, everything is empty."""
        context = self.mapping_or_none("invocation_context")
        if context is None:
            return InvocationContext()
        for key in ("client_budget", "tool_config"):
            if key not in context:
                raise self.invalid(f"missing field `{key}`")
        return InvocationContext(
            _object(context.get("request_context")), _object(context["client_budget"]), _object(context["tool_config"])
        )

    def help_invocation(self) -> InvocationContext:
        """What a help body sees: the ``request_context`` of the request alone."""
        return InvocationContext(request_context=_object(self.value.get("request_context")))

    def invalid(self, reason: str) -> InvalidInput:
        return invalid_json(self.function, reason)

    def _root(self, place: str, value: Json) -> dict[str, str]:
        if not isinstance(value, dict):
            raise self._wrong(place, value, "an object")
        for key in ("name", "skills_dir"):
            if key not in value:
                raise self.invalid(f"missing field `{key}`")
            self._checked(f"{place}.{key}", value[key], str, "a string")
        return {"name": value["name"], "skills_dir": value["skills_dir"]}

    def _checked(self, key: str, value: Json, kind: type[Any], expected: str) -> Any:
        if not isinstance(value, kind):
            raise self._wrong(key, value, expected)
        return value

    def _wrong(self, key: str, value: Json, expected: str) -> InvalidInput:
        if isinstance(value, int | float) and not isinstance(value, bool):
            return self.invalid(f"`{key}`: invalid value: {type_name(value)} `{value}`, expected {expected}")
        return self.invalid(f"`{key}`: invalid type: {type_name(value)}, expected {expected}")


def _object(value: Json) -> dict[str, Json]:
    return value if isinstance(value, dict) else {}
