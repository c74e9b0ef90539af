"""Server-sent events, cut anywhere."""

from __future__ import annotations

import pytest

from pharia_skill.errors import KernelAnswerInvalid
from pharia_skill.testing.dev.client import EngineStreamDeserializer, Event, KernelStreamDeserializer

APPEND = Event(event="append", data={"text": "Grüße"})
END = Event(event="end", data={"finish_reason": "stop"})
PLAIN = 'event: append\ndata: {"text": "Grüße"}\n\nevent: end\ndata: {"finish_reason": "stop"}\n\n'


def read(*chunks: bytes) -> list[Event]:
    return list(EngineStreamDeserializer(chunks).events())


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("size", [1, 2, 3, 7, 1000])
def test_events_are_the_same_however_they_are_cut_and_ended(end: str, size: int) -> None:
    body = PLAIN.replace("\n", end).encode()
    chunks = [body[start : start + size] for start in range(0, len(body), size)]

    assert read(*chunks) == [APPEND, END]


def test_comments_and_unknown_fields_are_skipped() -> None:
    body = b': keep-alive\n\n: again\nid: 7\nretry: 3\nevent: append\ndata: {"text": "Gr\xc3\xbc\xc3\x9fe"}\n\n:\n\n'

    assert read(body) == [APPEND]


def test_data_of_several_lines_is_joined() -> None:
    assert read(b'event: end\ndata: {"finish_reason":\ndata:"stop"}\n\n') == [END]


def test_a_space_after_the_colon_is_optional_and_a_byte_order_mark_is_ignored() -> None:
    assert read(b'\xef\xbb\xbfevent:end\ndata:{"finish_reason": "stop"}\n\n') == [END]


def test_the_last_event_may_lack_its_empty_line() -> None:
    assert read(PLAIN.rstrip("\n").encode()) == [APPEND, END]


def test_an_event_is_given_as_soon_as_it_is_whole() -> None:
    def chunks():  # type: ignore[no-untyped-def]
        yield b'event: end\ndata: {"finish_reason": "stop"}\n\n'
        pytest.fail("asked for more before the first event was given")

    assert next(EngineStreamDeserializer(chunks()).events()) == END


@pytest.mark.parametrize(
    "body", [b"event: append\ndata: no json\n\n", b"event: append\ndata: [1]\n\n", b"event: append\ndata: \xff\n\n"]
)
def test_what_can_not_be_read_is_a_value_error(body: bytes) -> None:
    with pytest.raises(KernelAnswerInvalid, match=r"^Unexpected event format:") as caught:
        read(body)
    assert isinstance(caught.value, ValueError)


def test_the_name_up_to_sdk_0_20_still_works() -> None:
    assert KernelStreamDeserializer is EngineStreamDeserializer
