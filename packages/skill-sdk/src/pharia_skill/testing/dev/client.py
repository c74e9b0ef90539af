"""A kernel over HTTP."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Mapping
from types import TracebackType
from typing import Any, Protocol, Self

import requests
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from pharia_skill.errors import KernelAnswerInvalid
from pharia_skill.testing.dev import environment
from pharia_skill.testing.dev.bearer import Bearer
from pharia_skill.testing.dev.event_stream import EventStream
from pharia_skill.testing.dev.failure import refusal, silence, was_never_sent
from pharia_skill.testing.dev.retry import BUSY, Retry
from pharia_skill.testing.dev.sse import EngineStreamDeserializer, Event, KernelStreamDeserializer

__all__ = ["Client", "CsiClient", "EngineStreamDeserializer", "Event", "KernelStreamDeserializer"]

_NEWER = ("chat", "chat_stream")
"""Functions that say more in the second version: the model's reasoning."""
_EVENTS = "text/event-stream"


class CsiClient(Protocol):
    """``function`` and ``data`` as they stand in the path and the body of a request."""

    def run(self, function: str, data: Any) -> Any: ...

    def stream(self, function: str, data: Any) -> Generator[Event, None, None]: ...


class Client(CsiClient):
    """Asks again when the kernel is busy or can not be connected, nothing else; proxies and certificates come from the
    environment: ``HTTPS_PROXY``, ``NO_PROXY``, ``REQUESTS_CA_BUNDLE``.

    ``connect_timeout`` and ``timeout`` are seconds: for a connection, and for the next bytes of an answer. Use it in a
    ``with`` block, or leave the connections to the garbage collector. Raises
    :class:`~pharia_skill.errors.SettingMissing` without an address.
    """

    def __init__(
        self,
        address: str | None = None,
        token: str | None = None,
        *,
        connect_timeout: float = 10.0,
        timeout: float = 300.0,
        retry: Retry = Retry(),  # noqa: B008  # frozen
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        environment.load_environment()
        self.engine_address = environment.address(environment.KERNEL_ADDRESS, address)
        self.session = requests.Session()
        self._bearer = Bearer(token if token is not None else environment.token())
        self.session.auth = self._bearer
        self._timeout = (connect_timeout, timeout)
        self._retry = retry
        self._sleep = sleep
        self._newer = True

    @property
    def kernel_address(self) -> str:
        """:attr:`engine_address` up to SDK 0.20."""
        return self.engine_address

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, exc_type: type[BaseException] | None, exc_value: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        self.session.close()

    def run(self, function: str, data: Any) -> Any:
        """The answer's JSON. Raises :class:`~pharia_skill.errors.KernelError`."""
        response = self._ask(function, data, {"Accept": "application/json"}, stream=False)
        try:
            answer = response.json()
        except requests.JSONDecodeError:
            raise KernelAnswerInvalid(
                f"the answer of {self.engine_address} to `{function}` is not JSON: "
                f"{self._bearer.hide_in(response.text)[:200]!r} (is it the address of a kernel?)",
                response.status_code,
            ) from None
        if isinstance(data, list) and (not isinstance(answer, list) or len(answer) != len(data)):
            raise KernelAnswerInvalid(f"{self.engine_address} did not give {len(data)} answers to `{function}`")
        return answer

    def stream(self, function: str, data: Any) -> Generator[Event, None, None]:
        """Events as they come; closing the generator closes the connection. Raises as :meth:`run`, at once or later."""
        response = self._ask(function, data, {"Accept": _EVENTS}, stream=True)
        kind = response.headers.get("Content-Type", _EVENTS)
        if not kind.startswith(_EVENTS):
            response.close()
            raise KernelAnswerInvalid(
                f"{self.engine_address} answered `{function}` with {kind}, no stream (is it the address of a kernel?)",
                response.status_code,
            )
        return EventStream(response, function)

    def _ask(self, function: str, data: Any, headers: Mapping[str, str], *, stream: bool) -> requests.Response:
        if self._newer and function in _NEWER and not _wants_logprobs_of_stream(function, data):
            response = self._post("v2", function, data, headers, stream)
            if not _unknown_route(response):
                return self._checked(function, response)
            response.close()
            response = self._post("v1", function, data, headers, stream)
            self._newer = response.status_code == 404
            return self._checked(function, response)
        return self._checked(function, self._post("v1", function, data, headers, stream))

    def _checked(self, function: str, response: requests.Response) -> requests.Response:
        if response.status_code < 300:
            return response
        try:
            raise refusal(function, self.engine_address, response, self._bearer)
        finally:
            response.close()

    def _post(
        self, version: str, function: str, data: Any, headers: Mapping[str, str], stream: bool
    ) -> requests.Response:
        url = f"{self.engine_address}/csi/{version}/{function}"
        carrier = dict(headers)
        TraceContextTextMapPropagator().inject(carrier)
        attempt = 0
        while True:
            attempt += 1
            try:
                response = self.session.post(
                    url, json=data, headers=carrier, stream=stream, timeout=self._timeout, allow_redirects=False
                )
            except requests.exceptions.RequestException as error:
                wait = self._retry.wait(attempt) if was_never_sent(error) else None
                if wait is None:
                    raise silence(function, self.engine_address, error, self._timeout[1]) from error
            else:
                if not _busy(response):
                    return response
                wait = self._retry.wait(attempt, response.headers.get("Retry-After"))
                if wait is None:
                    return response
                response.close()
            self._sleep(wait)


def _wants_logprobs_of_stream(function: str, data: Any) -> bool:
    """The second version leaves them out of streams."""
    return function == "chat_stream" and data["params"].get("logprobs", "no") != "no"


def _unknown_route(response: requests.Response) -> bool:
    """A kernel that has the second version says what it did not find, with a code."""
    return response.status_code in (404, 405) and _code(response) is None


def _busy(response: requests.Response) -> bool:
    """Whether asking again later may help; it does not where the operator would have to configure something."""
    return response.status_code in BUSY and _code(response) != "not-configured"


def _code(response: requests.Response) -> object:
    """Of a problem the kernel describes."""
    try:
        said = response.json()
    except requests.JSONDecodeError:
        return None
    return said.get("code") if isinstance(said, dict) else None
