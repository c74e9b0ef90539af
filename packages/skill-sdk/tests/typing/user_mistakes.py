"""Mistakes type checkers must find: one in every line that says so. Never run."""

from pydantic import BaseModel

import pharia_skill
from pharia_skill import Csi, IndexPath, Message, skill, tool


class Output(BaseModel):
    lines: list[str]


@tool
def add(a: int, b: int = 0) -> int:
    return a + b


@skill
def haiku(csi: Csi, input: str) -> str:
    csi.complete("m", 3)  # mistake
    csi.chat("m", "hello")  # mistake
    csi.chat("m", [Message.user("u")], response_model="Output")  # mistake
    print(csi.chat("m", [Message.user("u")], response_model=Output).text)  # mistake
    csi.chat("m", [Message.user("u")], tools=[print])  # mistake
    csi.chat("m", [Message.user("u")], tools=["add"], repairs=3)  # mistake
    csi.search(IndexPath("n", "c"), input)  # mistake
    csi.chat_stream("m", [], on_tool_call=lambda call: None)  # mistake
    add("one")  # mistake
    return csi.chat("m", [Message.user("u")])  # mistake


haiku("x")  # mistake
pharia_skill.Nonsense()  # mistake
