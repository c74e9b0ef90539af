"""A Csi that answers as the test says."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from copy import deepcopy
from dataclasses import replace
from types import TracebackType
from typing import Any, Self, TypeVar

from pharia_skill.csi import (
    ChatParams,
    ChatRequest,
    ChatResponse,
    Completion,
    CompletionParams,
    CompletionRequest,
    Csi,
    Message,
    TokenUsage,
    Tool,
)
from pharia_skill.csi.inference import ChatStreamResponse, CompletionStreamResponse
from pharia_skill.errors import AnswersLeft, UnexpectedRequest
from pharia_skill.testing.by_function import METHODS, CsiByFunction
from pharia_skill.testing.scripted.answers import Answers
from pharia_skill.testing.scripted.calls import Call, Request, described, listed
from pharia_skill.testing.scripted.replies import Reply
from pharia_skill.testing.streams import ChatEvents, CompletionEvents

R = TypeVar("R", bound=Request)
Event = TypeVar("Event")

_HOW = {
    "chat": "answer_chat",
    "chat_stream": "answer_chat",
    "chunk_with_offsets": "answer_chunks",
    "complete": "answer_completion",
    "completion_stream": "answer_completion",
    "document_metadata": "answer_document",
    "documents": "answer_document",
    "explain": "answer_explanation",
    "invoke_tool": "answer_tool",
    "search": "answer_search",
    "select_language": "answer_language",
}
_ANSWERED_AS = {"chat_stream": "chat", "completion_stream": "complete", "document_metadata": "documents"}


class ScriptedCsi(Answers, CsiByFunction):
    """Queue answers with the ``answer_…`` methods, run the skill, look at what it asked.

    An answer serves one request, or as many as ``times`` says (``None``: any number). It fits requests to its ``model``
    or tool, and only those ``when`` agrees with: a text or pattern that occurs in the last message, the prompt or the
    query, or a function of the request. Of several that fit, the first queued is given. A request that none fits raises
    :class:`~pharia_skill.errors.UnexpectedRequest`, or goes to ``otherwise``. An answer that is an exception is raised,
    an answer that is a function gets the request.

    As a context manager it calls :meth:`assert_all_used` at the end.
    """

    def __init__(self, otherwise: Csi | None = None) -> None:
        super().__init__()
        self.calls: list[Call] = []
        """Every request in order, with the answer it got."""
        self._otherwise = otherwise
        self._usage: list[tuple[str, TokenUsage]] = []
        self._unexpected: list[str] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, exc_type: type[BaseException] | None, exc_value: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if exc_type is None:
            self.assert_all_used()

    @property
    def requests(self) -> list[Request]:
        """Every request in order, as it was when it was asked."""
        return [call.request for call in self.calls]

    def requests_of(self, kind: type[R]) -> list[R]:
        """The requests of one kind: ``csi.requests_of(ChatRequest)``."""
        return [request for request in self.requests if isinstance(request, kind)]

    def usage(self, model: str | None = None) -> TokenUsage:
        """Tokens of all answers, or of one model's; of streams when they were read to the end."""
        counted = [usage for name, usage in self._usage if model in (None, name)]
        return TokenUsage(sum(usage.prompt for usage in counted), sum(usage.completion for usage in counted))

    def assert_all_used(self) -> None:
        """Raise :class:`~pharia_skill.errors.AnswersLeft` for answers nobody asked for.

        A request without an answer is raised again: the skill may have caught the exception.
        """
        if self._unexpected:
            raise UnexpectedRequest(f"no answer was queued for what the skill asked:{listed(self._unexpected)}")
        left = [str(entry) for entry in self.script.left()]
        if left:
            raise AnswersLeft(f"the skill did not ask for all answers that were queued; left are:{listed(left)}")

    def _completion_stream(self, model: str, prompt: str, params: CompletionParams) -> CompletionStreamResponse:
        reply = self._reply("completion_stream", CompletionRequest(model, prompt, params))
        if reply is None:
            return _of(self._otherwise).completion_stream(model, prompt, params)
        return CompletionEvents(self._counted(model, reply.completion_events()))

    def _chat_stream(self, model: str, messages: list[Message], params: ChatParams) -> ChatStreamResponse:
        reply = self._reply("chat_stream", ChatRequest(model, messages, params))
        if reply is None:
            return _of(self._otherwise).chat_stream_step(model, messages, params)
        return ChatEvents(self._counted(model, reply.chat_events()))

    def list_tools(self) -> list[Tool]:
        others = self._otherwise.list_tools() if self._otherwise is not None else []
        return [*self.tools.values(), *(tool for tool in others if tool.name not in self.tools)]

    def _answers_of(self, function: str, requests: Sequence[Request]) -> list[Any]:
        return [self._one(function, request) for request in requests]

    def _one(self, function: str, request: Request) -> Any:
        found, answer = self._find(function, request)
        if not found:
            (answer,) = getattr(_of(self._otherwise), METHODS[function])([request])
        elif isinstance(answer, Reply):
            answer = answer.whole()
        elif function == "document_metadata":
            answer = answer.metadata
        if isinstance(answer, ChatResponse | Completion) and isinstance(request, ChatRequest | CompletionRequest):
            self._usage.append((request.model, answer.usage))
        self.calls[-1] = replace(self.calls[-1], answer=answer)
        return answer

    def _reply(self, function: str, request: Request) -> Reply | None:
        _, answer = self._find(function, request)
        return answer if isinstance(answer, Reply) else None

    def _find(self, function: str, request: Request) -> tuple[bool, Any]:
        """Whether an answer is queued, and which. Raises when there is none and nobody else to ask."""
        self.calls.append(Call(function, deepcopy(request)))
        entry = self.script.take(_ANSWERED_AS.get(function, function), request)
        if entry is not None:
            return True, entry.give(request)
        if self._otherwise is None:
            raise self._unforeseen(function, request)
        return False, None

    def _unforeseen(self, function: str, request: Request) -> UnexpectedRequest:
        asked = described(function, request)
        self._unexpected.append(asked)
        left = [str(entry) for entry in self.script.waiting()]
        return UnexpectedRequest(
            f"no answer is queued for {asked} (queue one with {_HOW[function]})"
            + (f"; queued are:{listed(left)}" if left else "")
        )

    def _counted(self, model: str, events: Iterator[Event]) -> Iterator[Event]:
        for event in events:
            if isinstance(event, TokenUsage):
                self._usage.append((model, event))
            yield event


def _of(otherwise: Csi | None) -> Csi:
    assert otherwise is not None  # else _find raised
    return otherwise
