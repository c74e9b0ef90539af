"""Files as documents."""

from __future__ import annotations

import asyncio
import io

import pytest
from pypdf import PdfWriter
from pypdf.generic import DecodedStreamObject, DictionaryObject, NameObject

from pharia_kernel.csi.documents import reading
from pharia_kernel.csi.documents.reading import texts_of
from pharia_kernel.errors import InvalidCsiRequest

_PDF = "application/pdf"


def pdf(*pages: str) -> bytes:
    """A document with one line on each page."""
    writer = PdfWriter()
    font = {"/Type": "/Font", "/Subtype": "/Type1", "/BaseFont": "/Helvetica"}
    named = DictionaryObject({NameObject(key): NameObject(value) for key, value in font.items()})
    for text in pages:
        page = writer.add_blank_page(200, 200)
        fonts = DictionaryObject({NameObject("/F1"): named})
        page[NameObject("/Resources")] = DictionaryObject({NameObject("/Font"): fonts})
        stream = DecodedStreamObject()
        stream.set_data(f"BT /F1 12 Tf 10 100 Td ({text}) Tj ET".encode())
        page[NameObject("/Contents")] = writer._add_object(stream)
    target = io.BytesIO()
    writer.write(target)
    return target.getvalue()


@pytest.mark.parametrize("media_type", ["text/plain", "text/markdown"])
async def test_texts_are_taken_as_they_are(media_type: str) -> None:
    assert await texts_of("# Ä\n\n🐟".encode(), media_type) == ("# Ä\n\n🐟",)
    assert await texts_of(b"\xef\xbb\xbfmarked", media_type) == ("marked",)
    assert await texts_of(b"", media_type) == ("",)


async def test_a_text_in_another_encoding_is_refused() -> None:
    with pytest.raises(InvalidCsiRequest, match="UTF-8"):
        await texts_of("Ä".encode("latin-1"), "text/plain")


async def test_html_is_read_as_people_see_it() -> None:
    page = "<html><head><title>T</title><style>p {}</style></head><body><h1>Fähre</h1><p>um <b>neun</b></p></body>"
    (text,) = await texts_of(page.encode(), "text/html")
    assert [line.strip() for line in text.splitlines() if line.strip()] == ["Fähre", "um neun"]


async def test_html_may_declare_its_encoding() -> None:
    page = '<html><head><meta charset="iso-8859-1"></head><body>Fähre</body></html>'.encode("latin-1")
    assert await texts_of(page, "text/html") == ("Fähre",)


async def test_a_pdf_has_a_text_for_each_page() -> None:
    assert await texts_of(pdf("first page", "", "third page"), _PDF) == ("first page", "", "third page")


@pytest.mark.parametrize(
    ("data", "media_type", "said"),
    [
        (b"not a pdf", _PDF, "can not be read as application/pdf"),
        (pdf("page")[:200], _PDF, "can not be read as application/pdf"),
        (pdf(""), _PDF, "no text"),
        (b"", "text/html", "no text"),
        (b"<html><body><img></body></html>", "text/html", "no text"),
        (b"<div>" * 100_000, "text/html", "can not be read|no text"),
        (b"x", "image/png", "'image/png' can not be read, only"),
    ],
)
async def test_what_can_not_be_read_is_refused_with_the_reason(data: bytes, media_type: str, said: str) -> None:
    with pytest.raises(InvalidCsiRequest, match=said):
        await texts_of(data, media_type)


async def test_reading_has_a_deadline(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "_SECONDS", 0.001)
    with pytest.raises(InvalidCsiRequest, match="takes longer"):
        await texts_of(pdf("page"), _PDF)


async def test_cancelling_ends_the_process(monkeypatch: pytest.MonkeyPatch) -> None:
    started: asyncio.Queue[asyncio.subprocess.Process] = asyncio.Queue()
    start = asyncio.create_subprocess_exec

    async def noted(*command: str, **options: object) -> asyncio.subprocess.Process:
        process = await start(*command, **options)  # type: ignore[arg-type]
        started.put_nowait(process)
        return process

    monkeypatch.setattr(asyncio, "create_subprocess_exec", noted)
    task = asyncio.create_task(texts_of(pdf("page"), _PDF))
    process = await started.get()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert process.returncode is not None
