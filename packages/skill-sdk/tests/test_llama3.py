"""Llama 3 prompts and answers."""

from __future__ import annotations

import importlib
import json
import subprocess
import sys
import warnings
from datetime import date
from typing import Any

import pytest
from pydantic import BaseModel, Field, RootModel, ValidationError

from pharia_skill import ChatParams, Completion, CompletionParams, Csi, FinishReason, TokenUsage

with warnings.catch_warnings():
    warnings.simplefilter("ignore", DeprecationWarning)
    from pharia_skill import llama3

from pharia_skill.llama3 import (
    AssistantMessage,
    BraveSearch,
    ChatRequest,
    ChatResponse,
    CodeInterpreter,
    JsonSchema,
    Role,
    SpecialTokens,
    Tool,
    ToolCall,
    ToolMessage,
    UserMessage,
    WolframAlpha,
)
from pharia_skill.llama3.message import SystemMessage
from pharia_skill.llama3.request import validate_messages
from pharia_skill.llama3.response import Response
from pharia_skill.llama3.tool import Function

HEAD = "<|start_header_id|>{}<|end_header_id|>\n\n"
EOT, EOM = "<|eot_id|>", "<|eom_id|>"


class GetReadme(Tool):
    """Get the readme"""

    title: str
    registry: str = Field(default="d", description="The registry")


