"""What both decorators need to know about a function: may it be a skill, what goes in, what comes out."""

from __future__ import annotations

import inspect
import types
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, get_type_hints

from pydantic import JsonValue, ValidationError
from pydantic_core import to_json, to_jsonable_python

from pharia_skill import _selected
from pharia_skill.errors import InvalidSkill
from pharia_skill.json_type import JsonType, describe

_NOT_PLAIN = inspect.CO_COROUTINE | inspect.CO_GENERATOR | inspect.CO_ASYNC_GENERATOR
_POSITIONAL = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)


@dataclass(frozen=True, slots=True)
class Options:
    """What a decorator was told about the skill."""

    name: str | None = None
    description: str | None = None
    examples: Sequence[Any] = ()
    tags: Sequence[str] = ()


class Entry:
    """A function that was written to be a skill; ``decorator`` is named in errors.

    ``scope`` holds the local names at the place of the decorator, for annotations that are strings.
    """

    def __init__(
        self, func: Callable[..., Any], decorator: str, scope: Mapping[str, Any], options: Options = Options()
    ) -> None:
        inner = inspect.unwrap(func)
        if not isinstance(inner, types.FunctionType):
            raise InvalidSkill(f"`@{decorator}` goes on a function, found {type(func).__name__}")
        if inner.__code__.co_flags & _NOT_PLAIN:
            raise InvalidSkill(
                f"`{inner.__name__}` must be a plain function: `@{decorator}` takes no `async def` and no generator; "
                "the methods of Csi wait by themselves"
            )
        self.func = inner
        self.options = options
        self._scope = scope
        self._signature = inspect.signature(func)

    @property
    def chosen(self) -> bool:
        """Whether the component that is built can be this skill."""
        return _selected.NAME is None or self.func.__name__ == _selected.NAME

    @property
    def globals(self) -> dict[str, Any]:
        """Of the module the skill is written in."""
        return self.func.__globals__

    @property
    def parameters(self) -> list[str]:
        return list(self._signature.parameters)

    @property
    def description(self) -> str | None:
        return self.func.__doc__ if self.options.description is None else self.options.description

    def require_arguments(self, count: int, message: str) -> None:
        """Raise ``message`` unless there are exactly ``count`` positional parameters."""
        parameters = self._signature.parameters.values()
        if len(parameters) != count or any(parameter.kind not in _POSITIONAL for parameter in parameters):
            raise InvalidSkill(f"{message} Found: {self.func.__name__}{self._signature}")

    def written(self, position: int) -> Any:
        """The annotation of a parameter as it stands in the source; ``inspect.Parameter.empty`` without one."""
        return list(self._signature.parameters.values())[position].annotation

    def argument(self, position: int) -> Any:
        """As :meth:`written`, with names looked up."""
        return self._resolve(self.written(position))

    def input(self, position: int, message: str) -> JsonType[Any]:
        """``message`` is the error for a parameter whose annotation is no type that JSON can be read as."""
        annotation = self.argument(position)
        if annotation is inspect.Parameter.empty:
            raise InvalidSkill(message)
        return JsonType(annotation, message)

    def result(self) -> Any:
        """The return annotation; ``inspect.Signature.empty`` when there is none, ``NoneType`` for ``None``."""
        return self._resolve(self._signature.return_annotation)

    def input_schema(self, input_type: JsonType[Any]) -> dict[str, Any]:
        """With the examples the decorator was given; each must be a valid input."""
        schema = input_type.schema()
        if self.options.examples:
            schema["examples"] = [self._example(input_type, example) for example in self.options.examples]
        return schema

    def install(self, slot: str, handler: type, message: str) -> None:
        """Put the class the component calls into the skill's module, where ``componentize-py`` looks for it.

        A skill with a name of its own leaves the place to one that has none. ``message`` is the error for a second
        skill without one.
        """
        handler.__qualname__ = self.func.__name__
        handler.__module__ = self.func.__module__
        present = self.globals.get(slot)
        if _selected.NAME is None and present is not None and present.__qualname__ != handler.__qualname__:
            if self.options.name is not None:
                return
            if not getattr(present, "gives_way", False):
                raise InvalidSkill(
                    f"{message} `{present.__qualname__}` is already there (give all but one a name, like "
                    f'`name="{self.func.__name__}"`, and choose which one to build)'
                )
        handler.gives_way = self.options.name is not None  # type: ignore[attr-defined]
        self.globals[slot] = handler

    def _example(self, input_type: JsonType[Any], example: Any) -> JsonValue:
        try:
            input_type.read(to_json(example))
        except ValidationError as error:
            raise InvalidSkill(f"an example of `{self.func.__name__}` is no valid input: {describe(error)}") from error
        value: JsonValue = to_jsonable_python(example)
        return value

    def _resolve(self, annotation: Any) -> Any:
        if annotation is inspect.Parameter.empty:
            return annotation
        holder = types.SimpleNamespace(__annotations__={"it": annotation})
        try:
            return get_type_hints(holder, self.globals, dict(self._scope), include_extras=True)["it"]
        except (NameError, TypeError, SyntaxError, AttributeError) as error:
            raise InvalidSkill(
                f"the annotation `{annotation}` of `{self.func.__name__}` can not be resolved: {error} (import the "
                "name outside of `if TYPE_CHECKING`)"
            ) from error
