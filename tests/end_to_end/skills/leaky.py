"""Remembers what it was asked before, which a skill should not."""

from pydantic import BaseModel

from pharia_skill import Csi, skill

_seen: list[str] = []


class Input(BaseModel):
    secret: str


@skill
def leaky(csi: Csi, input: Input) -> list[str]:
    _seen.append(input.secret)
    return _seen
