"""The Csi of a running kernel."""

from __future__ import annotations

import json
import os
import warnings
from collections.abc import Callable, Generator, Sequence
from contextlib import AbstractContextManager
from functools import cached_property
from types import TracebackType
from typing import Any, Self, TypeVar

from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SpanExporter
from opentelemetry.trace import ProxyTracerProvider, Span, Tracer
from pydantic import ValidationError

from pharia_skill.csi import ChatParams, ChatRequest, CompletionParams, CompletionRequest, Message, Tool
from pharia_skill.csi.inference import ChatStreamResponse, CompletionStreamResponse
from pharia_skill.errors import KernelAnswerInvalid, NamespaceMissing
from pharia_skill.testing.by_function import CsiByFunction
from pharia_skill.testing.dev import exporters
from pharia_skill.testing.dev.client import Client, CsiClient, Event
from pharia_skill.testing.dev.exporters import PhariaSkillProcessor
from pharia_skill.testing.dev.functions import FUNCTIONS
from pharia_skill.testing.dev.inference import CompletionRequestListSerializer, chat_body
from pharia_skill.testing.dev.logfire import set_logfire_attributes
from pharia_skill.testing.dev.observation import SkillSpan, fail, skill_span
from pharia_skill.testing.dev.retry import Retry
from pharia_skill.testing.dev.streams import DevChatStreamResponse, DevCompletionStreamResponse
from pharia_skill.testing.dev.tool import deserialize_tool_output, deserialize_tools, serialize_tool_requests

__all__ = ["DevCsi", "PhariaSkillProcessor"]

Answer = TypeVar("Answer")

_OPERATIONS = {"chat": "chat", "complete": "text_completion"}
"""What OpenTelemetry's conventions for models call them."""


