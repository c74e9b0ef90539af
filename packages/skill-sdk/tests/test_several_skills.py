"""Several skills in one module: which one the module is, and which one a build takes."""

from __future__ import annotations

import json
import sys
import types
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from pydantic import BaseModel

from pharia_skill import Csi, MessageWriter, _selected, message_stream, skill
from pharia_skill.errors import InvalidSkill
from pharia_skill.wit_csi import WitCsi


class Input(BaseModel):
    word: str


@pytest.fixture(autouse=True)
def _nothing_left() -> Iterator[None]:
    yield
    for slot in ("SkillHandler", "MessageStream"):
        globals().pop(slot, None)


@pytest.fixture
def select(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    return lambda name: monkeypatch.setattr(_selected, "NAME", name)


def answer() -> Any:
    return json.loads(globals()["SkillHandler"]().run(b'{"word": "a"}'))


def test_a_named_skill_may_stand_beside_the_module_s_own() -> None:
    @skill(name="further")
    def second(csi: Csi, input: Input) -> str:
        return "second"

    @skill
    def first(csi: Csi, input: Input) -> str:
        return "first"

    @skill(name="third")
    def third(csi: Csi, input: Input) -> str:
        return "third"

    assert answer() == "first"
    assert [each(WitCsi(), Input(word="a")) for each in (first, second, third)] == ["first", "second", "third"]


def test_of_named_skills_alone_the_first_is_the_module_s() -> None:
    @skill(name="one")
    def one(csi: Csi, input: Input) -> str:
        return "one"

    @skill(name="two")
    def two(csi: Csi, input: Input) -> str:
        return "two"

    assert answer() == "one"


def test_options_without_a_name_are_no_leave_for_a_second_skill() -> None:
    @skill(tags=["a"])
    def one(csi: Csi, input: Input) -> str:
        return "one"

    with pytest.raises(
        AssertionError, match=r"`@skill` can only be used once\. `one` is already there.*`name=\"two\"`"
    ):

        @skill(tags=["b"])
        def two(csi: Csi, input: Input) -> str:
            return "two"


def test_defining_a_skill_again_replaces_it() -> None:
    for number in (1, 2):

        @skill
        def same(csi: Csi, input: Input) -> int:
            return number  # noqa: B023

    assert answer() == 2


def test_a_build_takes_the_function_it_was_told(select: Callable[[str], None]) -> None:
    select("second")

    @skill
    def first(csi: Csi, input: Input) -> str:
        return "first"

    @skill
    def second(csi: Csi, input: Input) -> str:
        return "second"

    assert answer() == "second"


def test_in_a_component_the_others_are_left_alone(
    select: Callable[[str], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not even the bindings of the other kind need to be there."""
    select("chosen")
    monkeypatch.setattr(sys, "platform", "wasi")
    monkeypatch.setitem(sys.modules, "pharia_skill.bindings.exports.message_stream", None)

    def stream(csi: Csi, writer: MessageWriter[None], input: Input) -> None: ...

    def chosen(csi: Csi, input: Input) -> str:
        return "chosen"

    assert message_stream(stream) is stream
    assert skill(chosen) is chosen
    assert "MessageStream" not in globals()
    assert "SkillHandler" in globals()


def test_the_wrong_kind_of_bindings_is_a_missing_module(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pharia_skill.bindings.exports.message_stream", None)
    with pytest.raises(ModuleNotFoundError, match=r"pharia_skill\.bindings\.exports\.message_stream"):

        @message_stream
        def stream(csi: Csi, writer: MessageWriter[None], input: Input) -> None: ...


def test_both_kinds_may_be_in_one_module() -> None:
    @skill
    def function(csi: Csi, input: Input) -> str:
        return ""

    @message_stream
    def stream(csi: Csi, writer: MessageWriter[None], input: Input) -> None: ...

    assert {"SkillHandler", "MessageStream"} <= globals().keys()


def test_a_description_is_docstring_schemas_and_what_the_decorator_was_told() -> None:
    @skill(name="echo", tags=["text", "demo"], examples=[Input(word="a"), {"word": "b"}])
    def repeat(csi: Csi, input: Input) -> list[str]:
        """Says it again."""
        return [input.word]

    described = repeat.__pharia_skill__  # type: ignore[attr-defined]
    assert described.as_json() == {
        "kind": "skill",
        "function": "repeat",
        "name": "echo",
        "description": "Says it again.",
        "input_schema": {**Input.model_json_schema(), "examples": [{"word": "a"}, {"word": "b"}]},
        "output_schema": {"items": {"type": "string"}, "type": "array"},
        "tags": ["text", "demo"],
    }
    metadata = globals()["SkillHandler"]().metadata()
    assert json.loads(metadata.input_schema) == described.input_schema
    assert metadata.description == "Says it again."


def test_an_example_must_be_a_valid_input() -> None:
    with pytest.raises(
        InvalidSkill, match=r"example of `echo` is no valid input: 1 validation error for Input\n  word"
    ):

        @skill(examples=[{"wort": "a"}])
        def echo(csi: Csi, input: Input) -> str:
            return ""


def test_a_skill_of_a_helper_module_stays_there() -> None:
    module = types.ModuleType("helper")
    exec(
        "from pharia_skill import Csi, skill\n@skill\ndef helper(csi: Csi, input: str) -> str:\n    return input\n",
        module.__dict__,
    )

    @skill
    def main(csi: Csi, input: Input) -> str:
        return str(module.helper(csi, input.word))

    assert answer() == "a"
    assert module.SkillHandler.__qualname__ == "helper"
