"""Passes a chat on as it comes."""

from pydantic import BaseModel

from pharia_skill import Csi, Message, MessageWriter, message_stream


class Input(BaseModel):
    tokens: int


@message_stream
def relay(csi: Csi, writer: MessageWriter[None], input: Input) -> None:
    with csi.chat_stream("stub", [Message.user(str(input.tokens))]) as response:
        writer.forward_response(response)
