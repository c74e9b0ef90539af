"""The common calls of a skill, once through, before its component is written down.

Python adapts code it has run a few times, and fills caches on the way. Done by then, it is part of every instance;
later, every instance does it anew, on pages of memory it then can not share.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from pydantic import BaseModel

from pharia_skill.bindings.imports import inference
from pharia_skill.csi.csi import Csi
from pharia_skill.csi.inference import ChatParams, CompletionParams, Message

_TIMES = 12
"""CPython 3.12 adapts a function within its first eight runs."""

wit: Any = inference
"""Of either line; what is used here differs little."""
_IS_0_3 = not hasattr(wit, "AssistantMessage")


class _Said(BaseModel):
    text: str


def rehearse(csi: Csi) -> None:
    """Ask a host that answers at once, with next to nothing. ``csi`` is that of a component.

    The first JSON that is read makes pydantic reserve a quarter of a megabyte for texts it has seen.
    """
    with _host():
        for _ in range(_TIMES):
            _Said(text=_Said.model_validate_json(b'{"text": "said"}').text).model_dump_json()
            messages = [Message.system("s"), Message.user("u"), Message.assistant("a")]
            csi.chat("m", messages, ChatParams(max_tokens=1, temperature=0.5))
            csi.chat("m", messages)
            csi.complete("m", "p", CompletionParams(max_tokens=1, stop=["s"]))
            for stream in (csi.chat_stream("m", messages), csi.completion_stream("m", "p")):
                with stream as response:
                    list(response.stream())
                    response.finish_reason()
                    response.usage()


@contextmanager
def _host() -> Iterator[None]:
    """The functions of the host, replaced for as long as it takes."""
    stand_ins: dict[str, Any] = {"chat": _chat, "complete": _complete, "complete_v2": _complete}
    stand_ins |= {"ChatStream": _ChatStream, "CompletionStream": _CompletionStream}
    real = {name: vars(wit)[name] for name in stand_ins if name in vars(wit)}
    vars(wit).update({name: stand_ins[name] for name in real})
    try:
        yield
    finally:
        vars(wit).update(real)


def _chat(requests: list[Any]) -> list[Any]:
    message = wit.Message("assistant", "a") if _IS_0_3 else wit.AssistantMessage("a", None, None)
    return [wit.ChatResponse(message, wit.FinishReason.STOP, [], wit.TokenUsage(1, 1)) for _ in requests]


def _complete(requests: list[Any]) -> list[Any]:
    return [wit.Completion("a", wit.FinishReason.STOP, [], wit.TokenUsage(1, 1)) for _ in requests]


class _Stream:
    def __init__(self, *events: Any) -> None:
        self._left = list(events)

    def next(self) -> Any:
        return self._left.pop(0) if self._left else None

    def __exit__(self, *exc: object) -> None:
        pass


class _ChatStream(_Stream):
    def __init__(self, request: Any) -> None:
        append = wit.MessageAppend("a", []) if _IS_0_3 else wit.MessageAppend("a")
        parts = [wit.ChatEvent_MessageAppend(append) for _ in range(3)]
        end = wit.ChatEvent_MessageEnd(wit.FinishReason.STOP), wit.ChatEvent_Usage(wit.TokenUsage(1, 1))
        super().__init__(wit.ChatEvent_MessageBegin("assistant"), *parts, *end)


class _CompletionStream(_Stream):
    def __init__(self, request: Any) -> None:
        parts = [wit.CompletionEvent_Append(wit.CompletionAppend("a", [])) for _ in range(3)]
        end = wit.CompletionEvent_End(wit.FinishReason.STOP), wit.CompletionEvent_Usage(wit.TokenUsage(1, 1))
        super().__init__(*parts, *end)
