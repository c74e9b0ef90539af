"""Reasoning inside the answer's text."""

from __future__ import annotations

import pytest

from pharia_kernel.csi.inference.openai.reasoning import ReasoningSplitter, split_reasoning


@pytest.mark.parametrize(
    ("text", "reasoning", "content"),
    [
        ("<think>a</think> b", "a", " b"),
        ("\n <think>a</think>b", "a", "b"),
        ("no tags", None, "no tags"),
        ("", None, ""),
        ("b</think><think>", None, "b</think><think>"),
        ("first <think>a</think>", None, "first <think>a</think>"),
        ("<think>never closed", "never closed", None),
        ("<think></think>b", None, "b"),
        ("<think>a</think>", "a", ""),
        ("<think>a</think>b<think>c</think>", "a", "b<think>c</think>"),
    ],
)
def test_a_whole_text_is_split_at_its_first_tags(text: str, reasoning: str | None, content: str | None) -> None:
    assert split_reasoning(text) == (reasoning, content)


@pytest.mark.parametrize(
    "text",
    ["<think>a b</think> c d", "plain < text", "<thin ice>", " <think>x</thin</think>y", "<think>open </th", "<"],
)
@pytest.mark.parametrize("size", [1, 2, 3, 5, 100])
def test_pieces_of_any_size_are_split_like_the_whole(text: str, size: int) -> None:
    splitter = ReasoningSplitter()
    parts = [splitter.feed(text[at : at + size]) for at in range(0, len(text), size)]
    parts.append(splitter.end())
    reasoning, content = split_reasoning(text)
    assert "".join(part[0] for part in parts) == (reasoning or "")
    assert "".join(part[1] for part in parts) == (content or "")


def test_text_is_not_held_back_once_it_can_not_be_a_tag() -> None:
    splitter = ReasoningSplitter()
    assert splitter.feed("<th") == ("", "")
    assert splitter.feed("e") == ("", "<the")
    assert splitter.feed("<think>") == ("", "<think>")


def test_reasoning_is_delivered_while_it_arrives() -> None:
    splitter = ReasoningSplitter()
    assert splitter.feed("<think>one") == ("one", "")
    assert splitter.feed(" two</") == (" two", "")
    assert splitter.feed("think>three") == ("", "three")
