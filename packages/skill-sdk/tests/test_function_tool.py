"""``@tool``: what the model gets to know of a function, and calling it with what a model wrote."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Annotated, Any, Literal

import pytest
from pydantic import BaseModel, Field, Strict, ValidationError

from pharia_skill import Csi, Tool, ToolError, ToolOutput, tool
from pharia_skill.csi.docstring import describe
from pharia_skill.errors import InvalidTool, UnsupportedByWit


class NoCsi(Csi):
    pass


CSI = NoCsi()


@dataclass
class Person:
    name: str
    age: int = 0


@tool
def greet(
    person: Person, greeting: Literal["hi", "bye"] = "hi", *, times: Annotated[int, Field(ge=1, le=3)] = 1
) -> str:
    """Greet somebody.

    Politely.

    Args:
        person: who,
            exactly
        greeting (str): what to say
        times: how often

    Returns:
        What was said.
    """
    return f"{greeting} {person.name} " * times


def test_it_can_still_be_called() -> None:
    assert greet(Person("Ada"), times=2) == "hi Ada hi Ada "
    assert (greet.__name__, greet.__module__) == ("greet", __name__)
    assert repr(greet) == "FunctionTool('greet')"


def test_name_and_description_come_from_the_function() -> None:
    assert (greet.name, greet.description) == ("greet", "Greet somebody.\n\nPolitely.")
    assert greet.definition == Tool("greet", greet.description, greet.parameters)


def test_parameters_come_from_annotations_and_docstring() -> None:
    properties = greet.parameters["properties"]
    assert {name: each["description"] for name, each in properties.items()} == {
        "person": "who, exactly",
        "greeting": "what to say",
        "times": "how often",
    }
    assert properties["greeting"]["enum"] == ["hi", "bye"]
    assert (properties["times"]["minimum"], properties["times"]["maximum"]) == (1, 3)
    assert greet.parameters["required"] == ["person"]
    assert greet.parameters["additionalProperties"] is False


def test_a_description_of_pydantic_goes_before_that_of_the_docstring() -> None:
    @tool
    def double(number: Annotated[int, Field(description="from the field")]) -> int:
        """Double it.

        Args:
            number: from the docstring
        """
        return 2 * number

    assert double.parameters["properties"]["number"]["description"] == "from the field"


def test_everything_can_be_given_to_the_decorator() -> None:
    @tool(name="other-name", description="Other text", strict=True)
    def nothing() -> None:
        """Text."""

    assert nothing() is None
    assert (nothing.name, nothing.description, nothing.definition.strict) == ("other-name", "Other text", True)
    assert nothing.parameters["properties"] == {}


def test_types_from_the_place_of_the_function_are_found() -> None:
    class Local(BaseModel):
        value: int

    @tool
    def read(local: Local) -> int:
        return local.value

    assert read.run(CSI, {"local": {"value": "7"}}) == ToolOutput(["7"])
    assert read.description is None


@pytest.mark.parametrize(
    ("value", "contents"),
    [
        ("text", ["text"]),
        (None, []),
        (3, ["3"]),
        (Person("Ada"), ['{"name":"Ada","age":0}']),
        ([date(2025, 1, 1)], ['["2025-01-01"]']),
        (ToolOutput(["a", "b"]), ["a", "b"]),
    ],
)
def test_what_is_returned_becomes_text(value: Any, contents: list[str]) -> None:
    @tool
    def give() -> Any:
        return value

    assert give.run(CSI, {}) == ToolOutput(contents)


def test_arguments_are_read_as_the_types_say() -> None:
    assert greet.run(CSI, {"person": {"name": "Ada"}, "times": "2"}) == ToolOutput(["hi Ada hi Ada "])


def test_arguments_are_json_even_for_strict_types() -> None:
    @tool
    def weekday(day: Annotated[date, Strict()]) -> str:
        return f"{day:%A}"

    assert weekday.run(CSI, {"day": "2025-01-01"}) == ToolOutput(["Wednesday"])


def test_arguments_that_do_not_fit_are_a_failure_that_says_which() -> None:
    failure = greet.run(CSI, {"person": {}, "greeting": "hello", "times": 9, "volume": 11})
    assert isinstance(failure, ToolError)
    assert failure.message.splitlines()[0].startswith("4 validation errors for")
    for place in ("person.name: Field required", "greeting: ", "times: ", "volume: Unexpected keyword argument"):
        assert place in failure.message
    assert isinstance(failure.__cause__, ValidationError)


def test_an_exception_of_the_function_is_a_failure_with_its_cause() -> None:
    @tool
    def divide(a: int, b: int) -> float:
        return a / b

    failure = divide.run(CSI, {"a": 1, "b": 0})
    assert failure == ToolError("ZeroDivisionError: division by zero")
    assert isinstance(failure, ToolError)
    assert isinstance(failure.__cause__, ZeroDivisionError)


def test_the_function_may_say_itself_what_went_wrong() -> None:
    @tool
    def find(query: str) -> str:
        raise ToolError(f"nothing about {query}")

    assert find.run(CSI, {"query": "x"}) == ToolError("nothing about x")


def test_errors_of_the_sdk_are_not_for_the_model() -> None:
    @tool
    def ask(question: str) -> str:
        raise UnsupportedByWit("not here")

    with pytest.raises(UnsupportedByWit):
        ask.run(CSI, {"question": "x"})


def test_the_csi_is_given_by_who_runs_the_tool() -> None:
    @tool
    def search(csi: Csi, query: str) -> str:
        return f"{type(csi).__name__} {query}"

    assert list(search.parameters["properties"]) == ["query"]
    assert search.run(CSI, {"query": "x"}) == ToolOutput(["NoCsi x"])
    assert search(CSI, "y") == "NoCsi y"


def untyped(value):  # type: ignore[no-untyped-def]
    return value


def several(*values: int) -> int:
    return sum(values)


def any_named(**values: int) -> int:
    return sum(values.values())


def by_place(value: int, /) -> int:
    return value


async def later(value: int) -> int:
    return value


def unknown(value: Missing) -> None:  # type: ignore[name-defined]  # noqa: F821
    pass


def undescribed(value: Csi | NoCsi) -> None:
    pass


class Callable:
    def method(self, value: int) -> int:
        return value


@pytest.mark.parametrize(
    ("func", "text"),
    [
        (untyped, "`untyped` takes `value`"),
        (several, "`several` takes `\\*values: "),
        (any_named, "`any_named` takes `\\*\\*values: "),
        (by_place, "`by_place` takes `value: "),
        (Callable.method, "`method` takes `self`"),
        (later, "goes on a plain function"),
        (Callable().method, "goes on a plain function"),
        (print, "goes on a plain function"),
        (unknown, "name 'Missing' is not defined"),
        (undescribed, "use types pydantic can describe"),
    ],
)
def test_functions_a_model_can_not_call_are_refused(func: Any, text: str) -> None:
    with pytest.raises(InvalidTool, match=text):
        tool(func)


@pytest.mark.parametrize("name", ["größe", "a b", "a" * 65, "a.b"])
def test_names_a_model_can_not_write_are_refused(name: str) -> None:
    with pytest.raises(InvalidTool, match="can not be the name of a tool"):
        tool(name=name)(any_function)


def any_function() -> None:
    pass


def test_sphinx_fields_are_understood_as_well() -> None:
    def documented(a: int, b: int) -> int:
        """Add.

        :param a: the first,
            and more
        :param int b: the second
        :returns: the sum
        """
        return a + b

    assert describe(documented) == ("Add.", {"a": "the first, and more", "b": "the second"})


def test_a_function_without_docstring_has_no_description() -> None:
    assert describe(any_function) == (None, {})
