"""``pharia-kernel documents``: what can be typed."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable, Coroutine
from contextlib import AbstractContextManager, asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import msgspec
import typer
from rich.console import Console
from rich.table import Table

from pharia_kernel.cli.documents import NoDocuments, add, files_of
from pharia_kernel.config import Settings
from pharia_kernel.csi.documents.store import DEFAULT_INDEX, CollectionPath, IndexDefinition
from pharia_kernel.csi.types import DocPath, IndexPath, SearchRequest
from pharia_kernel.errors import InvalidCsiRequest
from pharia_kernel.types import LOCAL

if TYPE_CHECKING:
    from pharia_kernel.csi.documents.embedded import EmbeddedDocuments

Collection = Annotated[str, typer.Argument(metavar="NAMESPACE/COLLECTION", help="Which one; `add` makes it.")]
Config = Annotated[
    Path | None, typer.Option("--config", metavar="FILE", help="Settings; default: config.toml, if there is one.")
]
Load = Callable[[Path | None], Settings]
Run = Callable[[Coroutine[Any, Any, None]], None]
Failures = Callable[[], AbstractContextManager[None]]
Work = Callable[["EmbeddedDocuments"], Awaitable[None]]

_PAGE = 1000


def documents_app(load: Load, run: Run, failures: Failures) -> typer.Typer:
    """``load`` reads the settings, ``run`` runs the work, ``failures`` turns errors into a text and an exit code."""
    app = typer.Typer(
        help="Documents that skills can search: those of the index inside the kernel.", no_args_is_help=True
    )
    commands = _Commands(load, run, failures)
    app.command("add")(commands.add)
    app.command("list")(commands.show)
    app.command("remove")(commands.remove)
    app.command("index")(commands.index)
    app.command("search")(commands.search)
    return app


class _Commands:
    def __init__(self, load: Load, run: Run, failures: Failures) -> None:
        self._load = load
        self._run = run
        self._failures = failures
        self._out = Console(soft_wrap=True, highlight=False)
        self._progress = Console(stderr=True)

    def add(
        self,
        context: typer.Context,
        collection: Collection,
        paths: Annotated[list[Path], typer.Argument(metavar="PATH...", exists=True, help="Files or directories.")],
        metadata: Annotated[
            list[str], typer.Option("--metadata", metavar="FIELD=JSON", help="For filters; a text needs no quotes.")
        ] = [],  # noqa: B006  # typer copies it
        prefix: Annotated[str, typer.Option("--prefix", metavar="TEXT", help="Put before the documents' names.")] = "",
        config: Config = None,
    ) -> None:
        """Add text, Markdown, HTML and PDF files, and those below directories; what is there is updated."""
        with self._failures():
            at = _collection(collection)
            fields = _fields(metadata)
            try:
                files = files_of(paths, prefix)
            except NoDocuments as error:
                raise typer.BadParameter(str(error), param_hint="PATH") from None

            async def work(library: EmbeddedDocuments) -> None:
                added = await add(library, at, files, fields, self._progress)
                failed = f", {added.failed} failed" if added.failed else ""
                self._out.print(f"{at}: {added.new} added, {added.updated} updated{failed}")
                if added.failed:
                    raise typer.Exit(1)

            self._do(work, context, config)

    def show(
        self,
        context: typer.Context,
        collection: Annotated[
            str | None, typer.Argument(metavar="NAMESPACE/COLLECTION", help="Of which to list the documents.")
        ] = None,
        config: Config = None,
    ) -> None:
        """List the collections, or the documents of one."""
        with self._failures():
            at = None if collection is None else _collection(collection)

            async def work(library: EmbeddedDocuments) -> None:
                if at is None:
                    await _print_collections(library, self._out)
                else:
                    await _print_names(library, at)

            self._do(work, context, config)

    def remove(
        self,
        context: typer.Context,
        collection: Collection,
        names: Annotated[list[str] | None, typer.Argument(metavar="DOCUMENT...", help="Their names.")] = None,
        everything: Annotated[bool, typer.Option("--all", help="The whole collection.")] = False,
        config: Config = None,
    ) -> None:
        """Remove documents, or a whole collection."""
        with self._failures():
            at = _collection(collection)
            if bool(names) == everything:
                raise typer.BadParameter("name the documents, or say --all", param_hint="DOCUMENT")

            async def work(library: EmbeddedDocuments) -> None:
                for name in names or ():
                    await library.remove(DocPath(at.namespace, at.collection, name))
                    self._out.print(f"{at}: removed {name}", markup=False)
                if everything:
                    await library.remove_collection(at)
                    self._out.print(f"{at}: removed")

            self._do(work, context, config)

    def index(
        self,
        context: typer.Context,
        collection: Collection,
        name: Annotated[str, typer.Argument(metavar="INDEX", help="Its name.")],
        passage_characters: Annotated[
            int, typer.Option("--passage-characters", min=20, max=100_000, help="Most of a passage.")
        ] = 800,
        overlap_characters: Annotated[
            int, typer.Option("--overlap-characters", min=0, help="Most that neighbours share.")
        ] = 100,
        hybrid: Annotated[bool, typer.Option(help="Find passages by their words too.")] = True,
        config: Config = None,
    ) -> None:
        """Give a collection an index of another shape; its documents are cut anew."""
        with self._failures():
            at = _collection(collection)
            index = IndexDefinition(name, passage_characters, overlap_characters, hybrid)
            self._do(lambda library: library.define(at, index), context, config)

    def search(
        self,
        context: typer.Context,
        collection: Collection,
        query: Annotated[str, typer.Argument(metavar="QUERY", help="What to look for.")],
        limit: Annotated[int, typer.Option("--limit", min=1, help="Most results.")] = 3,
        index: Annotated[str, typer.Option("--index", help="In which index.")] = DEFAULT_INDEX,
        config: Config = None,
    ) -> None:
        """Show what a skill would find."""
        with self._failures():
            at = _collection(collection)
            request = SearchRequest(IndexPath(at.namespace, at.collection, index), query, limit)

            async def work(library: EmbeddedDocuments) -> None:
                for hit in await library.search(request, LOCAL):
                    place = f"{hit.path.name} {hit.start.item}:{hit.start.position}-{hit.end.position}"
                    self._out.print(f"{hit.score:.3f} {place}\n{hit.text}\n", markup=False)

            self._do(work, context, config)

    def _do(self, work: Work, context: typer.Context, config: Path | None) -> None:
        """With the index of the settings."""

        async def within() -> None:
            async with _library(self._load(config or context.obj[0])) as library:
                await work(library)

        self._run(within())


@asynccontextmanager
async def _library(settings: Settings) -> AsyncGenerator[EmbeddedDocuments, None]:
    from pharia_kernel.composition.documents import document_index, kept_here  # `--version` should not wait for it

    async with kept_here(document_index(settings)) as library:
        yield library


async def _print_collections(library: EmbeddedDocuments, out: Console) -> None:
    table = Table("Collection", "Documents", "Passages", "Indexes", "Embedding", box=None)
    for one in await library.collections():
        indexes = ", ".join(index.name for index in one.indexes)
        at = f"{one.namespace}/{one.collection}"
        table.add_row(at, str(one.documents), str(one.passages), indexes, one.embedding)
    out.print(table if table.row_count else "No documents yet (see pharia-kernel documents add --help)")


async def _print_names(library: EmbeddedDocuments, at: CollectionPath) -> None:
    after = ""
    while page := await library.names(at, after, _PAGE):
        for document in page:
            typer.echo(f"{document.updated}  {document.name}")
        after = page[-1].name


def _collection(text: str) -> CollectionPath:
    try:
        return CollectionPath.parse(text)
    except InvalidCsiRequest as error:
        raise typer.BadParameter(str(error), param_hint="NAMESPACE/COLLECTION") from None


def _fields(given: list[str]) -> dict[str, Any] | None:
    """``year=2024`` is a number, ``author=Ann`` a text."""
    found: dict[str, Any] = {}
    for one in given:
        name, equals, value = one.partition("=")
        if not name or not equals:
            raise typer.BadParameter(f"{one!r} is not FIELD=JSON", param_hint="--metadata")
        try:
            found[name] = msgspec.json.decode(value)
        except msgspec.DecodeError:
            found[name] = value
    return found or None
