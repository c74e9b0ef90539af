"""A conversation: its messages, and what is asked of the model."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Annotated, Any, Literal

from pydantic import BaseModel, WithJsonSchema, field_serializer, field_validator

from pharia_skill.csi import ChatParams, CompletionParams, Csi, FinishReason
from pharia_skill.llama3.message import AssistantMessage, Role, SystemMessage, ToolMessage, UserMessage, schema_of
from pharia_skill.llama3.response import SpecialTokens
from pharia_skill.llama3.tool import BuiltInTools, JsonSchema, ToolDefinition

Message = UserMessage | AssistantMessage | ToolMessage

_ANSWERED = (Role.User, Role.IPython)
_PARAMS_SCHEMA: dict[str, Any] = {  # of what is read; all of ChatParams would bring in a second `JsonSchema`
    "title": "ChatParams",
    "type": "object",
    "properties": {"max_tokens": {"type": "integer"}, "temperature": {"type": "number"}, "top_p": {"type": "number"}},
}


class BuiltInToolSchema(BaseModel):
    type: Literal["code_interpreter", "wolfram_alpha", "brave_search"]


@dataclass
class ChatResponse:
    message: AssistantMessage
    finish_reason: FinishReason


@dataclass
class ChatRequest:
    """Give it to :meth:`chat`, which appends the answer; go on with :meth:`extend`.

    Raises ``ValueError`` for messages in an order Llama 3 does not know.
    """

    model: str
    messages: list[Message]
    system: str | None = None
    tools: Sequence[ToolDefinition] = field(default_factory=list)
    params: Annotated[ChatParams, WithJsonSchema(_PARAMS_SCHEMA)] = field(default_factory=ChatParams)

    def __post_init__(self) -> None:
        validate_messages(self.messages)

    def chat(self, csi: Csi) -> ChatResponse:
        validate_messages(self.messages)
        completion = csi.complete(self.model, self.render(), to_completion_params(self.params))
        message = AssistantMessage.from_raw_response(completion.text, self.tools)
        self.messages.append(message)
        return ChatResponse(message, completion.finish_reason)

    def extend(self, message: Message) -> None:
        """Append the user's turn, or a tool's."""
        validate_messages([*self.messages, message])
        self.messages.append(message)

    def render(self) -> str:
        """The prompt."""
        system = SystemMessage(self.system or "").render(self.tools) if self.system or self.tools else ""
        turns = "".join(message.render([]) for message in self.messages)
        return f"{SpecialTokens.BeginOfText.value}{system}{turns}{Role.Assistant.render()}\n\n"

    @field_serializer("tools")
    def as_dict(self, tools: Sequence[ToolDefinition]) -> list[dict[str, Any]]:
        return [schema_of(tool) for tool in tools]

    @field_validator("tools", mode="before", json_schema_input_type=list[JsonSchema | BuiltInToolSchema])
    @classmethod
    def validate_tools(cls, value: Any) -> Any:
        return [_tool(each) for each in value] if isinstance(value, list) else value


def to_completion_params(params: ChatParams) -> CompletionParams:
    return CompletionParams(
        return_special_tokens=True,
        max_tokens=params.max_tokens,
        temperature=params.temperature,
        top_p=params.top_p,
        stop=[SpecialTokens.StartHeader.value],
    )


def validate_messages(messages: Sequence[Any]) -> None:
    """Raises ``ValueError`` unless user or tool and assistant alternate, from a user to a user or a tool."""
    if not messages:
        raise ValueError("Messages cannot be empty")
    if messages[0].role != Role.User:
        raise ValueError("First message must be a user message")
    for place, message in enumerate(messages):
        if place % 2 == 1 and message.role != Role.Assistant:
            raise ValueError("Assistant messages must alternate with user messages")
        if place % 2 == 0 and message.role not in _ANSWERED:
            raise ValueError("User messages must alternate with assistant messages")
    if messages[-1].role not in _ANSWERED:
        raise ValueError("Last message must be a user or ipython message")


def _tool(value: Any) -> Any:
    """Raises ``ValueError`` for what is no tool."""
    if not isinstance(value, dict):
        return value
    if value.get("type") == "function":
        return JsonSchema.model_validate(value)
    for tool in BuiltInTools:
        if value.get("type") == tool.name():
            return tool
    raise ValueError(f"Invalid built in tool: {value}")
