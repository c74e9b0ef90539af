"""Calls that released SDKs know from 0.19 on: those of ``released_calls``, and a chat that uses a tool by itself."""

from __future__ import annotations

from doubles.released_calls import CALLS as _CALLS
from pharia_skill import ChatParams, Message

CALLS = {
    **_CALLS,
    "chat_stream with a tool": lambda csi: csi.chat_stream(
        "model", [Message.user("1 + 2?")], ChatParams(), tools=["add"]
    ),
}
