"""A type as JSON sees it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Generic, TypeVar

import pydantic.root_model  # noqa: F401  # pydantic loads it late, and a component can not import once it is built
from pydantic import BaseModel, TypeAdapter, ValidationError
from pydantic.errors import PydanticUserError

from pharia_skill.errors import InvalidSkill

T = TypeVar("T")

_SHOWN_ERRORS = 20


class JsonType(Generic[T]):
    """Schema, reading and writing of one annotation. Validators are built here, not at the first call.

    ``read`` makes a value of JSON and raises ``pydantic.ValidationError``. ``message`` begins the error for an
    annotation pydantic can not describe.
    """

    def __init__(self, annotation: Any, message: str) -> None:
        self._message = message
        try:
            self._adapter: TypeAdapter[T] = TypeAdapter(annotation)
            self.read: Callable[[bytes], T] = self._adapter.validator.validate_json
            self._dump = self._adapter.serializer.to_json
        except PydanticUserError as error:
            raise self._refused(error) from error
        is_model = isinstance(annotation, type) and issubclass(annotation, BaseModel)
        self._model = annotation if is_model and annotation.model_dump_json is BaseModel.model_dump_json else None

    def schema(self) -> dict[str, Any]:
        """JSON Schema, draft 2020-12; raises :class:`~pharia_skill.errors.InvalidSkill` where there is none."""
        try:
            return self._adapter.json_schema()
        except PydanticUserError as error:
            raise self._refused(error) from error

    def write(self, value: T) -> bytes:
        """Raises ``pydantic_core.PydanticSerializationError`` for a value of another type."""
        if type(value) is self._model:
            return self._dump(value)
        if isinstance(value, BaseModel):
            return value.model_dump_json().encode()
        return self._dump(value, warnings="error")

    def show(self, value: object) -> str:
        """As JSON for people; never raises, whatever a test passes in."""
        if isinstance(value, BaseModel):
            return value.model_dump_json(warnings=False, fallback=repr)
        return self._dump(value, warnings=False, fallback=repr).decode()

    def _refused(self, error: PydanticUserError) -> InvalidSkill:
        return InvalidSkill(f"{self._message} (or another type pydantic can describe): {error.message}")


def describe(error: ValidationError) -> str:
    """What is wrong with an input: one line per mistake, without the values."""
    found = error.errors(include_url=False, include_context=False, include_input=False)
    lines = [f"{len(found)} validation error{'s' if len(found) > 1 else ''} for {error.title}"]
    for mistake in found[:_SHOWN_ERRORS]:
        where = ".".join(str(step) for step in mistake["loc"])
        lines.append(f"  {where}: {mistake['msg']}" if where else f"  {mistake['msg']}")
    if len(found) > _SHOWN_ERRORS:
        lines.append(f"  and {len(found) - _SHOWN_ERRORS} more")
    return "\n".join(lines)
