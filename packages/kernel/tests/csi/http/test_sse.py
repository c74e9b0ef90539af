"""Events, however the network cuts them."""

from __future__ import annotations

import pytest

from pharia_kernel.csi.http.sse import EventSplitter, EventTooLarge

_STREAM = b": hello\n\nevent: x\nid: 7\ndata: one\n\ndata:two\r\n\r\ndata: a\ndata: b\n\n\n\ndata: [DONE]\n\n"
_EVENTS = [b"one", b"two", b"a\n b", b"[DONE]"]


@pytest.mark.parametrize("size", [1, 2, 7, 1000])
def test_events_are_the_same_however_they_are_cut(size: int) -> None:
    splitter = EventSplitter(1000)
    found = [event for at in range(0, len(_STREAM), size) for event in splitter.feed(_STREAM[at : at + size])]
    assert found == _EVENTS
    assert splitter.end() == []


def test_an_event_is_delivered_as_soon_as_its_blank_line_is_there() -> None:
    splitter = EventSplitter(1000)
    assert splitter.feed(b"data: one\n") == []
    assert splitter.feed(b"\ndata") == [b"one"]


@pytest.mark.parametrize("rest", [b"data: last", b"data: last\n"])
def test_the_last_event_counts_without_its_blank_line(rest: bytes) -> None:
    splitter = EventSplitter(1000)
    assert splitter.feed(rest) == []
    assert splitter.end() == [b"last"]


@pytest.mark.parametrize("endless", [b"data: xxxxxxxxx", b"data: xxxxxxxx\n", b"no field at all"])
def test_an_event_without_end_is_refused(endless: bytes) -> None:
    splitter = EventSplitter(50)
    for _ in range(3):
        splitter.feed(endless)
    with pytest.raises(EventTooLarge):
        splitter.feed(endless)
