"""Every kind of request, chosen by the input."""
# ruff: noqa: F403, F405 - what a star gives is tested too

from datetime import UTC, datetime
from typing import Any

from chance import drawn
from conversing import converse
from counted import counted
from pydantic import BaseModel

from pharia_skill import *
from pharia_skill.csi.inference import JsonSchema, NamedToolChoice, ReasoningEffort, ToolCall


class Input(BaseModel):
    ask: str


@skill
def probe(csi: Csi, input: Input) -> dict[str, Any]:
    """Asks."""
    match input.ask:
        case "complete":
            params = CompletionParams(max_tokens=64, echo=True, logprobs=TopLogprobs(3))
            return {"text": csi.complete("model", "prompt", params).text}
        case "chat":
            message = csi.chat("model", [Message.system("s"), Message.user("u")]).message
            return {"text": message.content, "reasoning": message.reasoning_content}
        case "chat with everything":
            call = ToolCall("id-1", "add", {"a": 1})
            messages = [Message.user("u"), Message.assistant(None, [call]), Message.tool("2", "id-1")]
            params = ChatParams(
                max_completion_tokens=9,
                tools=[Tool("add", None, None), Tool("sub", "minus", {"type": "object"}, True)],
                tool_choice=NamedToolChoice("add"),
                parallel_tool_calls=False,
                response_format=JsonSchema("shape", schema={"type": "object"}),
                reasoning_effort=ReasoningEffort.LOW,
            )
            return {"text": csi.chat("model", messages, params).message.content}
        case "search":
            moment = datetime(2025, 1, 1, tzinfo=UTC)
            conditions = [MetadataFilter("a", EqualTo(True)), MetadataFilter("b", After(moment))]
            found = csi.search(IndexPath("n", "c", "i"), "query", 3, filters=[With(conditions)])
            return {"text": found[0].content}
        case "tool":
            try:
                csi.invoke_tool("add", a=1)
            except ToolError as error:
                return {"text": str(error)}
        case "explain":
            return {"text": str(csi.explain("prompt", "target", "model")[0])}
        case "converse":
            return converse(csi, "u")
        case "counted":
            return counted()
        case "drawn":
            return drawn()
        case _:
            raise RuntimeError(f"never heard of {input.ask}")
    return {}
