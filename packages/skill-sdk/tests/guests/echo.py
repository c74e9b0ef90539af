"""A message stream that fails when it has said everything."""

from __future__ import annotations

from pydantic import BaseModel

from pharia_skill import Csi, MessageWriter, message_stream


class Input(BaseModel):
    word: str


class End(BaseModel):
    count: int


@message_stream
def echo(csi: Csi, writer: MessageWriter[End], input: Input) -> None:
    writer.begin_message("assistant")
    writer.append_to_reasoning("hm")
    for letter in input.word:
        writer.append_to_message(letter)
    writer.end_message(End(count=len(input.word)))
    raise ValueError("after the end")
