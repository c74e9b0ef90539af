"""One directory, several processes; a writer that is killed."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from doubles.library import AT, find, library, text

_WRITER = """
import asyncio, sys
from pathlib import Path
from doubles.library import AT, library, text

async def main():
    async with library(Path(sys.argv[1])) as opened:
        for turn in range(1, 1_000_000):
            await opened.put(AT, [text(name, f"{name} of turn {turn}. " + "More words. " * 200) for name in ("a", "b")])
            print(turn, flush=True)

asyncio.run(main())
"""


@asynccontextmanager
async def writing(directory: Path) -> AsyncIterator[asyncio.subprocess.Process]:
    """Puts the same two documents again and again; says each turn when it is done. Killed at the end."""
    doubles = str(Path(__file__).parents[2])
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", f"import sys; sys.path.insert(0, {doubles!r}){_WRITER}", str(directory)),
        stdout=asyncio.subprocess.PIPE,
    )
    try:
        yield process
    finally:
        process.kill()
        await process.communicate()


async def said(process: asyncio.subprocess.Process) -> int:
    assert process.stdout is not None
    return int(await process.stdout.readline())


async def test_a_reader_sees_what_another_process_writes_whole_or_not_at_all(tmp_path: Path) -> None:
    async with writing(tmp_path) as writer, library(tmp_path) as reader:
        seen: set[int] = set()
        await said(writer)
        while len(seen) < 2:
            hits = await find(reader, "turn", 100)
            names = {hit.path.name for hit in hits}
            turns = {int(hit.text.split("turn ")[1].split(".")[0]) for hit in hits if "turn " in hit.text}
            assert names == {"a", "b"}
            assert len(turns) == 1
            seen |= turns


async def test_nothing_is_lost_when_a_writer_is_killed(tmp_path: Path) -> None:
    async with writing(tmp_path) as writer:
        last = await said(writer)
    async with library(tmp_path) as opened:
        assert [one.name for one in await opened.names(AT)] == ["a", "b"]
        first = [hit for hit in await find(opened, "of turn", 100) if hit.start.position == 0]
        assert {hit.path.name for hit in first} == {"a", "b"}
        (turn,) = {hit.text.split(". ")[0].split()[-1] for hit in first}
        assert int(turn) >= last
        (stored,) = await opened.put(AT, [text("a", "A writer after the killed one.")])
        assert stored.replaced
