"""From the events of an endpoint to parts of the neutral model, in the order begin, parts, end, usage.

Hot path: once per token.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator
from typing import Protocol

from pharia_kernel.csi.http.decoding import whole_instead_of_stream
from pharia_kernel.csi.http.endpoint import Endpoint
from pharia_kernel.csi.http.failures import Asked
from pharia_kernel.csi.http.sse import EventSplitter, EventTooLarge
from pharia_kernel.csi.types import Finish, Part, Usage, Used
from pharia_kernel.errors import BackendAnswerInvalid, BackendFailed

_DONE = b"[DONE]"


class StreamReader(Protocol):
    """Turns the events of one stream into parts."""

    def read(self, event: bytes) -> list[Part]: ...

    def end(self, *, announced: bool) -> list[Part]:
        """The last parts. ``announced``: the backend said that this is the end, it did not just close."""
        ...


class StreamEnding:
    """The two parts at the end of every stream, and the errors for streams that have none."""

    def __init__(self, asked: Asked) -> None:
        self.asked = asked
        self.finish: Finish | None = None
        self.usage: Usage | None = None
        self.model: str | None = None
        self.events = 0

    def used(self, *, announced: bool) -> list[Part]:
        """The part after the end; raises where there was no end."""
        if self.finish is None:
            self._unfinished(announced)
        return [] if self.usage is None else [Used(self.usage, self.model)]

    def _unfinished(self, announced: bool) -> None:
        who = f"{self.asked.backend}, asked for {self.asked.path} with model {self.asked.model!r},"
        if announced:
            raise BackendAnswerInvalid(f"{who} ended its stream without a finish reason")
        if self.events == 0:
            raise BackendAnswerInvalid(f"{who} answered something that is not a stream of events")
        raise BackendFailed(f"{who} closed the connection before its answer was complete")


async def parts(endpoint: Endpoint, asked: Asked, body: bytes, reader: StreamReader) -> AsyncGenerator[Part, None]:
    """Asks and reads. Closing the generator closes the connection, unless the whole answer was read."""
    events = EventSplitter(endpoint.event_bytes)
    async with endpoint.open(asked, body) as answer:
        if answer.is_json:
            raise whole_instead_of_stream(await answer.read_all(), asked)
        announced = False
        while not announced:
            data = await answer.read()
            for event in _events(events, data, asked):
                if event == _DONE:
                    announced = True
                    break
                for part in reader.read(event):
                    yield part
            if not data:
                break
        for part in reader.end(announced=announced):
            yield part
        if announced:
            await answer.tidy()


def _events(splitter: EventSplitter, data: bytes, asked: Asked) -> list[bytes]:
    try:
        return splitter.feed(data) if data else splitter.end()
    except EventTooLarge:
        raise BackendAnswerInvalid(f"{asked.backend} sent an event that is too large") from None
