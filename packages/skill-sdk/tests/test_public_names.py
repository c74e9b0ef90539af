"""What ``pharia_skill`` shows, and what importing it costs."""

from __future__ import annotations

import subprocess
import sys
from importlib import import_module

import pytest

import pharia_skill
import pharia_skill.csi

HOST_SIDE = {
    "opentelemetry",
    "requests",
    "httpx",
    "aiohttp",
    "typer",
    "rich",
    "click",
    "pharia_assets",
    "componentize_py",
}


RELEASED = """
    After AtOrAfter AtOrBefore Before ChatParams ChatRequest ChatResponse ChatStreamResponse Chunk ChunkParams
    ChunkRequest Completion CompletionParams CompletionRequest CompletionStreamResponse Csi Cursor Distribution
    Document DocumentPath EqualTo ExplanationRequest FilterCondition FinishReason Granularity GreaterThan
    GreaterThanOrEqualTo Image IndexPath InvokeRequest IsNull JsonSerializable Language LessThan
    LessThanOrEqualTo Logprob Logprobs Message MessageAppend MessageBegin MessageEnd MessageItem MessageWriter
    MetadataFilter Modality NoLogprobs Role SampledLogprobs SearchFilter SearchRequest SearchResult
    SelectLanguageRequest Text TextScore TokenUsage Tool ToolError ToolOutput ToolResult TopLogprobs With
    WithOneOf Without message_stream skill ToolCallRequest AgentInput AgentMessage agent
"""
ONLY_TOP = "AgentInput AgentMessage MessageEnd MessageItem MessageWriter agent message_stream skill"

SUBMODULES = {
    "pharia_skill.csi": " ".join(set(RELEASED.split()) - set(ONLY_TOP.split())),
    "pharia_skill.csi.csi": "Csi",
    "pharia_skill.csi.inference": """
        ChatEvent ChatParams ChatRequest ChatResponse ChatStreamResponse Completion CompletionAppend CompletionEvent
        CompletionParams CompletionRequest CompletionStreamResponse Distribution ExplanationRequest FinishReason
        Granularity InvokeRequest JsonSchema Logprob Logprobs Message MessageAppend MessageBegin NamedToolChoice
        NoLogprobs Reasoning ReasoningEffort ResponseFormat Role SampledLogprobs TextScore TokenUsage Tool ToolCall
        ToolCallChunk ToolCallEvent ToolCallRequest ToolChoice ToolError ToolOutput ToolResult TopLogprobs
    """,
    "pharia_skill.csi.inference.types": """
        ChatEvent Distribution FinishReason Logprob Message MessageAppend MessageBegin NanFloat Reasoning Role
        TokenUsage ToolCall ToolCallChunk ToolCallEvent _merge_tool_call_chunks none_to_nan
    """,
    "pharia_skill.csi.inference.tool": """
        InvokeRequest SYSTEM Tool ToolCallRequest ToolError ToolOutput ToolResult _deserialize_tool_call
        _remove_md_delimiters _remove_md_prefix _remove_md_suffix _render_system add_tools_to_system_prompt
        could_be_tool_call parse_tool_call
    """,
    "pharia_skill.csi.chunking": "Chunk ChunkParams ChunkRequest",
    "pharia_skill.csi.document_index": """
        Cursor Document DocumentPath Image IndexPath JsonSerializable Modality SearchRequest SearchResult Text
        After AtOrAfter AtOrBefore Before EqualTo FilterCondition GreaterThan GreaterThanOrEqualTo IsNull LessThan
        LessThanOrEqualTo MetadataFilter SearchFilter With WithOneOf Without
    """,
    "pharia_skill.csi.language": "Language SelectLanguageRequest",
    "pharia_skill.decorator": "skill",
    "pharia_skill.stream": "MessageAppend MessageBegin MessageEnd MessageItem MessageWriter message_stream",
    "pharia_skill.wit_csi": "WitCsi",
}


def test_everything_released_is_there_and_the_list_is_sorted() -> None:
    assert len(RELEASED.split()) == 69
    assert set(RELEASED.split()) <= set(pharia_skill.__all__)
    assert pharia_skill.__all__ == sorted(pharia_skill.__all__)
    for name in pharia_skill.__all__:
        assert hasattr(pharia_skill, name), name


@pytest.mark.parametrize("module", SUBMODULES)
def test_submodules_keep_the_names_skills_import_from_them(module: str) -> None:
    found = import_module(module)
    for name in SUBMODULES[module].split():
        assert hasattr(found, name), name
    assert all(hasattr(found, name) for name in getattr(found, "__all__", []))


def test_what_is_the_same_has_one_definition() -> None:
    for name in SUBMODULES["pharia_skill.csi"].split():
        if name not in ("MessageAppend", "MessageBegin"):
            assert getattr(pharia_skill, name) is getattr(pharia_skill.csi, name)


def test_the_stand_in_for_a_kernel_is_loaded_when_it_is_wanted() -> None:
    code = (
        "import pharia_skill, sys\n"
        "assert 'pharia_skill.testing' not in sys.modules\n"
        "from pharia_skill import DevCsi\n"
        "assert DevCsi is sys.modules['pharia_skill.testing'].DevCsi\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_a_name_that_is_not_there_is_refused_as_ever() -> None:
    with pytest.raises(ImportError, match="Nothing"):
        from pharia_skill import Nothing  # type: ignore[attr-defined]  # noqa: F401


def test_the_message_items_at_the_top_are_those_of_the_writer() -> None:
    from pharia_skill.message_stream import writer

    assert pharia_skill.MessageAppend is writer.MessageAppend
    assert pharia_skill.MessageBegin is writer.MessageBegin


def test_importing_it_loads_nothing_of_the_host_side() -> None:
    code = "import pharia_skill, sys; print(*{name.split('.')[0] for name in sys.modules})"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert "pydantic" in loaded
    assert not HOST_SIDE & set(loaded)


def test_defining_a_skill_loads_nothing_of_the_host_side() -> None:
    code = (
        "from pharia_skill import skill, message_stream; import sys\n"
        "@skill\ndef a(csi, input: str) -> str: return input\n"
        "@message_stream\ndef b(csi, writer, input: str): pass\n"
        "assert 'pydantic.root_model' in sys.modules\n"
        "print(*{name.split('.')[0] for name in sys.modules}, *sys.modules)"
    )
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert not HOST_SIDE & set(loaded)
    assert not {"pharia_skill.builder", "pharia_skill.cli"} & set(loaded)
