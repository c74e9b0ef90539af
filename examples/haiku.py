"""The smallest skill: one prompt, one completion, one model for each of input and output."""

from pydantic import BaseModel

from pharia_skill import CompletionParams, Csi, skill


class Input(BaseModel):
    topic: str


class Output(BaseModel):
    haiku: str


@skill
def haiku(csi: Csi, input: Input) -> Output:
    """Write a haiku about a topic."""
    prompt = f"A haiku about {input.topic}, three lines:\n"
    completion = csi.complete("llama-3.1-8b-instruct", prompt, CompletionParams(max_tokens=64))
    return Output(haiku=completion.text.strip())
