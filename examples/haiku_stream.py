"""A skill that writes its answer while the model does. The end of the message says why the model stopped."""

from pydantic import BaseModel

from pharia_skill import ChatParams, Csi, FinishReason, Message, MessageWriter, message_stream


class Input(BaseModel):
    topic: str


class End(BaseModel):
    finish_reason: FinishReason


@message_stream
def haiku_stream(csi: Csi, writer: MessageWriter[End], input: Input) -> None:
    """Write a haiku about a topic, token by token."""
    messages = [
        Message.system("You are a poet who strictly speaks in haikus."),
        Message.user(f"Write a haiku about {input.topic}."),
    ]
    with csi.chat_stream("llama-3.1-8b-instruct", messages, ChatParams(max_tokens=64)) as response:
        writer.forward_response(response, lambda answer: End(finish_reason=answer.finish_reason()))
