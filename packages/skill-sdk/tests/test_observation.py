"""What a Csi sees of a skill that is called outside of a component."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from unittest.mock import Mock

import pytest
from pydantic import BaseModel

from pharia_skill import Csi, MessageWriter, message_stream, skill


class Input(BaseModel):
    word: str


class Output(BaseModel):
    words: list[str]


class Span:
    def __init__(self, name: str, input: str, writer: object | None) -> None:
        self.name, self.input, self.writer = name, input, writer
        self.outputs: list[str] = []
        self.error: BaseException | None = None

    def output(self, json_text: str) -> None:
        self.outputs.append(json_text)


class Observer(Csi):
    def __init__(self) -> None:
        self.spans: list[Span] = []

    @contextmanager
    def observe_skill(self, name: str, input_json: Callable[[], str], writer: object | None) -> Iterator[Span]:
        span = Span(name, input_json(), writer)
        self.spans.append(span)
        try:
            yield span
        except BaseException as error:
            span.error = error
            raise


class Writer(MessageWriter[None]):
    def write(self, item: Any) -> None:
        pass


@pytest.fixture(autouse=True)
def _nothing_left() -> Iterator[None]:
    yield
    for slot in ("SkillHandler", "MessageStream"):
        globals().pop(slot, None)


@skill
def repeat(csi: Csi, input: Input) -> Output:
    if input.word == "bad":
        raise ValueError("a bad word")
    return Output(words=[input.word] * 2)


@message_stream
def stream(csi: Csi, writer: MessageWriter[None], input: Input) -> None:
    with writer.message("assistant") as message:
        message.append(input.word)


def test_a_call_is_seen_with_its_input_and_output() -> None:
    csi = Observer()
    assert repeat(csi, Input(word="a")) == Output(words=["a", "a"])
    (span,) = csi.spans
    assert (span.name, span.input, span.writer) == ("repeat", '{"word":"a"}', None)
    assert span.outputs == ['{"words":["a","a"]}']


def test_arguments_may_be_named() -> None:
    csi = Observer()
    repeat(input=Input(word="a"), csi=csi)
    assert csi.spans[0].input == '{"word":"a"}'


def test_an_exception_passes_through_the_span() -> None:
    csi = Observer()
    with pytest.raises(ValueError, match="a bad word"):
        repeat(csi, Input(word="bad"))
    assert isinstance(csi.spans[0].error, ValueError)
    assert csi.spans[0].outputs == []


def test_of_a_stream_the_writer_is_seen_instead_of_an_output() -> None:
    csi, writer = Observer(), Writer()
    stream(csi, writer, Input(word="a"))
    (span,) = csi.spans
    assert (span.name, span.input, span.writer, span.outputs) == ("stream", '{"word":"a"}', writer, [])


def test_a_skill_called_by_a_skill_is_seen_inside() -> None:
    @skill(name="outer")
    def outer(csi: Csi, input: str) -> Output:
        return repeat(csi, Input(word=input))

    csi = Observer()
    outer(csi, "a")
    assert [span.name for span in csi.spans] == ["outer", "repeat"]


def test_a_csi_that_observes_nothing_gets_the_plain_call() -> None:
    assert repeat(Csi.__new__(Writer), Input(word="a")).words == ["a", "a"]  # type: ignore[arg-type]


@pytest.mark.parametrize("csi", [None, Mock(), object()])
def test_mocks_that_have_every_attribute_are_no_observers(csi: Any) -> None:
    assert repeat(csi, Input(word="a")).words == ["a", "a"]


def test_a_value_of_another_type_is_still_shown() -> None:
    @skill(name="loose")
    def loose(csi: Csi, input: Any) -> Any:
        return input

    csi, value = Observer(), object()
    assert loose(csi, value) is value
    assert csi.spans[0].input == f'"{value!r}"'


def test_wrong_calls_fail_as_they_would_without_decorator() -> None:
    with pytest.raises(TypeError, match=r"repeat\(\) missing 2 required positional arguments: 'csi' and 'input'"):
        repeat()  # type: ignore[call-arg]
