"""Validates its input and answers at once: what a call costs when nobody is asked."""

from pydantic import BaseModel

from pharia_skill import Csi, skill


class Input(BaseModel):
    name: str


class Output(BaseModel):
    greeting: str


@skill
def greet(csi: Csi, input: Input) -> Output:
    return Output(greeting=f"Hello, {input.name}!")
