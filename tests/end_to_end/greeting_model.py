"""A model that greets Bob, and adds with the tool it is given."""

from __future__ import annotations

from doubles.openai_stub import (
    Events,
    Hang,
    Json,
    Whole,
    chat_answer,
    chat_chunks,
    completion_answer,
    delta,
    piece,
    usage,
)


def scripted(body: Json) -> Whole | Events | Hang:
    if "prompt" in body:
        if body.get("stream"):
            return Events([piece("Hello"), piece(" Bob", "length"), usage(4, 64)])
        return Whole(completion_answer(f"{body['prompt']} keeps" if body.get("echo") else "Hello Bob", finish="length"))
    last = body["messages"][-1]
    if last["role"] == "tool":
        return Events(chat_chunks("The tool says ", last["content"]))
    if body.get("tools"):
        name = body["tools"][0]["function"]["name"]
        call = {"index": 0, "id": "c1", "type": "function", "function": {"name": name, "arguments": '{"a": 1,'}}
        rest = {"index": 0, "function": {"arguments": ' "b": 2}'}}
        return Events(
            [delta(role="assistant"), delta(tool_calls=[call]), delta(tool_calls=[rest]), delta("tool_calls"), usage()]
        )
    if not body.get("stream"):
        return Whole(chat_answer("Hello Bob!"))
    rendered = '{"type": "function", "function": {"name": "add", "parameters": {"a": 1, "b": 2}}}'
    if last["content"] == "1 + 2?":
        return Events(chat_chunks(rendered))
    return Events(chat_chunks("Hello", " Bob!"))
