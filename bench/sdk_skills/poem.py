"""A usual chat skill, in words every SDK since 0.15 knows."""

from pydantic import BaseModel

from pharia_skill import ChatParams, Csi, Message, skill


class Input(BaseModel):
    topic: str


class Output(BaseModel):
    poem: str


@skill
def poem(csi: Csi, input: Input) -> Output:
    """Three lines about a topic."""
    messages = [Message.system("You are a poet who strictly speaks in haikus."), Message.user(input.topic)]
    answer = csi.chat("stub", messages, ChatParams(max_tokens=64))
    return Output(poem=(answer.message.content or "").strip())
