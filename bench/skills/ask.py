"""Waits for one answer of a model."""

from pydantic import BaseModel

from pharia_skill import Csi, Message, skill


class Input(BaseModel):
    name: str


@skill
def ask(csi: Csi, input: Input) -> str:
    return csi.chat("stub", [Message.user(input.name)]).message.content or ""
