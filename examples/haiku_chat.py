"""A skill that holds a conversation of one turn. Its answer is plain text, that is a JSON string."""

from pydantic import BaseModel

from pharia_skill import ChatParams, Csi, Message, skill


class Input(BaseModel):
    topic: str


@skill
def haiku_chat(csi: Csi, input: Input) -> str:
    """Write a haiku about a topic, as an assistant."""
    messages = [
        Message.system("You are a poet who strictly speaks in haikus."),
        Message.user(f"Write a haiku about {input.topic}."),
    ]
    response = csi.chat("llama-3.1-8b-instruct", messages, ChatParams(max_tokens=64))
    return (response.message.content or "").strip()
