from __future__ import annotations

import logging

import msgspec
import pytest

from pharia_kernel.csi.forbidden import ForbiddenCsi
from pharia_kernel.errors import OutputTooLarge
from pharia_kernel.runtimes.guest_log import GuestLog
from pharia_kernel.runtimes.skill import SkillLimits
from pharia_kernel.runtimes.wasm.worlds.guest import Guest
from pharia_kernel.types import MessageAppend, MessageEnd, Reasoning, SkillPath

PATH = SkillPath("dev", "chatty")


def records(caplog: pytest.LogCaptureFixture) -> list[tuple[str, str, str]]:
    return [(r.__dict__["stream"], r.__dict__["skill"], r.getMessage()) for r in caplog.records]


def test_lines_become_records_however_they_are_written(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    log = GuestLog(PATH, 1000)
    for stream, data in (("stdout", b"one\ntw"), ("stderr", b"bad\n\n"), ("stdout", b"o\nthree \xff")):
        log.write(stream, data)
    log.close()
    assert records(caplog) == [
        ("stdout", "dev/chatty", "one"),
        ("stderr", "dev/chatty", "bad"),
        ("stdout", "dev/chatty", "two"),
        ("stdout", "dev/chatty", "three \ufffd"),
    ]
    assert log.last_line() == "bad"


def test_what_is_too_much_is_dropped_and_counted(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    log = GuestLog(PATH, 10)
    log.write("stdout", b"12345\n")
    log.write("stdout", b"6" * 1_000_000)
    log.close()
    assert [text for _, _, text in records(caplog)] == [
        "12345",
        "6666",
        "999996 bytes of output dropped: more than one call may log",
    ]


def test_the_end_of_standard_error_is_kept_whatever_was_dropped() -> None:
    log = GuestLog(PATH, 0)
    log.write("stderr", b"x" * 10_000 + b"\nValueError: the cause\n")
    assert log.last_line() == "ValueError: the cause"


def test_the_sum_of_what_a_stream_writes_is_bounded() -> None:
    guest = Guest(PATH, SkillLimits(output_bytes=10), ForbiddenCsi(), None)
    guest.count_item(MessageAppend("1234"))
    guest.count_item(Reasoning("5678"))
    guest.count_item(MessageEnd(msgspec.Raw(b"90")))
    with pytest.raises(OutputTooLarge):
        guest.count_item(MessageAppend("1"))
