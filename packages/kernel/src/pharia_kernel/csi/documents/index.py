"""What the kernel wants from something that finds and keeps documents."""

from __future__ import annotations

from typing import Protocol

from pharia_kernel.csi.types import DocPath, Document, Hit, SearchRequest
from pharia_kernel.errors import NotConfigured
from pharia_kernel.types import Caller, JsonValue


class DocumentIndex(Protocol):
    """One request in, one answer out; raises :class:`~pharia_kernel.errors.CsiError`.

    A document, collection or index that does not exist is a
    :class:`~pharia_kernel.errors.DocumentNotFound`. Cancelling the awaiting task ends the work.
    """

    async def search(self, request: SearchRequest, caller: Caller) -> list[Hit]:
        """The best passages, the best first; only texts are found."""
        ...

    async def document(self, path: DocPath, caller: Caller) -> Document: ...

    async def document_metadata(self, path: DocPath, caller: Caller) -> JsonValue:
        """None if the document has no metadata."""
        ...


class AbsentDocuments:
    """Implements :class:`DocumentIndex`; every call raises NotConfigured."""

    async def __aenter__(self) -> AbsentDocuments:
        return self

    async def __aexit__(self, *exc: object) -> None:
        pass

    async def search(self, request: SearchRequest, caller: Caller) -> list[Hit]:
        raise _absent("documents can not be searched")

    async def document(self, path: DocPath, caller: Caller) -> Document:
        raise _absent("documents can not be read")

    async def document_metadata(self, path: DocPath, caller: Caller) -> JsonValue:
        raise _absent("metadata of documents can not be read")


def _absent(what: str) -> NotConfigured:
    return NotConfigured(
        f"{what}: this kernel runs without a document index; ask its operator (DOCUMENT_INDEX), or let the skill do "
        "without"
    )
