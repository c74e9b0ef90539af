"""``@skill``, outside of a component."""

from __future__ import annotations

import inspect
import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any

import pytest
from pydantic import BaseModel, Field, RootModel
from typing_extensions import TypedDict

from pharia_skill import CompletionParams, Csi, skill
from pharia_skill.bindings.exports.skill_handler import Error_Internal, Error_InvalidInput
from pharia_skill.bindings.types import Err
from pharia_skill.errors import InvalidSkill

if TYPE_CHECKING:
    from decimal import Decimal


class Input(BaseModel):
    topic: str


class Output(BaseModel):
    message: str


class Topic(TypedDict):
    topic: str


@dataclass
class Answer:
    length: int


@pytest.fixture(autouse=True)
def _one_skill_per_test() -> Iterator[None]:
    yield
    globals().pop("SkillHandler", None)


def handler() -> Any:
    return globals()["SkillHandler"]()


def error_of(input: bytes) -> Any:
    with pytest.raises(Err) as raised:
        handler().run(input)
    return raised.value.value


def test_the_handler_reads_and_writes_json() -> None:
    @skill
    def echo(csi: Csi, input: Input) -> Output:
        return Output(message=input.topic)

    assert echo.__globals__["SkillHandler"]().run(b'{"topic": "llama"}') == b'{"message":"llama"}'


def test_the_function_stays_what_it_was() -> None:
    def haiku(csi: Csi, input: Input) -> Output:
        """Bar."""
        return Output(message=input.topic)

    decorated = skill(haiku)
    assert (decorated.__name__, decorated.__doc__, decorated.__module__) == ("haiku", "Bar.", __name__)
    assert inspect.signature(decorated) == inspect.signature(haiku)
    assert inspect.unwrap(decorated) is haiku
    assert decorated.__globals__ is globals()
    assert decorated(None, Input(topic="x")) == Output(message="x")  # type: ignore[arg-type]
    assert decorated(csi=None, input=Input(topic="x")) == Output(message="x")  # type: ignore[arg-type]


def test_metadata_is_docstring_and_schemas_byte_for_byte() -> None:
    @skill
    def echo(csi: Csi, input: Input) -> Output:
        """bar"""
        return Output(message=input.topic)

    metadata = handler().metadata()
    assert metadata.description == "bar"
    assert metadata.input_schema == json.dumps(Input.model_json_schema()).encode()
    assert metadata.output_schema == (
        b'{"properties": {"message": {"title": "Message", "type": "string"}}, "required": ["message"], '
        b'"title": "Output", "type": "object"}'
    )


def test_no_docstring_is_no_description() -> None:
    @skill
    def echo(csi: Csi, input: Input) -> Output:
        return Output(message=input.topic)

    assert handler().metadata().description is None


def test_root_models_keep_their_title() -> None:
    @skill
    def echo(csi: Csi, input: RootModel[str]) -> RootModel[list[str]]:
        return RootModel[list[str]]([input.root])

    assert handler().run(b'"llama"') == b'["llama"]'
    assert json.loads(handler().metadata().output_schema)["title"] == "RootModel[list[str]]"


def test_plain_types_are_taken_and_returned() -> None:
    @skill
    def shout(csi: Csi, input: str) -> str:
        return input.upper()

    assert handler().run(b'"llama"') == b'"LLAMA"'
    assert handler().metadata().output_schema == b'{"type": "string"}'


def test_dataclasses_typed_dicts_and_annotated_types_work() -> None:
    @skill
    def measure(csi: Csi, input: Annotated[Topic, Field(description="d")]) -> Answer:
        return Answer(len(input["topic"]))

    assert handler().run(b'{"topic": "abc"}') == b'{"length":3}'


def test_types_may_be_local_although_annotations_are_strings() -> None:
    class Local(BaseModel):
        topic: str

    @skill
    def echo(csi: Csi, input: Local) -> Local:
        return input

    assert handler().run(b'{"topic": "x"}') == b'{"topic":"x"}'


