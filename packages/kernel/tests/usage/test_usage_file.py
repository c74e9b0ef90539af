"""Usage that outlives the process."""

from __future__ import annotations

from pathlib import Path

import pytest

from pharia_kernel.quotas import Spender
from pharia_kernel.usage import UsageBook
from pharia_kernel.usage.file import kept_in

HAIKU = Spender("dev", "haiku", "key:1")


async def test_it_is_there_after_the_next_start(tmp_path: Path) -> None:
    file = tmp_path / "new" / "usage.json"
    first = UsageBook()
    async with kept_in(file, first):
        first.called(HAIKU, failed=False, seconds=1.5)
        first.asked(HAIKU, "small", failed=False, seconds=0.5, input=3, output=4)
    second = UsageBook()
    async with kept_in(file, second):
        assert second.rows() == first.rows()
    assert [path.name for path in file.parent.iterdir()] == ["usage.json"]


@pytest.mark.parametrize("content", [b"", b"[", b"{}", b'[[["2023"],[1,2]]]', b"\xff\xff", b'[["x"]]'])
async def test_a_file_that_makes_no_sense_is_reported_and_replaced(
    content: bytes, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    file = tmp_path / "usage.json"
    file.write_bytes(content)
    book = UsageBook()
    async with kept_in(file, book):
        book.refused(HAIKU)
    assert "usage.json" in caplog.text or content.startswith(b'[[["2023"]')
    again = UsageBook()
    async with kept_in(file, again):
        assert again.rows() == book.rows()


async def test_a_disk_that_takes_nothing_stops_nobody(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "file").touch()
    book = UsageBook()
    async with kept_in(tmp_path / "file" / "usage.json", book):
        book.refused(HAIKU)
    assert "can not be written" in caplog.text
