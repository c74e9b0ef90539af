"""Documents as they are added and read over HTTP; the form is that of the original's document index."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec

from pharia_kernel.csi.documents.store import Content, DocumentInfo, KeptDocument, Picture
from pharia_kernel.csi.types import DocPath

_BASE64 = r"^([A-Za-z0-9+/]{4})*([A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$"


class TextPart(msgspec.Struct, frozen=True, tag_field="modality", tag="text"):
    text: str


class ImagePart(msgspec.Struct, frozen=True, tag_field="modality", tag="image", rename={"data": "bytes"}):
    """Skills learn that it is there, and nothing else."""

    data: Annotated[bytes, msgspec.Meta(extra_json_schema={"pattern": _BASE64})] = b""


class DocumentBody(msgspec.Struct, frozen=True):
    contents: list[TextPart | ImagePart]
    metadata: Any = None

    def neutral(self) -> tuple[Content, ...]:
        return tuple(part.text if isinstance(part, TextPart) else Picture(part.data) for part in self.contents)


class DocumentAnswer(msgspec.Struct, frozen=True):
    path: DocPath
    contents: list[TextPart | ImagePart]
    metadata: Any
    updated: str


class DocumentPage(msgspec.Struct, frozen=True):
    documents: list[DocumentInfo]
    next: str | None
    """What ``after`` has to be for the next page; null on the last one."""


class Removed(msgspec.Struct, frozen=True):
    removed: str


def document(kept: KeptDocument) -> DocumentAnswer:
    parts: list[TextPart | ImagePart] = [
        ImagePart(part.data) if isinstance(part, Picture) else TextPart(part) for part in kept.contents
    ]
    return DocumentAnswer(kept.path, parts, kept.metadata, kept.updated)
