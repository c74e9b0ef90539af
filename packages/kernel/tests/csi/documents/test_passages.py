"""Where passages are in their document."""

from __future__ import annotations

import threading

import pytest

from pharia_kernel.csi.chunking.threads import Stopped
from pharia_kernel.csi.documents.embedded.passages import Passage, passages
from pharia_kernel.csi.documents.store import IndexDefinition, Picture

_TEXT = "Ä first sentence.\n\nThe second one 🐟 is here.  \n\nAnd a third, which is last."


def _cut(*contents: str | Picture, most: int = 30, overlap: int = 0) -> list[Passage]:
    return list(passages(contents, IndexDefinition("i", most, overlap), threading.Event()))


def test_a_passage_is_what_stands_at_its_place() -> None:
    found = _cut(_TEXT)
    assert len(found) == 3
    for passage in found:
        assert passage.text == _TEXT[passage.start : passage.end + 1]
        assert len(passage.text) <= 30


def test_pictures_count_as_items() -> None:
    found = _cut("one", Picture(b"x"), "", "two")
    assert [(one.text, one.item, one.start, one.end) for one in found] == [("one", 0, 0, 2), ("two", 3, 0, 2)]


def test_passages_overlap_as_far_as_wanted() -> None:
    first, second = _cut("one two three four", most=13, overlap=6)
    assert (first.text, second.text) == ("one two three", "three four")
    assert second.start == 8


def test_the_work_stops_when_nobody_waits_for_it() -> None:
    stop = threading.Event()
    stop.set()
    with pytest.raises(Stopped):
        list(passages((_TEXT,), IndexDefinition(), stop))
