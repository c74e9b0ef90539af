"""``@tool``: a function of the skill that the model may call."""

from __future__ import annotations

import functools
import inspect
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Generic, ParamSpec, TypeVar, get_type_hints, overload

from pydantic import TypeAdapter, ValidationError
from pydantic.errors import PydanticUserError
from pydantic_core import to_json

from pharia_skill.csi import docstring
from pharia_skill.csi.inference import Tool, ToolError, ToolOutput, ToolResult
from pharia_skill.csi.names import is_name
from pharia_skill.errors import InvalidTool, PhariaSkillError
from pharia_skill.json_type import describe

if TYPE_CHECKING:
    from pharia_skill.csi.csi import Csi

P = ParamSpec("P")
R = TypeVar("R")

_NAMED = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)
_NOT_PLAIN = inspect.CO_COROUTINE | inspect.CO_GENERATOR | inspect.CO_ASYNC_GENERATOR


class FunctionTool(Generic[P, R]):
    """Call it as the function it was made of, or give it to :meth:`Csi.chat` and :meth:`Csi.chat_stream`.

    ``definition`` is what the model gets to know: name, description and the JSON Schema of the parameters. A parameter
    annotated with ``Csi`` is not among them; it is given by whoever runs the tool.
    """

    __name__: str

    def __init__(
        self,
        func: Callable[P, R],
        name: str | None,
        description: str | None,
        strict: bool | None,
        scope: dict[str, Any],
    ) -> None:
        hints = _hints(func, scope)
        self._func: Callable[..., R] = func
        functools.update_wrapper(self, func)
        self._csi_parameter = next((name for name, hint in hints.items() if _is_csi(hint)), None)
        self._arguments = _arguments_of(func, {name: hints[name] for name in hints if name != self._csi_parameter})
        about, parameters = docstring.describe(func)
        schema = self._arguments.json_schema()
        for parameter, described in schema.get("properties", {}).items():
            if text := parameters.get(parameter):
                described.setdefault("description", text)
        self.definition = Tool(_checked(name or func.__name__), description or about, schema, strict)

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> R:
        return self._func(*args, **kwargs)

    def __repr__(self) -> str:
        return f"FunctionTool({self.name!r})"

    @property
    def name(self) -> str:
        return self.definition.name

    @property
    def description(self) -> str | None:
        return self.definition.description

    @property
    def parameters(self) -> dict[str, Any]:
        return self.definition.input_schema

    def run(self, csi: Csi, arguments: dict[str, Any]) -> ToolResult:
        """Call the function with what a model wrote.

        Arguments that do not fit and exceptions of the function are a :class:`ToolError`, with the exception as its
        cause. Errors of the SDK are raised.
        """
        given = {} if self._csi_parameter is None else {self._csi_parameter: csi}
        try:
            return _output(self._func(**self._arguments.validate_json(to_json(arguments)), **given))
        except PhariaSkillError:
            raise
        except ToolError as error:
            return error
        except Exception as error:
            text = describe(error) if isinstance(error, ValidationError) else f"{type(error).__name__}: {error}"
            failure = ToolError(text)
            failure.__cause__ = error
            return failure


@overload
def tool(func: Callable[P, R], /) -> FunctionTool[P, R]: ...


@overload
def tool(
    *, name: str | None = None, description: str | None = None, strict: bool | None = None
) -> Callable[[Callable[P, R]], FunctionTool[P, R]]: ...


def tool(
    func: Callable[..., Any] | None = None,
    /,
    *,
    name: str | None = None,
    description: str | None = None,
    strict: bool | None = None,
) -> Any:
    """Make a function a tool the model may call; it can still be called as before.

    Name and description are those of the function unless given; parameters are described by their annotations, by
    ``pydantic.Field``, and by an ``Args:`` section of the docstring. The model gets what is returned as text: a string
    as it is, anything else as JSON. Raise :class:`~pharia_skill.ToolError` to tell it what went wrong. Raises
    :class:`~pharia_skill.errors.InvalidTool`.
    """
    scope = sys._getframe(1).f_locals
    if func is None:
        return lambda func: FunctionTool(func, name, description, strict, scope)
    return FunctionTool(func, name, description, strict, scope)


def _hints(func: Callable[..., Any], scope: dict[str, Any]) -> dict[str, Any]:
    """The types of the parameters; ``scope`` has the local names at the place of the decorator."""
    if not inspect.isfunction(func) or func.__code__.co_flags & _NOT_PLAIN:
        raise InvalidTool(f"`@tool` goes on a plain function, found {func!r} (no `async def`, no generator, no method)")
    try:
        hints = get_type_hints(func, localns=scope, include_extras=True)
    except (NameError, TypeError, SyntaxError, AttributeError) as error:
        raise InvalidTool(
            f"the annotations of `{func.__name__}` can not be resolved: {error} (import the names outside of "
            "`if TYPE_CHECKING`, above the function)"
        ) from error
    hints.pop("return", None)
    for parameter in inspect.signature(func).parameters.values():
        if parameter.kind not in _NAMED or parameter.name not in hints:
            raise InvalidTool(
                f"`{func.__name__}` takes `{parameter}`, which a model can not give (every parameter of a tool needs a "
                "type, and can be given by name)"
            )
    return hints


def _is_csi(hint: Any) -> bool:
    """By what it can do: the module of ``Csi`` imports this one."""
    return isinstance(hint, type) and hasattr(hint, "invoke_tool_concurrent")


def _arguments_of(func: Callable[..., Any], hints: dict[str, Any]) -> TypeAdapter[dict[str, Any]]:
    """Reads arguments as ``func`` takes them, without calling it."""

    def arguments(**given: Any) -> dict[str, Any]:
        return given

    parameters = inspect.signature(func).parameters.values()
    arguments.__name__ = func.__name__
    arguments.__annotations__ = hints
    signature = inspect.Signature([parameter for parameter in parameters if parameter.name in hints])
    arguments.__signature__ = signature  # type: ignore[attr-defined]  # inspect looks for it
    try:
        return TypeAdapter(arguments)
    except PydanticUserError as error:
        raise InvalidTool(f"`{func.__name__}`: {error.message} (use types pydantic can describe)") from error


def _checked(name: str) -> str:
    if not is_name(name):
        raise InvalidTool(
            f"`{name}` can not be the name of a tool: at most 64 of a-z, A-Z, 0-9, _ and - (set it with "
            "`@tool(name=...)`)"
        )
    return name


def _output(value: Any) -> ToolOutput:
    if isinstance(value, ToolOutput):
        return value
    if value is None:
        return ToolOutput([])
    return ToolOutput([value if isinstance(value, str) else to_json(value).decode()])
