"""Searching 100,000 passages: the embedded index beside a plain use of the library it stands on, with the same data.

The plain use embeds the query with the same model, on the spot, and asks the same table: by meaning, and by meaning and
words with the library's own fusion. The searches take turns, one at a time, so that other work on the machine falls on
both. Recall is the part of the ten passages nearest to a query, found by comparing it with all, that the search finds.
"""

from __future__ import annotations

import asyncio
import random
import tempfile
import threading
import time
from collections.abc import Awaitable, Callable
from datetime import timedelta
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import lancedb
import numpy as np

from bench.chunking import prose
from bench.report import Line, at_least, at_most, median_ms, show
from pharia_kernel.csi.documents.embedded import EmbeddedDocuments, EmbeddedOptions
from pharia_kernel.csi.documents.store import CollectionPath, IndexDefinition, NewDocument
from pharia_kernel.csi.embeddings import StaticEmbedder
from pharia_kernel.csi.embeddings.static import StaticModel
from pharia_kernel.csi.types import Hit, IndexPath, SearchRequest
from pharia_kernel.types import Caller

PASSAGES = 100_000
CHARACTERS = 400
DOCUMENTS = 1000
QUERIES = 200
WANTED = 10
AT = CollectionPath("bench", "search")

Search = Callable[[str], Awaitable[Any]]


async def fill(library: EmbeddedDocuments, texts: list[str]) -> float:
    """Seconds."""
    begin = time.perf_counter()
    per_document = len(texts) // DOCUMENTS
    documents = [
        NewDocument(f"{at:04}", tuple(texts[at * per_document : (at + 1) * per_document])) for at in range(DOCUMENTS)
    ]
    for at in range(0, DOCUMENTS, 50):
        await library.put(AT, documents[at : at + 50])
    return time.perf_counter() - begin


async def took(search: Search, query: str) -> tuple[float, Any]:
    begin = time.perf_counter()
    found = await search(query)
    return time.perf_counter() - begin, found


async def in_turns(searches: dict[str, Search], queries: list[str]) -> dict[str, list[float]]:
    seconds: dict[str, list[float]] = {name: [] for name in searches}
    for at, query in enumerate(queries):
        order = list(searches.items())
        for name, search in order if at % 2 else order[::-1]:
            spent, _ = await took(search, query)
            if at >= QUERIES // 10:  # the first ones fill caches
                seconds[name].append(spent)
    return seconds


def plain(table: Any, model: StaticModel) -> dict[str, Search]:
    def vector(query: str) -> Any:
        return model.vectors([query], threading.Event())[0]

    def near(query: str) -> Any:
        found = table.query().nearest_to(vector(query)).column("vector").distance_type("cosine")
        return found.minimum_nprobes(20).refine_factor(5)

    columns = ["document", "text", "item", "start", "end"]
    return {
        "meaning": lambda query: near(query).limit(WANTED).select([*columns, "_distance"]).to_list(),
        "both": lambda query: near(query).nearest_to_text(query, columns="text").limit(WANTED).to_list(),
    }


def searches(library: EmbeddedDocuments, index: str) -> Callable[[str], Awaitable[list[Hit]]]:
    at = IndexPath(AT.namespace, AT.collection, index)
    return lambda query: library.search(SearchRequest(at, query, WANTED), Caller())


async def recall(search: Search, texts: list[str], vectors: Any, model: StaticModel, queries: list[str]) -> float:
    found = 0
    for query in queries:
        scores = vectors @ model.vectors([query], threading.Event())[0]
        nearest = {texts[at] for at in np.argpartition(-scores, WANTED)[:WANTED]}
        found += len(nearest & {hit.text for hit in await search(query)})
    return found / (len(queries) * WANTED)


async def measure(directory: Path) -> list[Line]:
    spec = find_spec("wordllama")
    assert spec is not None
    assert spec.submodule_search_locations
    model = StaticModel(Path(spec.submodule_search_locations[0]))
    text = prose(0, PASSAGES * (CHARACTERS + 2)).replace("\n\n", " ")
    texts = [text[at : at + CHARACTERS].strip() for at in range(0, PASSAGES * CHARACTERS, CHARACTERS)]
    draw = random.Random(1)
    queries = [" ".join(draw.choice(texts).split()[2:12]) for _ in range(QUERIES)]
    lines: list[Line] = []
    options = EmbeddedOptions(directory, IndexDefinition("meaning", CHARACTERS, 0, hybrid=False))
    async with EmbeddedDocuments(options, StaticEmbedder()) as library:
        lines.append(Line(f"adding {PASSAGES:,} passages, {DOCUMENTS} documents", await fill(library, texts), "s"))
        connection = await lancedb.connect_async(directory / AT.namespace, read_consistency_interval=timedelta(0))
        alone = plain(await connection.open_table(AT.collection), model)
        ours = searches(library, "meaning")
        seconds = await in_turns({"alone": alone["meaning"], "kernel": ours}, queries)
        lines += compared("by meaning", seconds)
        vectors = model.vectors(texts, threading.Event())
        lines.append(
            at_least(f"by meaning: recall at {WANTED}", await recall(ours, texts, vectors, model, queries), "", 0.95)
        )
    await hybrid(directory)
    async with EmbeddedDocuments(options, StaticEmbedder()) as library:
        seconds = await in_turns({"alone": alone["both"], "kernel": searches(library, "meaning")}, queries)
        lines += compared("by meaning and words", seconds)
    return lines


async def hybrid(directory: Path) -> None:
    """Let the only index find by words too, without cutting anything anew."""
    connection = await lancedb.connect_async(directory / AT.namespace)
    table = await connection.open_table(AT.collection)
    contents = '{"name":"meaning","passage_characters":400,"overlap_characters":0,"hybrid":true}'
    await table.update({"contents": contents}, where="kind = 'index'")


def compared(what: str, seconds: dict[str, list[float]]) -> list[Line]:
    alone, kernel = median_ms(seconds["alone"]), median_ms(seconds["kernel"])
    return [
        Line(f"{what}: the library alone, p50", alone, "ms"),
        Line(f"{what}: the kernel, p50", kernel, "ms"),
        at_most(f"{what}: ratio", kernel / alone, "x", 1.15),
    ]


def main() -> None:
    with tempfile.TemporaryDirectory() as directory:
        show(f"Search in {PASSAGES:,} passages of {CHARACTERS} characters", asyncio.run(measure(Path(directory))))


if __name__ == "__main__":
    main()
