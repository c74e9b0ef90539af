"""Construction that skips the validator for values which plainly fit.

In a component a validated construction takes as long as ten attribute stores, and one chat needs a dozen of them. So
exact types are compared first; whatever is not plain, a subclass or a number in a string, is validated as ever.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator
from enum import Enum
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, TypeVar, Union, get_args, get_origin

from annotated_types import Ge, Le
from pydantic import BeforeValidator

T = TypeVar("T")

_PLAIN = (str, bytes, int, float, bool)


def quick(cls: type[T]) -> type[T]:
    """For pydantic dataclasses. A ``BeforeValidator`` must leave values of the annotated type as they are."""
    names: dict[str, Any] = {"checked": cls.__init__, "absent": dataclasses.MISSING}
    parameters, made, tests, stores, given = ["self"], [], [], [], []
    for field in dataclasses.fields(cls):  # type: ignore[arg-type]  # it is a dataclass
        name, info = field.name, cls.__pydantic_fields__[field.name]  # type: ignore[attr-defined]
        found = list(_tests(name, info.annotation, info.metadata, names))
        names[f"default_{name}"] = field.default
        parameters.append(f"{name}=default_{name}")
        if field.default_factory is not dataclasses.MISSING:
            names[f"make_{name}"] = field.default_factory
            made.append(f"if {name} is absent: {name} = make_{name}()")
        elif field.default is None:
            found = list(dict.fromkeys([f"{name} is None", *found]))
        elif field.default is not dataclasses.MISSING:
            found.insert(0, f"{name} is default_{name}")
        tests.append(f"({' or '.join(found) or 'False'})")
        copied = any(" is list " in test for test in found)
        stores.append(
            f"self.{name} = {name}.copy() if type({name}) is list else {name}" if copied else f"self.{name} = {name}"
        )
        given.append(f'("{name}", {name})')
    # What is absent is left to the validator, which says so.
    checked = f"checked(self, **{{name: value for name, value in ({', '.join(given)},) if value is not absent}})"
    body = [*made, f"if {' and '.join(tests)}:", *(f" {store}" for store in stores), f"else: {checked}"]
    exec("\n ".join([f"def __init__({', '.join(parameters)}):", *body]), names)
    cls.__init__ = names["__init__"]  # type: ignore[method-assign]  # which does what the one before it did
    return cls


def _tests(name: str, annotation: Any, metadata: Iterable[Any], names: dict[str, Any]) -> Iterator[str]:
    """Expressions, each enough to know that the validator would take the value as it is."""
    limits = list(_limits(name, metadata))
    if None in limits:
        return
    for test in _types(name, annotation, names):
        yield " and ".join([test, *(limit for limit in limits if limit)])


def _types(name: str, annotation: Any, names: dict[str, Any]) -> Iterator[str]:
    origin, arguments = get_origin(annotation), get_args(annotation)
    if annotation is NoneType:
        yield f"{name} is None"
    elif origin in (Union, UnionType):
        for argument in arguments:
            yield from _types(name, argument, names)
    elif origin is Annotated:
        yield from _tests(name, arguments[0], arguments[1:], names)
    elif origin is Literal and all(type(choice) is str for choice in arguments):
        yield f"type({name}) is str and {name} in {arguments!r}"
    elif origin is list and (kind := _named(arguments[0], names)):
        yield f"type({name}) is list and not [1 for each in {name} if type(each) is not {kind}]"
    elif kind := _named(annotation, names):
        yield f"type({name}) is {kind}"


def _named(annotation: Any, names: dict[str, Any]) -> str | None:
    """What the type is called in the generated code; ``None`` for one whose instances may still need validation."""
    known = annotation in _PLAIN or dataclasses.is_dataclass(annotation)
    if not known and not (isinstance(annotation, type) and issubclass(annotation, Enum)):
        return None
    names[f"type_{annotation.__name__}"] = annotation
    return f"type_{annotation.__name__}"


def _limits(name: str, metadata: Iterable[Any]) -> Iterator[str | None]:
    """Comparisons; ``None`` for a demand that is not understood here."""
    for demand in metadata:
        match demand:
            case Ge(ge=int(least)):
                yield f"{name} >= {least}"
            case Le(le=int(most)):
                yield f"{name} <= {most}"
            case BeforeValidator():
                yield ""
            case _ if hasattr(demand, "metadata"):
                yield from _limits(name, demand.metadata)
            case _:
                yield None