class Model(Csi):
    """Always writes the same; keeps the prompts."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.asked: list[tuple[str, CompletionParams | None]] = []

    def complete(self, model: str, prompt: str, params: CompletionParams | None = None) -> Completion:
        self.asked.append((prompt, params))
        return Completion(self.text, FinishReason.STOP, [], TokenUsage(1, 1))


SCHEMA = {
    "type": "function",
    "function": {
        "name": "get_readme",
        "description": "Get the readme",
        "parameters": {
            "properties": {
                "title": {"type": "string"},
                "registry": {"default": "d", "description": "The registry", "type": "string"},
            },
            "required": ["title"],
            "type": "object",
        },
    },
}
BY_SCHEMA = JsonSchema(function=Function(name="by_schema", parameters={"type": "object"}))
CALL = '{"name": "get_readme", "parameters": {"title": "k"}}'


def test_importing_it_warns_that_it_will_go() -> None:
    with pytest.warns(DeprecationWarning, match="The `llama3` module is deprecated and will be removed in the future"):
        importlib.reload(llama3)


def test_nobody_who_does_not_ask_for_it_loads_it() -> None:
    code = "import pharia_skill, sys; print('pharia_skill.llama3' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, check=True).stdout == b"False\n"


def test_all_names_are_there() -> None:
    assert all(hasattr(llama3, name) for name in llama3.__all__)
    assert len(llama3.__all__) == 14


def system(text: str) -> str:
    return HEAD.format("system") + text + EOT


def today() -> str:
    return f"Cutting Knowledge Date: December 2023\nToday Date: {date.today():%d %B %Y}"


def test_a_system_prompt_without_tools_is_the_users() -> None:
    assert SystemMessage("Be brief.").render([]) == system("Be brief.")


def test_built_in_tools_are_listed_and_the_interpreter_explained() -> None:
    assert SystemMessage("Be brief.").render([CodeInterpreter, BraveSearch, WolframAlpha]) == system(
        "Environment: ipython\nTools: brave_search, wolfram_alpha\n"
        "If you decide to run python code, assign the result to a variable called `result`.\n"
        f"{today()}\n\nYou are a helpful assistant.\nBe brief."
    )


def test_other_tools_are_described_by_their_schema() -> None:
    assert SystemMessage("").render([GetReadme, CodeInterpreter, BY_SCHEMA]) == system(
        "Environment: ipython\n"
        "If you decide to run python code, assign the result to a variable called `result`.\n"
        f"{today()}\n\n"
        "Answer the user's question by making use of the following functions if needed.\n"
        "Only use functions if they are relevant to the user's question.\n"
        "Here is a list of functions in JSON format:\n"
        f"{json.dumps(SCHEMA, indent=4)}\n{json.dumps(BY_SCHEMA.model_dump(), indent=4)}\n\n"
        "Return function calls in JSON format.\n\nYou are a helpful assistant."
    )


def test_tools_are_sorted_by_how_they_are_offered() -> None:
    tools: list[type[Tool]] = [CodeInterpreter, BraveSearch, GetReadme]
    assert SystemMessage.system_prompt_tools(tools) == [BraveSearch]
    assert SystemMessage.json_based_tools(tools) == [GetReadme]
    assert UserMessage.json_based_tools(tools) == [GetReadme]


def test_turns_are_rendered_with_their_headers_and_ends() -> None:
    assert UserMessage("hi").render([GetReadme]) == HEAD.format("user") + "hi" + EOT
    assert AssistantMessage("hi").render([]) == HEAD.format("assistant") + "hi" + EOT
    assert ToolMessage("4").render([]) == HEAD.format("ipython") + "completed[stdout]4[/stdout]" + EOT
    assert ToolMessage("no", False).render([]) == HEAD.format("ipython") + "failed[stderr]no[/stderr]" + EOT
    assert SpecialTokens.EndOfTurn.value == EOT


@pytest.mark.parametrize("parameters", [{"title": "k"}, GetReadme(title="k")])
def test_calls_end_the_message_but_not_the_turn(parameters: Any) -> None:
    message = AssistantMessage(tool_calls=[ToolCall("get_readme", parameters)])
    assert message.render([]) == HEAD.format("assistant") + "<|python_tag|>" + CALL + EOM


def test_an_assistant_without_words_can_not_be_rendered() -> None:
    with pytest.raises(ValueError, match="needs content or tool calls"):
        AssistantMessage().render([])


def test_answers_are_freed_of_special_tokens() -> None:
    assert Response.from_raw("\n\nprint('x')<|eom_id|>") == Response("print('x')", False)
    assert Response.from_raw("\n<|python_tag|>print('x')<|eom_id|>") == Response("print('x')", True)


@pytest.mark.parametrize(
    "raw",
    [
        CALL,
        "<|python_tag|>" + CALL + EOM,
        '{"type": "function", "function": {"name": "get_readme", "parameters": {"title": "k"}}}',
    ],
)
def test_a_call_of_a_class_becomes_an_instance(raw: str) -> None:
    message = AssistantMessage.from_raw_response(raw, [BraveSearch, GetReadme])
    assert message == AssistantMessage(tool_calls=[ToolCall("get_readme", GetReadme(title="k"))])


def test_a_call_by_schema_keeps_the_plain_parameters() -> None:
    call = ToolCall.from_response(Response('{"name": "by_schema", "parameters": {"a": 1}}', False), [BY_SCHEMA])
    assert call == ToolCall("by_schema", {"a": 1})


@pytest.mark.parametrize(
    ("text", "call"),
    [
        ('brave_search.call(query="weather")', ToolCall("brave_search", BraveSearch(query="weather"))),
        ('wolfram_alpha.call(query="x^2")', ToolCall("wolfram_alpha", WolframAlpha(query="x^2"))),
        ("result = 2", ToolCall("code_interpreter", CodeInterpreter(src="result = 2"))),
    ],
)
def test_built_in_tools_are_called_in_their_own_notation(text: str, call: ToolCall) -> None:
    found = ToolCall.from_response(Response(text, True), [BraveSearch, WolframAlpha, CodeInterpreter])
    assert found == call
    assert call.render() == text
    assert ToolCall.from_response(Response(text, False), [BraveSearch, WolframAlpha, CodeInterpreter]) is None


@pytest.mark.parametrize(
    "text", ['brave_search.call("weather")', "Hello", "3", "[1]", '{"function": 2}', '{"name": 1}']
)
def test_what_calls_nothing_is_text(text: str) -> None:
    assert ToolCall.from_response(Response(text, True), [BraveSearch, WolframAlpha, GetReadme]) is None


def test_tools_that_were_not_offered_are_text() -> None:
    assert AssistantMessage.from_raw_response(CALL, [BraveSearch]).content == CALL
    assert AssistantMessage.from_raw_response(CALL).content == CALL


def test_arguments_the_class_does_not_take_are_refused() -> None:
    with pytest.raises(ValidationError, match="title"):
        ToolCall.from_response(Response('{"name": "get_readme", "parameters": {}}', False), [GetReadme])


def test_the_schema_of_a_class_has_no_titles_but_its_parameters() -> None:
    assert GetReadme.json_schema() == SCHEMA
    assert CodeInterpreter.json_schema() == {"type": "code_interpreter"}


def test_the_interpreter_gives_the_variable_result() -> None:
    assert CodeInterpreter(src="result = 1 + 1 == 2").run() is True
    assert CodeInterpreter(src="pass").run() is None


@pytest.mark.parametrize(
    ("messages", "text"),
    [
        ([], "Messages cannot be empty"),
        ([AssistantMessage("a"), UserMessage("u")], "First message must be a user message"),
        ([SystemMessage("s"), UserMessage("u")], "First message must be a user message"),
        ([UserMessage("u"), UserMessage("u")], "Assistant messages must alternate with user messages"),
        (
            [UserMessage("u"), AssistantMessage("a"), AssistantMessage("a")],
            "User messages must alternate with assistant messages",
        ),
        ([UserMessage("u"), AssistantMessage("a")], "Last message must be a user or ipython message"),
    ],
)
def test_messages_in_the_wrong_order_are_refused(messages: list[Any], text: str) -> None:
    with pytest.raises(ValueError, match=text):
        validate_messages(messages)


def test_a_conversation_goes_on_after_the_users_turn_only() -> None:
    csi = Model("42")
    request = ChatRequest("m", [UserMessage("What?")], params=ChatParams(max_tokens=3))
    assert request.chat(csi) == ChatResponse(AssistantMessage("42"), FinishReason.STOP)
    with pytest.raises(ValueError, match="Last message must be a user or ipython message"):
        request.chat(csi)
    request.extend(UserMessage("Sure?"))
    request.chat(csi)
    prompt, params = csi.asked[-1]
    assert prompt == "<|begin_of_text|>" + "".join(
        [
            UserMessage("What?").render([]),
            AssistantMessage("42").render([]),
            UserMessage("Sure?").render([]),
            HEAD.format("assistant"),
        ]
    )
    assert params == CompletionParams(max_tokens=3, stop=["<|start_header_id|>"])


def test_a_tools_answer_reaches_the_model_with_the_whole_transcript() -> None:
    csi = Model(CALL)
    request = ChatRequest("m", [UserMessage("Read")], system="Be brief.", tools=[GetReadme])
    (call,) = request.chat(csi).message.tool_calls or []
    assert call.parameters == GetReadme(title="k")
    request.extend(ToolMessage("text"))
    request.chat(csi)
    prompt = csi.asked[-1][0]
    assert prompt.startswith("<|begin_of_text|>" + SystemMessage("Be brief.").render([GetReadme]))
    assert prompt.count('"name": "get_readme"') == 2
    assert prompt.endswith(ToolMessage("text").render([]) + HEAD.format("assistant"))


class Api(BaseModel):
    request: ChatRequest


def test_a_request_can_be_a_field_and_read_again() -> None:
    call = ToolCall("by_schema", {"a": 1})
    answered = AssistantMessage(tool_calls=[call])
    failed = ToolMessage("x", success=False)
    request = ChatRequest("m", [UserMessage("u"), answered, failed], tools=[BY_SCHEMA, CodeInterpreter])
    dumped = Api(request=request).model_dump_json()
    assert json.loads(dumped)["request"]["tools"][1] == {"type": "code_interpreter"}
    assert Api.model_validate_json(dumped).request == request
    assert json.loads(Api(request=ChatRequest("m", [UserMessage("u")], tools=[GetReadme])).model_dump_json())[
        "request"
    ]["tools"] == [SCHEMA]


@pytest.mark.parametrize("tool", [{"type": "nope"}, {}, 3])
def test_what_is_no_tool_is_refused(tool: Any) -> None:
    with pytest.raises(ValidationError):
        Api.model_validate({"request": {"model": "m", "messages": [{"role": "user", "content": "u"}], "tools": [tool]}})


def test_the_schema_of_a_request_knows_both_kinds_of_tools() -> None:
    schema = Api.model_json_schema()
    assert schema["$defs"]["ChatRequest"]["properties"]["tools"]["items"]["anyOf"] == [
        {"$ref": "#/$defs/JsonSchema"},
        {"$ref": "#/$defs/BuiltInToolSchema"},
    ]


def test_a_response_can_be_an_output() -> None:
    response = ChatResponse(AssistantMessage(tool_calls=[ToolCall("g", {"a": 1})]), FinishReason.STOP)
    assert json.loads(RootModel[ChatResponse](response).model_dump_json()) == {
        "message": {"content": None, "role": "assistant", "tool_calls": [{"name": "g", "parameters": {"a": 1}}]},
        "finish_reason": "stop",
    }
    assert Role.IPython.render() == "<|start_header_id|>ipython<|end_header_id|>"
