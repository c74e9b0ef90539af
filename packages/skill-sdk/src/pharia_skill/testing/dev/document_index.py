"""Documents and searches as the kernel's HTTP interface writes them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pydantic import RootModel, model_serializer
from pydantic_core import to_jsonable_python

from pharia_skill.csi import (
    Document,
    DocumentPath,
    JsonSerializable,
    MetadataFilter,
    SearchFilter,
    SearchRequest,
    SearchResult,
    With,
    WithOneOf,
)

DocumentMetadataSerializer = RootModel[Sequence[DocumentPath]]
DocumentMetadataDeserializer = RootModel[list[JsonSerializable]]
DocumentSerializer = RootModel[Sequence[DocumentPath]]
DocumentDeserializer = RootModel[list[Document]]
SearchResultDeserializer = RootModel[list[list[SearchResult]]]


class SearchRequestSerializer(RootModel[Sequence[SearchRequest]]):
    @model_serializer
    def _render(self) -> list[dict[str, Any]]:
        return [_search(request) for request in self.root]


def _search(request: SearchRequest) -> dict[str, Any]:
    index = request.index_path
    return {
        "index_path": {"namespace": index.namespace, "collection": index.collection, "index": index.index},
        "query": request.query,
        "max_results": request.max_results,
        "min_score": request.min_score,
        "filters": [_group(group) for group in request.filters],
    }


def _group(group: SearchFilter) -> dict[str, Any]:
    name = "with" if isinstance(group, With) else "with_one_of" if isinstance(group, WithOneOf) else "without"
    return {name: [_condition(condition) for condition in group.value]}


def _condition(condition: MetadataFilter) -> dict[str, Any]:
    name, value = condition.condition.__json_name__, condition.condition.value
    return {"metadata": {"field": condition.field, name: to_jsonable_python(value)}}
