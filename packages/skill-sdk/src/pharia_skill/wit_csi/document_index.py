"""Documents and search over the bindings."""

from __future__ import annotations

import json
from collections.abc import Callable

from pharia_skill.bindings.imports import document_index as wit
from pharia_skill.csi import search_filter
from pharia_skill.csi.document_index import (
    Cursor,
    Document,
    DocumentPath,
    Image,
    JsonSerializable,
    Modality,
    SearchRequest,
    SearchResult,
    Text,
)
from pharia_skill.csi.search_filter import (
    FilterCondition,
    MetadataFilter,
    MomentCondition,
    NumberCondition,
    SearchFilter,
)

_NUMBER_CONDITIONS: dict[type[NumberCondition], Callable[[float], wit.MetadataFilterCondition]] = {
    search_filter.GreaterThan: wit.MetadataFilterCondition_GreaterThan,
    search_filter.GreaterThanOrEqualTo: wit.MetadataFilterCondition_GreaterThanOrEqualTo,
    search_filter.LessThan: wit.MetadataFilterCondition_LessThan,
    search_filter.LessThanOrEqualTo: wit.MetadataFilterCondition_LessThanOrEqualTo,
}
_MOMENT_CONDITIONS: dict[type[MomentCondition], Callable[[str], wit.MetadataFilterCondition]] = {
    search_filter.After: wit.MetadataFilterCondition_After,
    search_filter.AtOrAfter: wit.MetadataFilterCondition_AtOrAfter,
    search_filter.Before: wit.MetadataFilterCondition_Before,
    search_filter.AtOrBefore: wit.MetadataFilterCondition_AtOrBefore,
}


def document_path_to_wit(path: DocumentPath) -> wit.DocumentPath:
    return wit.DocumentPath(path.namespace, path.collection, path.name)


def search_request_to_wit(request: SearchRequest) -> wit.SearchRequest:
    index = wit.IndexPath(request.index_path.namespace, request.index_path.collection, request.index_path.index)
    filters = [_filter_to_wit(group) for group in request.filters]
    return wit.SearchRequest(index, request.query, request.max_results, request.min_score, filters)


def search_result_from_wit(result: wit.SearchResult) -> SearchResult:
    start = Cursor(result.start.item, result.start.position)
    end = Cursor(result.end.item, result.end.position)
    return SearchResult(_path_from_wit(result.document_path), result.content, result.score, start, end)


def document_from_wit(document: wit.Document) -> Document:
    parts: list[Modality] = [
        Text(part.value) if isinstance(part, wit.Modality_Text) else Image() for part in document.contents
    ]
    return Document(_path_from_wit(document.path), parts, metadata_from_wit(document.metadata))


def metadata_from_wit(metadata: bytes | None) -> JsonSerializable:
    answer: JsonSerializable = json.loads(metadata) if metadata else None
    return answer


def condition_to_wit(condition: FilterCondition) -> wit.MetadataFilterCondition:
    match condition:
        case NumberCondition():
            return _NUMBER_CONDITIONS[type(condition)](condition.value)
        case MomentCondition():
            return _MOMENT_CONDITIONS[type(condition)](condition.value.isoformat())
        case search_filter.EqualTo():
            return wit.MetadataFilterCondition_EqualTo(_field_value(condition.value))
        case search_filter.IsNull():
            return wit.MetadataFilterCondition_IsNull()


def _field_value(value: str | int | bool) -> wit.MetadataFieldValue:
    match value:
        case bool():  # before int, whose subclass it is
            return wit.MetadataFieldValue_BooleanType(value)
        case int():
            return wit.MetadataFieldValue_IntegerType(value)
        case str():
            return wit.MetadataFieldValue_StringType(value)


def _filter_to_wit(group: SearchFilter) -> wit.SearchFilter:
    conditions = [_metadata_filter(condition) for condition in group.value]
    match group:
        case search_filter.Without():
            return wit.SearchFilter_Without(conditions)
        case search_filter.WithOneOf():
            return wit.SearchFilter_WithOneOf(conditions)
        case search_filter.With():
            return wit.SearchFilter_WithAll(conditions)


def _metadata_filter(condition: MetadataFilter) -> wit.MetadataFilter:
    return wit.MetadataFilter(condition.field, condition_to_wit(condition.condition))


def _path_from_wit(path: wit.DocumentPath) -> DocumentPath:
    return DocumentPath(path.namespace, path.collection, path.name)
