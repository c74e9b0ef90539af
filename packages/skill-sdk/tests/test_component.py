"""Skills as real components: built once per world and line, run under wasmtime."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from wasmtime.component import Variant

from conftest import GUESTS
from pharia_skill.builder import build_component
from pharia_skill.builder.snapshot.lasting import IMMORTAL
from pharia_skill.builder.wasm import note_of

INTERFACES = {"chunking", "document-index", "inference", "language", "tool"}


def record(**fields: Any) -> SimpleNamespace:
    """A WIT record; its fields are written with dashes."""
    return SimpleNamespace(**{name.replace("_", "-"): value for name, value in fields.items()})


def usage() -> SimpleNamespace:
    return record(prompt=1, completion=2)


def ask(host: Any, question: str) -> Any:
    answer = host.run(json.dumps({"ask": question}).encode())
    return json.loads(answer) if isinstance(answer, bytes) else answer


def test_a_function_imports_the_five_interfaces_of_0_4_and_exports_the_handler(probe: Any) -> None:
    assert probe.imports == {f"pharia:skill/{name}@0.4.0" for name in INTERFACES}
    assert probe.exports == {"pharia:skill/skill-handler@0.4.0"}


def test_the_same_function_can_be_built_for_0_3(old_probe: Any) -> None:
    assert old_probe.imports == {f"pharia:skill/{name}@0.3.11" for name in INTERFACES}
    assert old_probe.exports == {"pharia:skill/skill-handler@0.3.11"}


def test_a_stream_skill_imports_the_output_and_exports_the_stream(echo: Any) -> None:
    assert echo.imports == {f"pharia:skill/{name}@0.4.0" for name in INTERFACES | {"streaming-output"}}
    assert echo.exports == {"pharia:skill/message-stream@0.4.0"}


def test_metadata_holds_docstring_and_schemas(probe: Any) -> None:
    metadata = probe.metadata()
    assert metadata.description == "Asks."
    assert json.loads(getattr(metadata, "input-schema"))["required"] == ["ask"]
    assert json.loads(getattr(metadata, "output-schema"))["type"] == "object"


@pytest.mark.parametrize(("line", "function"), [("0.4", "complete"), ("0.3", "complete-v2")])
def test_a_completion_reaches_the_host_with_every_parameter(
    line: str, function: str, probe: Any, old_probe: Any
) -> None:
    host = probe if line == "0.4" else old_probe
    seen = []

    def complete(requests: list[Any]) -> list[Any]:
        seen.extend(requests)
        return [record(text=" a poem ", finish_reason="stop", logprobs=[], usage=usage())]

    host.functions[function] = complete

    assert ask(host, "complete") == {"text": " a poem "}
    (request,) = seen
    assert (request.model, request.prompt) == ("model", "prompt")
    assert vars(request.params) == {
        "max-tokens": 64,
        "temperature": None,
        "top-k": None,
        "top-p": None,
        "stop": [],
        "return-special-tokens": True,
        "frequency-penalty": None,
        "presence-penalty": None,
        "logprobs": Variant("top", 3),
        "echo": True,
    }


def answering(content: str | None, reasoning: str | None, seen: list[Any]) -> Any:
    def chat(requests: list[Any]) -> list[Any]:
        seen.extend(requests)
        message = record(content=content, reasoning_content=reasoning, tool_calls=None)
        return [record(message=message, finish_reason="tool-calls", logprobs=[], usage=usage())]

    return chat


def test_chat_of_0_4_keeps_the_reasoning(probe: Any) -> None:
    probe.functions["chat"] = answering("hello", "because", [])
    assert ask(probe, "chat") == {"text": "hello", "reasoning": "because"}


def test_chat_of_0_4_carries_tools_formats_and_tool_messages(probe: Any) -> None:
    seen: list[Any] = []
    probe.functions["chat"] = answering("3", None, seen)

    assert ask(probe, "chat with everything") == {"text": "3"}
    (request,) = seen
    assistant, tool = (message.payload for message in request.messages[1:])
    assert [message.tag for message in request.messages] == ["other", "assistant", "tool"]
    assert [vars(call) for call in getattr(assistant, "tool-calls")] == [
        {"id": "id-1", "name": "add", "arguments": '{"a": 1}'}
    ]
    assert vars(tool) == {"content": "2", "tool-call-id": "id-1"}
    params = vars(request.params)
    assert [tool.parameters for tool in params["tools"]] == [None, b'{"type": "object"}']
    assert params["tool-choice"] == Variant("named", "add")
    assert params["parallel-tool-calls"] is False
    assert params["reasoning-effort"] == "low"
    assert params["response-format"].payload.schema == b'{"type": "object"}'


def test_chat_of_0_3_is_plain_roles_and_texts(old_probe: Any) -> None:
    seen: list[Any] = []

    def chat(requests: list[Any]) -> list[Any]:
        seen.extend(requests)
        message = record(role="assistant", content="hello")
        return [record(message=message, finish_reason="stop", logprobs=[], usage=usage())]

    old_probe.functions["chat"] = chat

    assert ask(old_probe, "chat") == {"text": "hello", "reasoning": None}
    assert [vars(message) for message in seen[0].messages] == [
        {"role": "system", "content": "s"},
        {"role": "user", "content": "u"},
    ]


def test_0_3_says_what_it_can_not_carry(old_probe: Any) -> None:
    case, text = ask(old_probe, "chat with everything")
    assert case == "internal"
    assert "UnsupportedByWit: WIT 0.3 does not know" in text
    assert "--wit 0.4" in text


def test_explanations_are_part_of_0_3_alone(probe: Any, old_probe: Any) -> None:
    old_probe.functions["explain"] = lambda requests: [[record(start=0, length=3, score=0.5)]]
    assert ask(old_probe, "explain") == {"text": "TextScore(start=0, length=3, score=0.5)"}
    case, text = ask(probe, "explain")
    assert case == "internal"
    assert "--wit 0.3" in text


def test_a_search_filter_keeps_its_types(probe: Any) -> None:
    seen: list[Any] = []

    def search(requests: list[Any]) -> list[Any]:
        seen.extend(requests)
        path, cursor = record(namespace="n", collection="c", name="d"), record(item=0, position=0)
        return [[record(document_path=path, content="found", score=1.0, start=cursor, end=cursor)]]

    probe.functions["search"] = search

    assert ask(probe, "search") == {"text": "found"}
    (group,) = seen[0].filters
    assert group.tag == "with-all"
    assert [condition.condition.tag for condition in group.payload] == ["equal-to", "after"]
    assert group.payload[0].condition.payload == True  # noqa: E712  # not 1
    assert group.payload[0].condition.payload is True
    assert group.payload[1].condition.payload == "2025-01-01T00:00:00+00:00"


def test_a_failing_tool_raises_in_the_skill(probe: Any) -> None:
    probe.functions["invoke-tool"] = lambda requests: ["out of cheese"]
    assert ask(probe, "tool") == {"text": "out of cheese"}


def test_input_of_the_wrong_shape_is_refused_in_two_lines(probe: Any) -> None:
    assert probe.run(b"{}") == ("invalid-input", "1 validation error for Input\n  ask: Field required")


def test_an_exception_of_the_skill_comes_with_its_place(probe: Any) -> None:
    case, text = ask(probe, "the impossible")
    assert case == "internal"
    assert "RuntimeError: never heard of the impossible" in text
    assert "probe.py" in text


def test_time_and_chance_belong_to_the_run_and_not_to_the_build(probe: Any) -> None:
    first, second = (ask(probe, "drawn") for _ in range(2))
    assert first["prompt"] == "Once upon a time"
    assert first["drawn"][0] != second["drawn"][0]
    assert first["drawn"][1] > first["fixed"][1]
    assert first["fixed"] == second["fixed"]


def test_looking_at_what_was_imported_writes_to_nothing(probe: Any) -> None:
    """A call pays for every page it writes to."""
    answer = ask(probe, "counted")
    assert set(answer["references"]) == {IMMORTAL}
    assert len(answer["pages"]) < 10, "what a call makes lies side by side"


def test_a_stream_writes_its_items_in_order_and_then_its_error(echo: Any) -> None:
    result = echo.run_stream(b'{"word": "ab"}')
    assert [item.tag for item in echo.written] == [
        "message-begin",
        "reasoning",
        "message-append",
        "message-append",
        "message-end",
    ]
    assert echo.written[0].payload.role == "assistant"
    assert echo.written[-1].payload == b'{"count":2}'
    assert result[0] == "internal"
    assert "ValueError: after the end" in result[1]


def test_a_component_is_stripped_and_says_what_it_was_built_from(built_probe: Path) -> None:
    binary = built_probe.read_bytes()
    assert b".debug_info" not in binary
    assert len(binary) < 30_000_000
    note = json.loads(note_of(binary) or b"")
    assert note["module"] == "probe"
    assert note["wit"] == "0.4"


def test_nothing_is_built_again_until_a_source_changes(built_probe: Path) -> None:
    before = built_probe.stat()
    built = build_component(GUESTS / "probe.py", built_probe)
    assert built.unchanged
    assert built_probe.stat().st_mtime_ns == before.st_mtime_ns