def test_a_type_that_is_only_there_for_checkers_is_named() -> None:
    with pytest.raises(InvalidSkill, match=r"`Decimal` of `echo` can not be resolved.*TYPE_CHECKING"):

        @skill
        def echo(csi: Csi, input: Decimal) -> str:
            return ""


def test_invalid_input_is_a_short_list() -> None:
    @skill
    def echo(csi: Csi, input: Input) -> Output:
        return Output(message=input.topic)

    assert error_of(b"{}") == Error_InvalidInput("1 validation error for Input\n  topic: Field required")
    assert isinstance(error_of(b"no json"), Error_InvalidInput)


def test_invalid_input_never_repeats_the_input() -> None:
    @skill
    def echo(csi: Csi, input: Input) -> Output:
        return Output(message=input.topic)

    assert "secret" not in error_of(b'{"topic": ["secret"]}').value


def test_the_csi_is_there_only_in_a_component() -> None:
    @skill
    def ask(csi: Csi, input: Input) -> str:
        return csi.complete("m", "p", CompletionParams()).text

    error = error_of(b'{"topic": "x"}')
    assert isinstance(error, Error_Internal)
    assert "NotImplementedError" in error.value


def test_an_answer_of_another_type_is_an_error() -> None:
    @skill
    def lie(csi: Csi, input: Input) -> str:
        return 5  # type: ignore[return-value]

    error = error_of(b'{"topic": "x"}')
    assert isinstance(error, Error_Internal)
    assert "Expected `str`" in error.value


def test_there_must_be_two_arguments() -> None:
    with pytest.raises(AssertionError, match=r"Skills must have exactly two arguments\. Found: foo\(csi: "):

        @skill  # type: ignore[type-var]
        def foo(csi: Csi) -> Output:
            return Output(message="")


def test_starred_arguments_are_no_two_arguments() -> None:
    with pytest.raises(InvalidSkill, match="Skills must have exactly two arguments"):

        @skill
        def foo(*csi: Any, **input: Any) -> Output:
            return Output(message="")


def test_the_second_argument_must_be_annotated() -> None:
    with pytest.raises(AssertionError, match="The second argument must be a Pydantic model"):

        @skill
        def foo(csi: Csi, input) -> Output:  # type: ignore[no-untyped-def]
            return Output(message="")


def test_the_second_argument_must_have_a_schema() -> None:
    with pytest.raises(AssertionError, match="The second argument must be a Pydantic model"):

        @skill
        def foo(csi: Csi, input: Csi) -> Output:
            return Output(message="")


def test_without_a_result_the_whole_form_is_shown() -> None:
    with pytest.raises(AssertionError, match="The second argument must be a Pydantic model"):

        @skill
        def foo(csi: Csi, input: str) -> None:
            pass


def test_there_must_be_a_return_annotation() -> None:
    with pytest.raises(AssertionError, match="The function must have a return type annotation"):

        @skill
        def foo(csi: Csi, input: Input):  # type: ignore[no-untyped-def]
            return Output(message="")


def test_nothing_is_no_return_type() -> None:
    with pytest.raises(AssertionError, match="The function must have a return type annotation"):

        @skill
        def foo(csi: Csi, input: Input) -> None:
            pass


def test_a_module_has_one_skill() -> None:
    @skill
    def foo(csi: Csi, input: Input) -> Output:
        return Output(message="")

    with pytest.raises(AssertionError, match=r"`@skill` can only be used once\. `foo` is already there"):

        @skill
        def bar(csi: Csi, input: Input) -> Output:
            return Output(message="")


def test_async_functions_are_refused() -> None:
    with pytest.raises(InvalidSkill, match="`foo` must be a plain function"):

        @skill
        async def foo(csi: Csi, input: Input) -> Output:
            return Output(message="")


def test_only_functions_can_be_skills() -> None:
    with pytest.raises(InvalidSkill, match="`@skill` goes on a function, found ModelMetaclass"):
        skill(Input)  # type: ignore[type-var]
