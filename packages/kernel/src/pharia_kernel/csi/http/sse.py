"""Server-sent events, as bytes.

Hot path: one call per network read, one list entry per token, no decoding.
"""

from __future__ import annotations


class EventTooLarge(Exception):
    pass


class EventSplitter:
    """Cuts what arrives into the ``data`` of events; comments and other fields are left out."""

    def __init__(self, limit: int) -> None:
        """``limit`` is the size of one event in bytes; a larger one raises :class:`EventTooLarge`."""
        self._limit = limit
        self._rest = b""
        self._data: list[bytes] = []
        self._size = 0

    def feed(self, received: bytes) -> list[bytes]:
        lines = (self._rest + received if self._rest else received).split(b"\n")
        self._rest = lines.pop()
        events: list[bytes] = []
        for line in lines:
            if line.startswith(b"data:"):
                self._data.append(line[5:])
                self._size += len(line)
                if self._size > self._limit:
                    raise EventTooLarge
            elif self._data and line in (b"", b"\r"):
                events.append(self._take())
        if len(self._rest) > self._limit:
            raise EventTooLarge
        return events

    def end(self) -> list[bytes]:
        """What came without the blank line that ends an event."""
        events = self.feed(b"\n")
        return [*events, self._take()] if self._data else events

    def _take(self) -> bytes:
        event = self._data[0] if len(self._data) == 1 else b"\n".join(self._data)
        self._data.clear()
        self._size = 0
        return event.strip()
