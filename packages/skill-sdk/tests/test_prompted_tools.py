"""Tools described in the system prompt, and the calls models write as text."""

from __future__ import annotations

from datetime import date

import pytest
from pydantic import ValidationError

from pharia_skill import FinishReason, Message, Role, Tool, ToolCallRequest
from pharia_skill.csi.inference import ChatEvent, MessageAppend, MessageBegin
from pharia_skill.csi.inference.tool import (
    SYSTEM,
    _deserialize_tool_call,
    _remove_md_delimiters,
    _remove_md_prefix,
    _remove_md_suffix,
    _render_system,
    add_tools_to_system_prompt,
    could_be_tool_call,
    parse_tool_call,
)

ADD = Tool("add", "Adds", {"type": "object", "properties": {"a": {"type": "integer"}}})
FLAT = '{"type": "function", "name": "search", "parameters": {"q": "x"}}'
NESTED = '{"type": "function", "function": {"name": "search", "parameters": {"q": "x"}}}'
SEARCH = ToolCallRequest("search", {"q": "x"})

RENDERED = """\
Environment: ipython
Cutting Knowledge Date: December 2023
Today Date: 07 June 2025

Answer the user's question by making use of the following functions if needed.
Only use functions if they are relevant to the user's question.
Here is a list of functions in JSON format:
{
    "type": "function",
    "function": {
        "name": "add",
        "description": "Adds",
        "parameters": {
            "type": "object",
            "properties": {
                "a": {
                    "type": "integer"
                }
            }
        }
    }
}

Return function calls in JSON format.

Be {brief}."""


def test_the_prompt_is_exact() -> None:
    assert _render_system(date(2025, 6, 7), [ADD], "Be {brief}.") == RENDERED
    assert SYSTEM.startswith("Environment: ipython\n")


def test_a_system_message_is_put_ahead_and_the_given_list_stays() -> None:
    messages = [Message.user("u")]
    system, user = add_tools_to_system_prompt(messages, [ADD])
    assert (system.role, user) == (Role.System, Message.user("u"))
    assert '"name": "add"' in (system.content or "")
    assert messages == [Message.user("u")]


def test_an_existing_system_message_is_kept_inside_the_new_one() -> None:
    messages = [Message.system("Be brief."), Message.user("u")]
    system, _user = add_tools_to_system_prompt(messages, [ADD])
    assert (system.content or "").endswith("\n\nBe brief.")
    assert messages[0].content == "Be brief."


@pytest.mark.parametrize("messages", [[Message.user("u")], [Message.system("s"), Message.user("u")], []])
def test_without_tools_nothing_changes(messages: list[Message]) -> None:
    assert add_tools_to_system_prompt(messages, []) == messages


def test_tools_can_be_added_to_an_empty_conversation() -> None:
    assert [message.role for message in add_tools_to_system_prompt([], [ADD])] == [Role.System]


@pytest.mark.parametrize("text", [FLAT, NESTED, f"```json\n{FLAT}```", f"```{NESTED}```", f"```json\n{FLAT}\n```"])
def test_a_call_is_found_in_every_form_models_write(text: str) -> None:
    assert _deserialize_tool_call(text) == SEARCH
    for cut in (0, 1, 2, 20):
        parts: list[ChatEvent] = [
            MessageBegin("assistant"),
            MessageAppend(text[:cut]),
            MessageAppend(text[cut:]),
            FinishReason.STOP,
        ]
        assert parse_tool_call(iter(parts)) == SEARCH


@pytest.mark.parametrize("text", ["Hello", "{", '{"type": "function", "name": "search"}', "[1]", ""])
def test_anything_else_is_no_call(text: str) -> None:
    assert parse_tool_call([MessageAppend(text)]) is None
    with pytest.raises(ValidationError):
        _deserialize_tool_call(text)


def test_no_more_is_read_than_needed() -> None:
    parts = iter([MessageAppend("He"), MessageAppend("llo")])
    assert parse_tool_call(parts) is None
    assert next(parts) == MessageAppend("llo")


@pytest.mark.parametrize(
    ("text", "possible"),
    [("`", True), ("```json\n{'function'", True), ("```json\n{", True), ("", True), ("``json\n{", False), ("a", False)],
)
def test_the_first_letters_tell_whether_a_call_may_come(text: str, possible: bool) -> None:
    assert could_be_tool_call(text) is possible


def test_fences_are_removed() -> None:
    assert _remove_md_prefix("```json\n{") == "{"
    assert _remove_md_suffix("{}```") == "{}"
    assert _remove_md_delimiters("```json\n{}```") == "{}"
    assert _remove_md_delimiters("{}") == "{}"
