"""What both decorators need to know about a function: may it be a skill, what goes in, what comes out."""

from __future__ import annotations

import gc
import inspect
import sys
import types
from collections.abc import Callable
from typing import Any, Generic, TypeVar, get_type_hints

import pydantic.root_model  # noqa: F401  # pydantic loads it late, and a component can not import once it is built
from pydantic import BaseModel, TypeAdapter, ValidationError
from pydantic.errors import PydanticUserError

from pharia_skill.errors import InvalidSkill

T = TypeVar("T")

_SHOWN_ERRORS = 20
_NOT_PLAIN = inspect.CO_COROUTINE | inspect.CO_GENERATOR | inspect.CO_ASYNC_GENERATOR
_POSITIONAL = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)


class Entry:
    """A function that was written to be a skill; ``decorator`` is named in errors.

    ``scope`` holds the local names at the place of the decorator, for annotations that are strings.
    """

    def __init__(self, func: Callable[..., Any], decorator: str, scope: dict[str, Any]) -> None:
        inner = inspect.unwrap(func)
        if not isinstance(inner, types.FunctionType):
            raise InvalidSkill(f"`@{decorator}` goes on a function, found {type(func).__name__}")
        if inner.__code__.co_flags & _NOT_PLAIN:
            raise InvalidSkill(
                f"`{inner.__name__}` must be a plain function: `@{decorator}` takes no `async def` and no generator; "
                "the methods of Csi wait by themselves"
            )
        self.func = inner
        self.decorator = decorator
        self._scope = scope
        self.signature = inspect.signature(func)

    @property
    def globals(self) -> dict[str, Any]:
        """Of the module the skill is written in."""
        return self.func.__globals__

    def require_arguments(self, count: int, message: str) -> None:
        """Raise ``message`` unless there are exactly ``count`` positional parameters."""
        parameters = self.signature.parameters.values()
        if len(parameters) != count or any(parameter.kind not in _POSITIONAL for parameter in parameters):
            raise InvalidSkill(f"{message} Found: {self.func.__name__}{self.signature}")

    def argument(self, position: int, message: str) -> Json[Any]:
        """What the parameter is annotated with; ``message`` when it is no type that JSON can be read as."""
        annotation = list(self.signature.parameters.values())[position].annotation
        if annotation is inspect.Parameter.empty:
            raise InvalidSkill(message)
        return Json(self._resolve(annotation), message)

    def result(self) -> Any:
        """The return annotation; ``inspect.Signature.empty`` when there is none, ``NoneType`` for ``None``."""
        annotation = self.signature.return_annotation
        return annotation if annotation is inspect.Signature.empty else self._resolve(annotation)

    def install(self, name: str, handler: type, message: str) -> None:
        """Put the class the component calls into the skill's module, where ``componentize-py`` looks for it."""
        if name in self.globals:
            raise InvalidSkill(f"{message} `{self.globals[name].__qualname__}` is already there")
        self.globals[name] = handler
        _settle()

    def _resolve(self, annotation: Any) -> Any:
        holder = types.SimpleNamespace(__annotations__={"it": annotation})
        try:
            return get_type_hints(holder, self.globals, self._scope, include_extras=True)["it"]
        except (NameError, TypeError, SyntaxError, AttributeError) as error:
            raise InvalidSkill(
                f"the annotation `{annotation}` of `{self.func.__name__}` can not be resolved: {error} (import the "
                "name outside of `if TYPE_CHECKING`)"
            ) from error


class Json(Generic[T]):
    """A type as JSON sees it: schema, reading, writing."""

    def __init__(self, annotation: Any, message: str) -> None:
        try:
            self._adapter: TypeAdapter[T] = TypeAdapter(annotation)
            self.schema: dict[str, Any] = self._adapter.json_schema()
        except PydanticUserError as error:
            raise InvalidSkill(f"{message} (or another type pydantic can describe): {error.message}") from error

    def read(self, data: bytes) -> T:
        """Raises ``pydantic.ValidationError``."""
        return self._adapter.validate_json(data)

    def write(self, value: T) -> bytes:
        """Raises ``pydantic_core.PydanticSerializationError`` for a value of another type."""
        if isinstance(value, BaseModel):
            return value.model_dump_json().encode()
        return self._adapter.dump_json(value, warnings="error")


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


def _settle() -> None:
    """Keep what was made at import out of later collections: the snapshot's pages stay shared between calls."""
    if sys.platform == "wasi":
        gc.collect()
        gc.freeze()
