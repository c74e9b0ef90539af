from __future__ import annotations

from typing import Any

import pytest

from pharia_kernel.csi.types import (
    Condition,
    Cursor,
    DocPath,
    Document,
    Filter,
    Hit,
    Image,
    IndexPath,
    SearchRequest,
)

from .calls import INDEX, PATH, search
from .guest import SPLIT, Guest, on
from .scripted_csi import ScriptedCsi

PATHS = [PATH, {**PATH, "name": "zwei ✓"}]
DOC_PATHS = [DocPath("space", "books", "one"), DocPath("space", "books", "zwei ✓")]
INDEX_PATH = IndexPath("space", "books", "asymmetric")
HIT = Hit(DOC_PATHS[0], "found", 0.75, Cursor(1, 2), Cursor(3, 2**32 - 1))
GIVEN_HIT = {"document_path": PATH, "content": "found", "score": 0.75}
SPAN = {"start": {"item": 1, "position": 2}, "end": {"item": 3, "position": 2**32 - 1}}
DOCUMENTS = [Document(DOC_PATHS[0], ("text", Image(), "ü"), {"a": [1, "ü"]}), Document(DOC_PATHS[1], ())]
GIVEN_DOCUMENTS = [
    {
        "path": PATH,
        "contents": [{"text": "text"}, "image", {"text": "ü"}],
        "metadata": '{"a":[1,"ü"]}'.encode().decode("latin-1"),
    },
    {"path": PATHS[1], "contents": [], "metadata": None},
]


@on("0.2")
@pytest.mark.parametrize("score", [None, 0.5])
async def test_line_0_2_searches_without_filters_and_positions(guest: Guest, score: float | None) -> None:
    csi = ScriptedCsi(search=[[HIT]])
    assert await guest.do(csi, ["call", "csi", "search", INDEX, "query", 7, score]) == [[GIVEN_HIT]]
    assert csi.asked == [("search", [SearchRequest(INDEX_PATH, "query", 7, score)])]


@on(*SPLIT)
async def test_searches_give_positions(guest: Guest) -> None:
    csi = ScriptedCsi(search=[[HIT], []])
    (given,) = await guest.do(
        csi, ["call", "document-index", "search", [search(min_score=-0.5), search(max_results=0)]]
    )
    assert given == [[{**GIVEN_HIT, **SPAN}], []]
    asked = [SearchRequest(INDEX_PATH, "query", 7, -0.5), SearchRequest(INDEX_PATH, "query", 0)]
    assert csi.asked == [("search", asked)]


@on(*SPLIT)
@pytest.mark.parametrize("mode", ["without", "with-one-of", "with-all"])
async def test_filters_arrive_with_all_their_conditions(guest: Guest, mode: Any) -> None:
    conditions: list[tuple[str, Any, Any]] = [
        *[(name, 1.5, 1.5) for name in ("greater-than", "greater-than-or-equal-to")],
        *[(name, -2.0, -2.0) for name in ("less-than", "less-than-or-equal-to")],
        *[(name, "2025-01-01T00:00:00Z", "2025-01-01T00:00:00Z") for name in ("after", "at-or-after")],
        *[(name, "2026-01-01T00:00:00Z", "2026-01-01T00:00:00Z") for name in ("before", "at-or-before")],
        ("equal-to", {"string-type": "x"}, "x"),
        ("equal-to", {"integer-type": -(2**63)}, -(2**63)),
        ("equal-to", {"boolean-type": False}, False),
    ]
    given = [{"field": f"f{number}", "condition": {name: value}} for number, (name, value, _) in enumerate(conditions)]
    filters = [{mode: [*given, {"field": "gone", "condition": "is-null"}]}, {"with-all": []}]
    csi = ScriptedCsi(search=[[]])
    assert await guest.do(csi, ["call", "document-index", "search", [search(filters=filters)]]) == [[[]]]
    (asked,) = csi.asked[0][1]
    wanted = tuple(Condition(f"f{number}", name, value) for number, (name, _, value) in enumerate(conditions))
    assert asked.filters == (Filter(mode, (*wanted, Condition("gone", "is-null"))), Filter("with-all", ()))
    assert [type(condition.value) for condition in asked.filters[0].conditions[-4:]] == [str, int, bool, type(None)]


@on("0.2")
@pytest.mark.parametrize(("metadata", "given"), [({"a": 1}, '{"a":1}'), (None, None), (False, "false")])
async def test_line_0_2_gets_the_metadata_of_one_document(guest: Guest, metadata: Any, given: str | None) -> None:
    csi = ScriptedCsi(document_metadata=[metadata])
    assert await guest.do(csi, ["call", "csi", "document-metadata", PATH]) == [given]
    assert csi.asked == [("document_metadata", DOC_PATHS[:1])]


@on(*SPLIT)
async def test_metadata_of_documents_is_json_or_nothing(guest: Guest) -> None:
    csi = ScriptedCsi(document_metadata=[{"a": 1}, None])
    assert await guest.do(csi, ["call", "document-index", "document-metadata", PATHS]) == [['{"a":1}', None]]
    assert csi.asked == [("document_metadata", DOC_PATHS)]


@on("0.2", *SPLIT)
async def test_documents_have_texts_and_images(guest: Guest) -> None:
    csi = ScriptedCsi(documents=DOCUMENTS)
    interface = "csi" if guest.line == "0.2" else "document-index"
    assert await guest.do(csi, ["call", interface, "documents", PATHS]) == [GIVEN_DOCUMENTS]
    assert csi.asked == [("documents", DOC_PATHS)]
