"""What a skill may ask for: the interface and its types."""

from pharia_skill.csi.chunking import Chunk, ChunkParams, ChunkRequest
from pharia_skill.csi.csi import Csi
from pharia_skill.csi.document_index import (
    Cursor,
    Document,
    DocumentPath,
    Image,
    IndexPath,
    JsonSerializable,
    Modality,
    SearchRequest,
    SearchResult,
    Text,
)
from pharia_skill.csi.inference import *  # noqa: F403  # its __all__ is the list
from pharia_skill.csi.inference import __all__ as _inference
from pharia_skill.csi.language import Language, SelectLanguageRequest
from pharia_skill.csi.search_filter import (
    After,
    AtOrAfter,
    AtOrBefore,
    Before,
    EqualTo,
    FilterCondition,
    GreaterThan,
    GreaterThanOrEqualTo,
    IsNull,
    LessThan,
    LessThanOrEqualTo,
    MetadataFilter,
    SearchFilter,
    With,
    WithOneOf,
    Without,
)

__all__ = [  # sorted within each group
    "After",
    "AtOrAfter",
    "AtOrBefore",
    "Before",
    "Chunk",
    "ChunkParams",
    "ChunkRequest",
    "Csi",
    "Cursor",
    "Document",
    "DocumentPath",
    "EqualTo",
    "FilterCondition",
    "GreaterThan",
    "GreaterThanOrEqualTo",
    "Image",
    "IndexPath",
    "IsNull",
    "JsonSerializable",
    "Language",
    "LessThan",
    "LessThanOrEqualTo",
    "MetadataFilter",
    "Modality",
    "SearchFilter",
    "SearchRequest",
    "SearchResult",
    "SelectLanguageRequest",
    "Text",
    "With",
    "WithOneOf",
    "Without",
    *_inference,
]
