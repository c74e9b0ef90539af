"""Types as JSON sees them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from typing import Annotated, Any, Generic, NamedTuple, TypeVar

import pytest
from pydantic import BaseModel, Field, JsonValue
from pydantic_core import PydanticSerializationError
from typing_extensions import TypedDict

from pharia_skill.errors import InvalidSkill
from pharia_skill.json_type import JsonType

T = TypeVar("T")


class Colour(Enum):
    RED = "red"


class Model(BaseModel):
    a: int


class Box(BaseModel, Generic[T]):
    content: T


@dataclass
class Point:
    x: int
    y: int | None = None


class Keys(TypedDict):
    a: int


class Pair(NamedTuple):
    left: int
    right: str


@pytest.mark.parametrize(
    ("annotation", "text", "value"),
    [
        (str, b'"a"', "a"),
        (Model, b'{"a":1}', Model(a=1)),
        (Box[list[int]], b'{"content":[1]}', Box(content=[1])),
        (Point, b'{"x":1,"y":null}', Point(1)),
        (Keys, b'{"a":1}', {"a": 1}),
        (Pair, b'[1,"b"]', Pair(1, "b")),
        (Colour, b'"red"', Colour.RED),
        (Model | None, b"null", None),
        (Model | str, b'"a"', "a"),
        (Annotated[int, Field(ge=0)], b"3", 3),
        (dict[str, list[Point]], b'{"a":[{"x":1,"y":2}]}', {"a": [Point(1, 2)]}),
        (JsonValue, b'{"a":[1,null]}', {"a": [1, None]}),
        (Any, b"[true]", [True]),
    ],
)
def test_any_type_pydantic_knows_is_read_and_written(annotation: Any, text: bytes, value: Any) -> None:
    json_type = JsonType[Any](annotation, "no")
    assert json_type.read(text) == value
    assert json_type.write(value) == text
    assert isinstance(json_type.schema(), dict)


def test_a_subclass_is_written_whole() -> None:
    class More(Model):
        b: int

    assert JsonType[Model](Model, "no").write(More(a=1, b=2)) == b'{"a":1,"b":2}'


def test_a_model_that_writes_itself_is_asked_to() -> None:
    class Secret(Model):
        def model_dump_json(self, **options: Any) -> str:
            return '"hidden"'

    assert JsonType[Secret](Secret, "no").write(Secret(a=1)) == b'"hidden"'


def test_a_value_of_another_type_is_refused() -> None:
    with pytest.raises(PydanticSerializationError):
        JsonType[int](int, "no").write("a")  # type: ignore[arg-type]


class Unknown:
    pass


@pytest.mark.parametrize("annotation", [Unknown, list[Unknown], Callable[[], int]])
def test_a_type_without_schema_is_refused_with_the_message(annotation: Any) -> None:
    with pytest.raises(InvalidSkill, match=r"^the input \(or another type pydantic can describe\): "):
        JsonType[Any](annotation, "the input").schema()


def test_a_model_that_is_not_complete_is_refused() -> None:
    class Open(BaseModel):
        later: Later  # type: ignore[name-defined]  # noqa: F821

    with pytest.raises(InvalidSkill, match="not fully defined"):
        JsonType[Any](Open, "the input")
