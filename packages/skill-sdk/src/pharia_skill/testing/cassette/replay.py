"""Answering from a file."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from difflib import unified_diff
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar

from pharia_skill.csi import (
    ChatParams,
    ChatRequest,
    CompletionParams,
    CompletionRequest,
    Message,
    Tool,
)
from pharia_skill.csi.inference import ChatStreamResponse, CompletionStreamResponse
from pharia_skill.errors import RecordingMismatch, RecordingUnreadable
from pharia_skill.testing.by_function import CsiByFunction
from pharia_skill.testing.cassette import file
from pharia_skill.testing.cassette.forms import FORMS, TOOLS, chat_request, completion_request
from pharia_skill.testing.cassette.layout import pretty
from pharia_skill.testing.cassette.secrets import secrets_of, without
from pharia_skill.testing.dev.inference import chat_event_from_sse, completion_event_from_sse
from pharia_skill.testing.dev.sse import Event
from pharia_skill.testing.streams import ChatEvents, CompletionEvents

Read = TypeVar("Read")

_AGAIN = "pytest --csi-record records it again"


class ReplayCsi(CsiByFunction):
    """Gives the recorded answers, in the recorded order, to the recorded requests.

    A request that differs raises :class:`~pharia_skill.errors.RecordingMismatch`, which shows the difference; it is an
    ``AssertionError``. Recorded failures are raised again. Leaving the ``with`` block without an exception checks that
    nothing is left. Raises :class:`~pharia_skill.errors.RecordingUnreadable` when there is no such file.
    """

    def __init__(self, path: str | Path, *, secrets: Iterable[str] = ()) -> None:
        self.path = Path(path)
        self._calls = file.read(self.path)
        self._position = 0
        self._secrets = secrets_of(os.environ) | frozenset(secrets)
        self._mismatch: RecordingMismatch | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, exc_type: type[BaseException] | None, exc_value: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if exc_type is None:
            self.assert_all_used()

    def assert_all_used(self) -> None:
        """Raise when recorded calls were not asked for, and again when one differed: the skill may have caught it."""
        if self._mismatch is not None:
            raise self._mismatch
        left = self._calls[self._position :]
        if left:
            names = ", ".join(str(call.get("function")) for call in left)
            raise RecordingMismatch(f"{self.path}: {len(left)} recorded calls were not asked for: {names} ({_AGAIN})")

    def _completion_stream(self, model: str, prompt: str, params: CompletionParams) -> CompletionStreamResponse:
        call = self._take("completion_stream", request=completion_request(CompletionRequest(model, prompt, params)))
        return CompletionEvents(self._events(call, completion_event_from_sse))

    def _chat_stream(self, model: str, messages: list[Message], params: ChatParams) -> ChatStreamResponse:
        call = self._take("chat_stream", request=chat_request(ChatRequest(model, messages, params)))
        return ChatEvents(self._events(call, chat_event_from_sse))

    def list_tools(self) -> list[Tool]:
        call = self._take("list_tools")
        tools: list[Tool] = self._read(call, lambda: TOOLS[1](call["answer"]))
        return tools

    def _answers_of(self, function: str, requests: Sequence[Any]) -> list[Any]:
        form = FORMS[function]
        call = self._take(function, requests=[form.request(request) for request in requests])
        return self._read(call, lambda: [form.read(answer) for answer in call["answers"]])

    def _take(self, function: str, **request: Any) -> dict[str, Any]:
        """The next call, if it is this one. Raises its failure, when there was nothing but that."""
        asked = without(self._secrets, {"function": function, **request})
        number = self._position + 1
        if number > len(self._calls):
            raise self._differs(f"call {number} was not recorded:\n{pretty(asked)}")
        call = self._calls[self._position]
        recorded = {name: call.get(name) for name in asked}
        if recorded != asked:
            difference = unified_diff(
                pretty(recorded).splitlines(), pretty(asked).splitlines(), "recorded", "asked", lineterm=""
            )
            raise self._differs(f"call {number} differs from the recorded one:\n" + "\n".join(difference))
        self._position += 1
        if "error" in call and "events" not in call:
            raise file.raised(call["error"])
        return call

    def _events(self, call: dict[str, Any], read: Callable[[Event], Read]) -> Iterator[Read]:
        events = self._read(call, lambda: [read(Event(**event)) for event in call["events"]])
        yield from events
        if "error" in call:
            raise file.raised(call["error"])
        if call.get("unread"):
            raise self._differs(f"call {self._position} was recorded by a skill that read less of the stream")

    def _read(self, call: dict[str, Any], read: Callable[[], Read]) -> Read:
        try:
            return read()
        except (KeyError, TypeError, ValueError) as error:
            raise RecordingUnreadable(
                f"{self.path}: the answer of {call.get('function')} is damaged: {error!r} ({_AGAIN})"
            ) from error

    def _differs(self, what: str) -> RecordingMismatch:
        self._mismatch = RecordingMismatch(f"{self.path}: {what}\n({_AGAIN})")
        return self._mismatch
