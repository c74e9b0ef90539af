"""The events of an answer that is still coming."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from types import TracebackType
from typing import Any

import requests
import urllib3

from pharia_skill.testing.dev.failure import broken_stream
from pharia_skill.testing.dev.sse import EngineStreamDeserializer, Event


class EventStream(Generator[Event, None, None]):
    """Owns the response, also when no event was ever asked for."""

    def __init__(self, response: requests.Response, function: str) -> None:
        self._response = response
        self._function = function
        self._events = EngineStreamDeserializer(_chunks(response)).events()

    def send(self, value: None, /) -> Event:
        try:
            return next(self._events)
        except (requests.exceptions.RequestException, urllib3.exceptions.HTTPError) as error:
            self.close()
            raise broken_stream(self._function, error) from error
        except BaseException:
            self.close()
            raise

    def throw(self, typ: Any, val: Any = None, tb: TracebackType | None = None, /) -> Event:
        self.close()
        return super().throw(typ, val, tb)

    def close(self) -> None:
        self._events.close()
        self._response.close()


def _chunks(response: requests.Response) -> Iterator[bytes]:
    """What has arrived, whatever its length; a body that is not chunked would otherwise be waited for."""
    if getattr(response.raw, "chunked", False):
        yield from response.iter_content(None)
        return
    while chunk := response.raw.read1(65536, decode_content=True):
        yield chunk