class DevCsi(CsiByFunction):
    """Skills run as plain functions, their calls are answered by a kernel elsewhere.

    The kernel's address and the caller's token are arguments or the environment variables ``PHARIA_KERNEL_ADDRESS`` and
    ``PHARIA_AI_TOKEN``, which may stand in a file ``.env`` in the working directory or above. ``namespace`` is where
    tools come from. Everything is traced: to the project of this name in Studio (``PHARIA_STUDIO_ADDRESS``), or to
    where OpenTelemetry's variables say (``OTEL_EXPORTER_OTLP_ENDPOINT``, ``OTEL_TRACES_EXPORTER=console``).

    ``timeout`` is seconds without a byte of an answer. Failures raise a :class:`~pharia_skill.errors.KernelError`;
    missing settings a :class:`~pharia_skill.errors.SettingMissing`. Log probabilities of a chat stream come without the
    model's reasoning: no version of the interface has both.
    """

    client: CsiClient
    _namespace: str | None = None

    def __init__(
        self,
        namespace: str | None = None,
        project: str | None = None,
        *,
        address: str | None = None,
        token: str | None = None,
        timeout: float = 300.0,
        retry: Retry = Retry(),  # noqa: B008  # frozen
    ) -> None:
        self.client = Client(address, token, timeout=timeout, retry=retry)
        self._namespace = namespace
        if project is not None:
            self._export_to_studio(project)
        elif (exporter := exporters.exporter_of(os.environ)) is not None:
            self.set_span_exporter(exporter)

    @classmethod
    def with_studio(cls, project: str) -> Self:
        """``DevCsi(project=…)`` as SDK 0.3 to 0.19 wrote it."""
        warnings.warn(
            "`DevCsi.with_studio` is deprecated. Use `DevCsi(project=...)` instead.", DeprecationWarning, stacklevel=2
        )
        return cls(project=project)

    @classmethod
    def _with_client(cls, client: CsiClient) -> Self:
        """Over another client, with no settings needed."""
        csi = cls.__new__(cls)
        csi.client = client
        return csi

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, exc_type: type[BaseException] | None, exc_value: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Give the connections back; the garbage collector would as well."""
        if isinstance(self.client, Client):
            self.client.close()

    @property
    def namespace(self) -> str | None:
        """Where tools come from."""
        return self._namespace

    @namespace.setter
    def namespace(self, namespace: str | None) -> None:
        self._namespace = namespace

    def _answers_of(self, function: str, requests: Sequence[Any]) -> list[Any]:
        if function == "invoke_tool":
            body: Any = serialize_tool_requests(self._namespace_or_raise(), requests)
            return self._ask(function, body, deserialize_tool_output)
        form = FUNCTIONS[function]
        if function in _OPERATIONS:
            return self._infer(function, requests, form.body(requests), form.answers)
        return self._ask(function, form.body(requests), form.answers)

    def list_tools(self) -> list[Tool]:
        return self._ask("list_tools", {"namespace": self._namespace_or_raise()}, deserialize_tools)

    def _completion_stream(self, model: str, prompt: str, params: CompletionParams) -> CompletionStreamResponse:
        request = CompletionRequest(model, prompt, params)
        (body,) = CompletionRequestListSerializer([request]).model_dump(mode="json")
        span = self._tracer.start_span(f"text_completion {model}")
        span.set_attributes(request.as_gen_ai_otel_attributes())
        return DevCompletionStreamResponse(self.stream("completion_stream", body, span), span)

    def _chat_stream(self, model: str, messages: list[Message], params: ChatParams) -> ChatStreamResponse:
        request = ChatRequest(model, list(messages), params)
        span = self._tracer.start_span(f"chat {model}")
        span.set_attributes(request.as_gen_ai_otel_attributes())
        return DevChatStreamResponse(self.stream("chat_stream", chat_body(request), span), span, request)

    def observe_skill(
        self, name: str, input_json: Callable[[], str], writer: object | None = None
    ) -> AbstractContextManager[SkillSpan]:
        """The span a skill runs in; the decorators ask for it."""
        return skill_span(self._tracer, name, input_json, writer)

    def run(self, function: str, data: Any) -> Any:
        """One call in JSON, traced. Raises what the client raises."""
        with self._tracer.start_as_current_span(function) as span:
            span.set_attribute("input", json.dumps(data))
            answer = self.client.run(function, data)
            span.set_attribute("output", json.dumps(answer))
        return answer

    def stream(self, function: str, data: Any, span: Span) -> Generator[Event, None, None]:
        """The events of one call; the span ends with an error when there are none to be had."""
        try:
            with trace.use_span(span, record_exception=False, set_status_on_exception=False):
                return self.client.stream(function, data)
        except BaseException as error:
            fail(span, error)
            raise

    @classmethod
    def set_span_exporter(cls, exporter: SpanExporter) -> None:
        """Send the spans of this process there, and no longer to where an earlier call said."""
        exporters.set_exporter(exporter)

    @classmethod
    def existing_exporter(cls) -> SpanExporter | None:
        """What was set last."""
        return exporters.current_exporter()

    @staticmethod
    def provider() -> TracerProvider:
        """OpenTelemetry's provider of this process, made when there is none yet."""
        return exporters.global_provider()

    @cached_property
    def _own_provider(self) -> TracerProvider:
        return TracerProvider(shutdown_on_exit=False)

    @property
    def _tracer(self) -> Tracer:
        """Of the process's provider; without one of an own one, so that the kernel always gets to know the trace."""
        provider = trace.get_tracer_provider()
        if isinstance(provider, ProxyTracerProvider):
            provider = self._own_provider
        return provider.get_tracer("pharia_skill")

    def _ask(self, function: str, data: Any, read: Callable[[Any], Answer]) -> Answer:
        return _readable(function, read, self.run(function, data))

    def _infer(
        self, function: str, requests: Sequence[Any], body: list[Any], read: Callable[[Any], list[Any]]
    ) -> list[Any]:
        """The span of a single request follows the conventions for models, that of several has their JSON."""
        operation = _OPERATIONS[function]
        single = requests[0] if len(requests) == 1 else None
        name = f"{operation} {single.model}" if single is not None else operation
        with self._tracer.start_as_current_span(name) as span:
            span.set_attributes(
                single.as_gen_ai_otel_attributes() if single is not None else {"input": json.dumps(body)}
            )
            answer = self.client.run(function, body)
            responses = _readable(function, read, answer)
            if single is None or len(responses) != 1:
                span.set_attribute("output", json.dumps(answer))
                return responses
            span.set_attributes(responses[0].as_gen_ai_otel_attributes())
            if isinstance(single, ChatRequest):
                set_logfire_attributes(span, single.messages, responses[0].message)
            return responses

    def _namespace_or_raise(self) -> str:
        if self._namespace is None:
            raise NamespaceMissing(
                "Specifying a namespace when constructing the `DevCsi` is required when invoking or listing tools."
            )
        return self._namespace

    def _export_to_studio(self, project: str) -> None:
        from pharia_skill.studio import StudioClient

        self.set_span_exporter(StudioClient.with_project(project).exporter())


def _readable(function: str, read: Callable[[Any], Answer], answer: Any) -> Answer:
    try:
        return read(answer)
    except ValidationError as error:
        problems = "; ".join(
            f"{'.'.join(map(str, problem['loc']))}: {problem['msg']}"
            for problem in error.errors(include_url=False, include_input=False)[:3]
        )
        raise KernelAnswerInvalid(f"the kernel's answer to `{function}` has another shape: {problems}") from error
