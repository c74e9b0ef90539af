"""The index inside the kernel, on real tables with the real model."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from doubles.library import AT, NOBODY, ScriptedEmbedder, find, library, text
from pharia_kernel.csi.documents.embedded import EmbeddedDocuments
from pharia_kernel.csi.documents.embedded import collection as collection_module
from pharia_kernel.csi.documents.store import CollectionPath, IndexDefinition, NewDocument, Picture
from pharia_kernel.csi.types import Condition, Cursor, DocPath, Document, Filter, Image, IndexPath, SearchRequest
from pharia_kernel.errors import BackendFailed, BackendTimeout, DocumentNotFound, EmbeddingMismatch, InvalidCsiRequest

_SEA = "Fishermen sail at dawn, when the sea is calm."
_SMOKE = "Nobody smokes in the office."
_LOGIN = "Passwords are changed in the settings of the account."


@pytest.fixture
async def filled(tmp_path: Path) -> AsyncIterator[EmbeddedDocuments]:
    async with library(tmp_path / "documents") as opened:
        await opened.put(
            AT,
            [
                text("sea", _SEA, metadata={"year": 2020, "tags": ["water"]}),
                text("rules/smoke", _SMOKE, metadata={"year": 2024}),
                text("login", _LOGIN),
            ],
        )
        yield opened


async def test_passages_are_found_by_their_meaning(filled: EmbeddedDocuments) -> None:
    for query, expected in (("boats on the water", _SEA), ("cigarettes at work", _SMOKE), ("secret login", _LOGIN)):
        hits = await find(filled, query)
        assert hits[0].text == expected
        assert [hit.score for hit in hits] == sorted((hit.score for hit in hits), reverse=True)
        assert all(0 <= hit.score <= 1 for hit in hits)


async def test_shared_words_raise_a_score(filled: EmbeddedDocuments) -> None:
    await filled.define(AT, IndexDefinition("meaning", hybrid=False))
    by_both, *_ = await find(filled, "dawn")
    by_meaning, *_ = await find(filled, "dawn", index="meaning")
    assert by_both.text == by_meaning.text == _SEA
    assert by_both.score > by_meaning.score


async def test_a_name_that_no_model_knows_is_found_by_its_letters(filled: EmbeddedDocuments) -> None:
    await filled.put(AT, [text("ticket", "See xqz-7731 for what was decided.")])
    assert (await find(filled, "xqz-7731"))[0].path.name == "ticket"


async def test_no_score_is_below_the_wanted_one(filled: EmbeddedDocuments) -> None:
    scores = [hit.score for hit in await find(filled, "smoking", 10)]
    kept = await find(filled, "smoking", 10, min_score=scores[1])
    assert [hit.score for hit in kept] == scores[:2]
    assert await find(filled, "smoking", 10, min_score=1.1) == []


async def test_no_more_results_are_given_than_wanted(filled: EmbeddedDocuments) -> None:
    assert [len(await find(filled, "anything", limit)) for limit in (0, 1, 2, 100)] == [0, 1, 2, 3]


async def test_an_empty_query_finds_nothing(filled: EmbeddedDocuments) -> None:
    assert await find(filled, "") == []
    assert await find(filled, " \n") == []


@pytest.mark.parametrize("query", ['"', "a AND (", "title:x", "*", "smok~2", "'; DROP TABLE x", "\0", "🐟"])
async def test_a_query_has_no_syntax(filled: EmbeddedDocuments, query: str) -> None:
    assert len(await find(filled, query)) == 3


async def test_cursors_say_where_a_passage_is(tmp_path: Path) -> None:
    contents = ("Ä first, long sentence.\n\nFishermen sail.", Picture(b"pixels"), "🐟 Nobody smokes.\n")
    async with library(tmp_path, index=IndexDefinition(passage_characters=25, overlap_characters=0)) as opened:
        await opened.put(AT, [NewDocument("d", contents)])
        hits = await find(opened, "fishermen smoke", 10)
        assert {hit.text for hit in hits} == {"Ä first, long sentence.", "Fishermen sail.", "🐟 Nobody smokes."}
        for hit in hits:
            content = contents[hit.start.item]
            assert isinstance(content, str)
            assert hit.start.item == hit.end.item
            assert content[hit.start.position : hit.end.position + 1] == hit.text
        assert next(hit.end for hit in hits if hit.text == "Fishermen sail.") == Cursor(0, 39)


@pytest.mark.parametrize(
    ("filters", "names"),
    [
        ([Filter("with-all", (Condition("year", "greater-than", 2021),))], {"rules/smoke"}),
        ([Filter("without", (Condition("year", "greater-than", 2021),))], {"sea", "login"}),
        (
            [Filter("with-one-of", (Condition("tags[]", "equal-to", "water"), Condition("year", "is-null")))],
            {"sea", "login"},
        ),
        ([Filter("with-all", (Condition("year", "less-than", 0),))], set()),
        ([Filter("without", (Condition("year", "less-than", 0),))], {"sea", "rules/smoke", "login"}),
        (
            [
                Filter("without", (Condition("year", "is-null"),)),
                Filter("with-all", (Condition("year", "less-than", 2021),)),
            ],
            {"sea"},
        ),
    ],
)
async def test_filters_leave_out_documents(filled: EmbeddedDocuments, filters: list[Filter], names: set[str]) -> None:
    for _ in range(2):  # the second time from what is kept
        assert {hit.path.name for hit in await find(filled, "sea", 10, filters=filters)} == names


async def test_filters_see_new_metadata(filled: EmbeddedDocuments) -> None:
    filters = [Filter("with-all", (Condition("year", "equal-to", 2024),))]
    assert [hit.path.name for hit in await find(filled, "sea", filters=filters)] == ["rules/smoke"]
    await filled.put(AT, [text("sea", _SEA, metadata={"year": 2024})])
    assert {hit.path.name for hit in await find(filled, "sea", filters=filters)} == {"sea", "rules/smoke"}


async def test_documents_are_read_with_pictures_and_metadata(filled: EmbeddedDocuments) -> None:
    path = DocPath("Kernel", "test", "with picture")
    await filled.put(AT, [NewDocument(path.name, ("a", Picture(b"\0\xff"), ""), [1, None, {"x": "ä"}])])
    assert await filled.document(path, NOBODY) == Document(path, ("a", Image(), ""), [1, None, {"x": "ä"}])
    assert await filled.document_metadata(path, NOBODY) == [1, None, {"x": "ä"}]
    assert (await filled.kept(path)).contents == ("a", Picture(b"\0\xff"), "")
    assert await filled.document_metadata(DocPath("Kernel", "test", "login"), NOBODY) is None


async def test_adding_again_replaces_everything_of_a_document(filled: EmbeddedDocuments) -> None:
    before = await filled.collections()
    (stored,) = await filled.put(AT, [text("sea", "Mountains are high.")])
    assert (stored.passages, stored.replaced) == (1, True)
    found = await find(filled, _SEA, 10)
    assert {hit.text for hit in found} == {"Mountains are high.", _SMOKE, _LOGIN}
    assert await filled.document_metadata(DocPath("Kernel", "test", "sea"), NOBODY) is None
    assert (await filled.collections())[0].documents == before[0].documents


async def test_removed_documents_are_gone(filled: EmbeddedDocuments) -> None:
    path = DocPath("Kernel", "test", "sea")
    await filled.remove(path)
    assert {hit.path.name for hit in await find(filled, _SEA, 10)} == {"rules/smoke", "login"}
    with pytest.raises(DocumentNotFound, match="no document 'sea'"):
        await filled.document(path, NOBODY)
    with pytest.raises(DocumentNotFound):
        await filled.remove(path)


async def test_a_removed_collection_is_gone_and_can_be_made_anew(filled: EmbeddedDocuments, tmp_path: Path) -> None:
    await find(filled, "x")
    async with library(tmp_path / "documents") as other:
        await other.remove_collection(AT)
        with pytest.raises(DocumentNotFound, match="no collection Kernel/test"):
            await find(filled, "x")
        await other.put(AT, [text("new", _LOGIN)])
        assert [hit.path.name for hit in await find(filled, "x")] == ["new"]
    with pytest.raises(DocumentNotFound):
        await filled.remove_collection(CollectionPath("Kernel", "other"))


async def test_names_are_given_in_order_and_in_pages(filled: EmbeddedDocuments) -> None:
    assert [one.name for one in await filled.names(AT)] == ["login", "rules/smoke", "sea"]
    assert [one.name for one in await filled.names(AT, limit=2)] == ["login", "rules/smoke"]
    assert [one.name for one in await filled.names(AT, after="login")] == ["rules/smoke", "sea"]


async def test_collections_say_what_they_hold(filled: EmbeddedDocuments) -> None:
    await filled.put(CollectionPath("another", "one"), [text("empty")])
    first, second = await filled.collections()
    assert (first.namespace, first.collection, first.documents, first.passages) == ("Kernel", "test", 3, 3)
    assert (second.documents, second.passages) == (1, 0)
    assert second.embedding == "wordllama-l2-supercat-256"


async def test_an_index_of_another_shape_has_its_own_passages(filled: EmbeddedDocuments) -> None:
    await filled.define(AT, IndexDefinition("small", passage_characters=20, overlap_characters=0))
    hits = await find(filled, _SEA, 20, index="small")
    assert all(len(hit.text) <= 20 for hit in hits)
    assert {hit.text for hit in await find(filled, _SEA, 20)} == {_SEA, _SMOKE, _LOGIN}
    await filled.put(AT, [text("sea", "Short.")])
    assert "Short." in {hit.text for hit in await find(filled, "Short.", 20, index="small")}
    await filled.define(AT, IndexDefinition("small", passage_characters=500, overlap_characters=0))
    assert len(await find(filled, _SEA, 20, index="small")) == 3


async def test_another_index_stands_in_for_an_unknown_one(filled: EmbeddedDocuments) -> None:
    assert len(await find(filled, "x", index="asym-64")) == 3


async def test_an_unknown_index_is_an_error_where_that_is_wanted(tmp_path: Path) -> None:
    async with library(tmp_path, any_index=False) as opened:
        await opened.put(AT, [text("d", _SEA)])
        with pytest.raises(DocumentNotFound, match=r"no index 'asym-64' \(it has default\)"):
            await find(opened, "x", index="asym-64")


@pytest.mark.parametrize(("namespace", "name"), [("..", "x"), ("", "x"), ("a/b", "x"), ("nowhere", "c"), ("a", "b\0")])
async def test_what_does_not_exist_is_not_found(filled: EmbeddedDocuments, namespace: str, name: str) -> None:
    with pytest.raises(DocumentNotFound):
        await filled.search(SearchRequest(IndexPath(namespace, name, "default"), "x", 1), NOBODY)
    with pytest.raises(DocumentNotFound):
        await filled.document(DocPath(namespace, name, "d"), NOBODY)


@pytest.mark.parametrize(
    "at", [CollectionPath("..", "x"), CollectionPath("a", ".x"), CollectionPath("", "x"), CollectionPath("a", "b/c")]
)
async def test_collections_can_not_be_made_elsewhere(
    filled: EmbeddedDocuments, tmp_path: Path, at: CollectionPath
) -> None:
    before = await filled.collections()
    with pytest.raises(InvalidCsiRequest, match="can not be the name"):
        await filled.put(at, [text("d", "x")])
    with pytest.raises(InvalidCsiRequest):
        await filled.define(at, IndexDefinition())
    assert await filled.collections() == before
    assert not (tmp_path / "x.lance").exists()


async def test_limits_hold(tmp_path: Path) -> None:
    async with library(tmp_path, document_bytes=10, query_bytes=5, results=2, metadata_bytes=20) as opened:
        await opened.put(AT, [text("d", "12345", "ääx"[:2])])
        for document, said in (
            (text("d", "12345", "äääx"), "12 bytes, more than 10"),
            (NewDocument("d", (Picture(b"x" * 11),)), "11 bytes"),
            (text("d", "x", metadata="x" * 20), "metadata has 22 bytes"),
            (text("d", "x", metadata={"x": object()}), "not JSON"),
            (text("", "x"), "name of a document"),
            (text("x" * 513, "x"), "name of a document"),
            (text("a\nb", "x"), "name of a document"),
            (text("d", "\ud800"), "surrogate"),
        ):
            with pytest.raises(InvalidCsiRequest, match=said):
                await opened.put(AT, [document])
        with pytest.raises(InvalidCsiRequest, match="same name"):
            await opened.put(AT, [text("d", "x"), text("d", "y")])
        for query, limit, said in (
            ("ääx", 1, None),
            ("äää", 1, "6 bytes"),
            ("x", 3, "between 0 and 2"),
            ("\ud800", 1, "surrogate"),
        ):
            if said is None:
                await find(opened, query, limit)
            else:
                with pytest.raises(InvalidCsiRequest, match=said):
                    await find(opened, query, limit)
        with pytest.raises(InvalidCsiRequest, match="overlap"):
            await opened.define(AT, IndexDefinition("i", 20, 20))


async def test_another_model_is_noticed(tmp_path: Path) -> None:
    async with library(tmp_path, ScriptedEmbedder({}, "first", 3)) as first:
        await first.put(AT, [text("d", "x")])
    for other in (ScriptedEmbedder({}, "second", 3), ScriptedEmbedder({}, "first", 4)):
        async with library(tmp_path, other) as second:
            with pytest.raises(EmbeddingMismatch, match=r"embedded by first \(3 numbers\)"):
                await find(second, "x")
            with pytest.raises(EmbeddingMismatch):
                await second.put(AT, [text("d", "y")])
            assert (await second.document(DocPath("Kernel", "test", "d"), NOBODY)).parts == ("x",)


async def test_scores_are_cosines_where_no_word_is_shared(tmp_path: Path) -> None:
    vectors = {"query": [1.0, 0.0], "same": [2.0, 0.0], "near": [0.6, 0.8], "far": [-1.0, 0.0]}
    async with library(tmp_path, ScriptedEmbedder(vectors)) as opened:
        await opened.put(AT, [text(name, name) for name in ("far", "near", "same")])
        hits = await find(opened, "query")
    assert [hit.text for hit in hits] == ["same", "near", "far"]
    assert [hit.score for hit in hits] == pytest.approx([1.0, 0.6, 0.0], abs=1e-6)


async def test_a_text_without_direction_is_found_by_its_words(tmp_path: Path) -> None:
    vectors = {"lighthouse": [0.0, 0.0], "The lighthouse.": [1.0, 0.0]}
    async with library(tmp_path, ScriptedEmbedder(vectors)) as opened:
        await opened.put(AT, [text("d", "The lighthouse."), text("e", "Other.")])
        assert [hit.text for hit in await find(opened, "lighthouse")] == ["The lighthouse."]


async def test_what_was_added_is_there_after_a_restart(tmp_path: Path) -> None:
    async with library(tmp_path) as first:
        await first.put(AT, [text("d", _SEA)])
    async with library(tmp_path) as second:
        assert [hit.text for hit in await find(second, "sea")] == [_SEA]


async def test_nothing_is_written_by_those_who_only_search(tmp_path: Path) -> None:
    async with library(tmp_path / "documents") as opened:
        with pytest.raises(DocumentNotFound):
            await find(opened, "x")
        assert await opened.collections() == []
    assert not (tmp_path / "documents").exists()


async def test_changes_at_the_same_time_are_all_made(filled: EmbeddedDocuments) -> None:
    async with asyncio.TaskGroup() as group:
        for at in range(8):
            group.create_task(filled.put(AT, [text(f"n{at % 4}", f"Note {at}.")]))
        for _ in range(8):
            group.create_task(find(filled, "note"))
    assert len(await filled.names(AT)) == 3 + 4
    assert len(await find(filled, "note", 100)) == 3 + 4


async def test_large_collections_get_indexes_that_miss_nothing_here(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(collection_module, "_VECTOR_INDEX_FROM", 300)
    monkeypatch.setattr(collection_module, "_UNINDEXED", 50)
    async with library(tmp_path) as opened:
        for at in range(0, 400, 100):
            await opened.put(AT, [text(f"{n}", f"Number {n} of {n * n} things.") for n in range(at, at + 100)])
        await opened.put(AT, [text("7", "The lighthouse keeper counts ships.", metadata={"n": 7})])
        collection = await opened._folder.collection(AT)
        names = {index.index_type for index in await collection._table.list_indices()}
        assert "IvfSq" in names
        assert (await find(opened, "keeper of the lighthouse"))[0].path.name == "7"
        filters = [Filter("with-all", (Condition("n", "equal-to", 7),))]
        assert [hit.path.name for hit in await find(opened, "things", filters=filters)] == ["7"]


async def test_a_writer_that_can_not_have_its_turn_gives_up(tmp_path: Path) -> None:
    async with library(tmp_path) as opened, library(tmp_path, write_seconds=0.1) as waiting:
        await opened.put(AT, [text("d", "x")])
        async with opened._folder.lock(AT):
            with pytest.raises(BackendTimeout, match=r"changing Kernel/test took longer than 0\.1 s"):
                await waiting.put(AT, [text("d", "y")])
        assert (await waiting.document(DocPath("Kernel", "test", "d"), NOBODY)).parts == ("x",)


async def test_a_broken_table_is_a_failure_and_not_a_crash(filled: EmbeddedDocuments, tmp_path: Path) -> None:
    for file in (tmp_path / "documents").rglob("*.lance/data/*"):
        file.write_bytes(b"broken")
    async with library(tmp_path / "documents") as other:
        with pytest.raises(BackendFailed, match="document index"):
            await find(other, "sea")
