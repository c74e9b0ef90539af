"""A model with tools of the skill and of the host, that answers in a type."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel

from pharia_skill import Csi, Message, ToolError, tool


class Answer(BaseModel):
    number: int
    mood: Literal["good", "bad"] = "good"


@tool
def double(number: int) -> int:
    """Double it.

    Args:
        number: what to double
    """
    return 2 * number


def converse(csi: Csi, said: str) -> dict[str, Any]:
    class Place(BaseModel):
        city: str

    @tool
    def where(csi: Csi, place: Place) -> str:
        raise ToolError(f"{place.city} is not known, nor is {len(csi.list_tools())}")

    seen: list[str] = []
    answer = csi.chat(
        "model",
        [Message.user(said)],
        tools=["add", double, where],
        response_model=Answer,
        on_tool_call=lambda call, result: seen.append(f"{call.name}: {result}"),
    )
    return {"answer": answer, "seen": seen}
