"""Files as documents: plain text, Markdown, HTML and PDF."""

from __future__ import annotations

import asyncio
import sys
from importlib.util import find_spec

import msgspec

from pharia_kernel.csi.child_environment import child_environment
from pharia_kernel.csi.document_text import Extracted
from pharia_kernel.errors import InvalidCsiRequest, NotConfigured

_MODULE = "pharia_kernel.csi.document_text"
_SECONDS = 120.0
"""For one document; a PDF of thousand pages takes some ten."""

TEXTS = frozenset({"text/plain", "text/markdown"})
EXTRACTED = {"text/html": ("html", "inscriptis"), "application/xhtml+xml": ("html", "inscriptis")}
EXTRACTED["application/pdf"] = ("pdf", "pypdf")
"""What the extractor calls it, and the package that it needs."""
SUFFIXES = {
    ".txt": "text/plain",
    ".text": "text/plain",
    ".rst": "text/plain",
    ".md": "text/markdown",
    ".markdown": "text/markdown",
    ".html": "text/html",
    ".htm": "text/html",
    ".xhtml": "application/xhtml+xml",
    ".pdf": "application/pdf",
}
"""Media type of a file."""


async def texts_of(data: bytes, media_type: str) -> tuple[str, ...]:
    """The texts of a document, of a PDF one per page.

    Raises :class:`~pharia_kernel.errors.InvalidCsiRequest` for what can not be read. Cancelling ends the work.
    """
    if media_type in TEXTS:
        try:
            return (data.decode("utf-8-sig"),)
        except UnicodeDecodeError as error:
            raise InvalidCsiRequest(f"it is not text in UTF-8: {error.reason} at byte {error.start}") from None
    if media_type not in EXTRACTED:
        known = ", ".join(sorted({*TEXTS, *EXTRACTED}))
        raise InvalidCsiRequest(f"documents of the type {media_type!r} can not be read, only {known}")
    kind, package = EXTRACTED[media_type]
    if find_spec(package) is None:
        raise NotConfigured(
            f'reading {media_type} needs a package that is not installed (pip install "pharia-kernel[documents]")'
        )
    extracted = await _extracted(data, kind)
    if extracted.error is not None:
        raise InvalidCsiRequest(f"it can not be read as {media_type}: {extracted.error}")
    if not any(extracted.texts):
        raise InvalidCsiRequest("there is no text in it")
    return tuple(extracted.texts)


async def _extracted(data: bytes, kind: str) -> Extracted:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-P", "-m", _MODULE, kind),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
        env=child_environment(),
        start_new_session=True,  # an interrupt in the terminal is the kernel's to handle
    )
    try:
        async with asyncio.timeout(_SECONDS):
            answer, _ = await process.communicate(data)
    except TimeoutError:
        raise InvalidCsiRequest(f"reading it takes longer than {_SECONDS:g} s") from None
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    try:
        return msgspec.msgpack.decode(answer, type=Extracted)
    except msgspec.DecodeError:
        return Extracted(error=f"the process that reads it ended with {process.returncode}")
