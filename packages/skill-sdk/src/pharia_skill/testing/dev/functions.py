"""The functions of the HTTP interface that take a list: its JSON, and the answers in theirs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import RootModel

from pharia_skill.testing.dev.chunking import ChunkDeserializer, ChunkRequestSerializer
from pharia_skill.testing.dev.document_index import (
    DocumentDeserializer,
    DocumentMetadataDeserializer,
    DocumentMetadataSerializer,
    DocumentSerializer,
    SearchRequestSerializer,
    SearchResultDeserializer,
)
from pharia_skill.testing.dev.inference import (
    CompletionListDeserializer,
    CompletionRequestListSerializer,
    ExplanationListDeserializer,
    ExplanationRequestListSerializer,
    chat_body,
    chat_responses,
)
from pharia_skill.testing.dev.language import SelectLanguageDeserializer, SelectLanguageRequestSerializer


@dataclass(frozen=True)
class Function:
    """``answers`` raises ``pydantic.ValidationError``."""

    body: Callable[[Sequence[Any]], list[Any]]
    answers: Callable[[Any], list[Any]]


def _of(serializer: type[RootModel[Any]], deserializer: type[RootModel[Any]]) -> Function:
    def body(requests: Sequence[Any]) -> list[Any]:
        rendered: list[Any] = serializer(list(requests)).model_dump(mode="json")
        return rendered

    def answers(answer: Any) -> list[Any]:
        read: list[Any] = deserializer.model_validate(answer).root
        return read

    return Function(body, answers)


FUNCTIONS = {
    "chat": Function(lambda requests: [chat_body(request) for request in requests], chat_responses),
    "chunk_with_offsets": _of(ChunkRequestSerializer, ChunkDeserializer),
    "complete": _of(CompletionRequestListSerializer, CompletionListDeserializer),
    "document_metadata": _of(DocumentMetadataSerializer, DocumentMetadataDeserializer),
    "documents": _of(DocumentSerializer, DocumentDeserializer),
    "explain": _of(ExplanationRequestListSerializer, ExplanationListDeserializer),
    "search": _of(SearchRequestSerializer, SearchResultDeserializer),
    "select_language": _of(SelectLanguageRequestSerializer, SelectLanguageDeserializer),
}
