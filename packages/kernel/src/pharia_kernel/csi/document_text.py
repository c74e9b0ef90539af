"""A process that takes the text out of one HTML or PDF document.

It is a process because such documents come from anywhere: some take for ever, or all memory, or end the interpreter.
The document is read from standard input; the texts, or why there are none, go to standard output. Started by
:mod:`pharia_kernel.csi.documents.reading`.
"""

from __future__ import annotations

import io
import os
import sys

import msgspec

_MEMORY_BYTES = 2 << 30
_SHOWN = 300


class Extracted(msgspec.Struct, frozen=True):
    texts: list[str] = []
    error: str | None = None


def main(kind: str) -> None:
    answer = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # libraries may print
    _limit_memory()
    data = sys.stdin.buffer.read()
    try:
        found = Extracted(texts=_pdf(data) if kind == "pdf" else _html(data))
    except MemoryError:
        found = Extracted(error="it takes too much memory")
    except RecursionError:
        found = Extracted(error="it is nested too deeply")
    except Exception as fault:  # the libraries raise anything
        found = Extracted(error=" ".join(f"{type(fault).__name__}: {fault}".split())[:_SHOWN])
    with answer:
        answer.write(msgspec.msgpack.encode(found))


def _pdf(data: bytes) -> list[str]:
    """One text per page."""
    from pypdf import PdfReader

    reader = PdfReader(io.BytesIO(data))
    return [_clean(page.extract_text()) for page in reader.pages]


def _html(data: bytes) -> list[str]:
    from inscriptis import Inscriptis
    from inscriptis.model.config import ParserConfig
    from lxml.html import HTMLParser, document_fromstring

    try:
        data.decode()
        parser = HTMLParser(encoding="utf-8", huge_tree=False)
    except UnicodeDecodeError:
        parser = HTMLParser(huge_tree=False)  # what the document declares
    if not data.strip():
        return [""]
    return [_clean(Inscriptis(document_fromstring(data, parser=parser), ParserConfig()).get_text())]


def _clean(text: str) -> str:
    """Without what can not be written as UTF-8; fonts of PDFs produce it."""
    return text.encode("utf-8", "replace").decode().strip()


def _limit_memory() -> None:
    try:
        import resource
    except ImportError:  # Windows
        return
    resource.setrlimit(resource.RLIMIT_AS, (_MEMORY_BYTES, _MEMORY_BYTES))


if __name__ == "__main__":
    main(sys.argv[1])
