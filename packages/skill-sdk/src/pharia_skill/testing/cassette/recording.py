"""Writing down what a Csi is asked and answers."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from types import TracebackType
from typing import Any, Generic, Self, TypeVar

from pharia_skill.csi import (
    ChatParams,
    ChatRequest,
    CompletionParams,
    CompletionRequest,
    Csi,
    Message,
    Tool,
)
from pharia_skill.csi.inference import ChatEvent, ChatStreamResponse, CompletionStreamResponse, MessageBegin
from pharia_skill.testing.by_function import METHODS, CsiByFunction
from pharia_skill.testing.cassette import file
from pharia_skill.testing.cassette.forms import (
    FORMS,
    TOOLS,
    chat_event,
    chat_request,
    completion_event,
    completion_request,
)
from pharia_skill.testing.cassette.secrets import secrets_of, without
from pharia_skill.testing.streams import ChatEvents, CompletionEvents

Event = TypeVar("Event")


class RecordingCsi(CsiByFunction):
    """Passes everything on to ``csi``; :meth:`save`, or leaving the ``with`` block without exception, writes ``path``.

    The file has no tokens: they never get here, and the values of environment variables with names such as
    ``…_TOKEN`` or ``…_PASSWORD``, all ``secrets``, and texts under such names in tool arguments become ``***``.
    """

    def __init__(self, csi: Csi, path: str | Path, *, secrets: Iterable[str] = ()) -> None:
        self.path = Path(path)
        self._csi = csi
        self._calls: list[dict[str, Any]] = []
        self._secrets = secrets_of(os.environ) | frozenset(secrets)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, exc_type: type[BaseException] | None, exc_value: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if exc_type is None:
            self.save()

    def save(self) -> None:
        """Replace the file by the calls so far."""
        file.write(self.path, without(self._secrets, self._calls))

    def _completion_stream(self, model: str, prompt: str, params: CompletionParams) -> CompletionStreamResponse:
        call = self._begin("completion_stream", request=completion_request(CompletionRequest(model, prompt, params)))
        response = self._noting_failure(call, lambda: self._csi.completion_stream(model, prompt, params))
        return CompletionEvents(_Heard(response, call, completion_event))

    def _chat_stream(self, model: str, messages: list[Message], params: ChatParams) -> ChatStreamResponse:
        call = self._begin("chat_stream", request=chat_request(ChatRequest(model, messages, params)))
        response = self._noting_failure(call, lambda: self._csi.chat_stream_step(model, messages, params))
        heard: _Heard[ChatEvent] = _Heard(response, call, chat_event, MessageBegin(response.role))
        return ChatEvents(heard)

    def list_tools(self) -> list[Tool]:
        call = self._begin("list_tools")
        tools = self._noting_failure(call, self._csi.list_tools)
        call["answer"] = TOOLS[0](tools)
        return tools

    def observe_skill(
        self, name: str, input_json: Callable[[], str], writer: object | None = None
    ) -> AbstractContextManager[Any]:
        """Traces are the inner Csi's affair."""
        observe = getattr(self._csi, "observe_skill", None)
        return observe(name, input_json, writer) if observe is not None else nullcontext(_Unobserved())

    def _answers_of(self, function: str, requests: Sequence[Any]) -> list[Any]:
        form = FORMS[function]
        call = self._begin(function, requests=[form.request(request) for request in requests])
        answers: list[Any] = self._noting_failure(call, lambda: getattr(self._csi, METHODS[function])(requests))
        call["answers"] = [form.answer(answer) for answer in answers]
        return answers

    def _begin(self, function: str, **request: Any) -> dict[str, Any]:
        call = {"function": function, **request}
        self._calls.append(call)
        return call

    def _noting_failure(self, call: dict[str, Any], ask: Callable[[], Event]) -> Event:
        try:
            return ask()
        except Exception as error:
            call["error"] = file.failure(error)
            raise


class _Heard(Iterator[Event], Generic[Event]):
    """Notes the events of a stream as they are read. ``unread`` stays in the call when the reader stops early."""

    def __init__(
        self, response: Any, call: dict[str, Any], render: Callable[[Event], Any], first: Event | None = None
    ) -> None:
        self._response = response
        self._render = render
        self._first = first
        self._call = call
        self._call["events"] = []
        self._call["unread"] = True

    def __next__(self) -> Event:
        event = self._take()
        if event is None:
            self._call.pop("unread", None)
            raise StopIteration
        self._call["events"].append(self._render(event))
        return event

    def close(self) -> None:
        self._response.__exit__(None, None, None)

    def _take(self) -> Event | None:
        if self._first is not None:
            first, self._first = self._first, None
            return first
        try:
            event: Event | None = self._response.next()
        except Exception as error:
            del self._call["unread"]
            self._call["error"] = file.failure(error)
            raise
        return event


class _Unobserved:
    def output(self, json_text: str) -> None:
        """There is no trace to write it to."""
