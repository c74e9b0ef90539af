"""Finding and keeping documents: drivers behind :class:`DocumentIndex`."""

from pharia_kernel.csi.documents.index import AbsentDocuments, DocumentIndex

__all__ = ["AbsentDocuments", "DocumentIndex"]
