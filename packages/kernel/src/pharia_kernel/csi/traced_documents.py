"""Work on documents, each within its span. Names and numbers, never any content."""

from __future__ import annotations

from opentelemetry.trace import Tracer
from opentelemetry.util.types import AttributeValue

from pharia_kernel.csi.documents import DocumentIndex
from pharia_kernel.csi.span import operation_span
from pharia_kernel.csi.types import DocPath, Document, Hit, SearchRequest
from pharia_kernel.types import Caller, JsonValue


async def traced_search(tracer: Tracer, driver: DocumentIndex, request: SearchRequest, caller: Caller) -> list[Hit]:
    attributes: dict[str, AttributeValue] = {
        "namespace": request.index.namespace,
        "collection": request.index.collection,
        "index": request.index.index,
        "max_results": request.limit,
        "min_score": str(request.min_score),
        "filters": len(request.filters),
    }
    with operation_span(tracer, "search", attributes) as span:
        hits = await driver.search(request, caller)
        span.set_attribute("results", len(hits))
        return hits


async def traced_document(tracer: Tracer, driver: DocumentIndex, path: DocPath, caller: Caller) -> Document:
    with operation_span(tracer, "document", _place(path)):
        return await driver.document(path, caller)


async def traced_metadata(tracer: Tracer, driver: DocumentIndex, path: DocPath, caller: Caller) -> JsonValue:
    with operation_span(tracer, "document_metadata", _place(path)):
        return await driver.document_metadata(path, caller)


def _place(path: DocPath) -> dict[str, AttributeValue]:
    return {"namespace": path.namespace, "collection": path.collection, "name": path.name}
