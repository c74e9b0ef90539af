"""10 MB of text into chunks: the kernel's driver beside a plain use of the library that both use.

Processor time, so that other work on the machine does not count. The texts take turns. The second comparison is a text
that is one long line with a line break at its end, as many files are.
"""

from __future__ import annotations

import asyncio
import random
import time

from semantic_text_splitter import TextSplitter
from tokenizers import Tokenizer

from bench.report import Line, at_least, at_most, show
from pharia_kernel.csi.chunking import Chunker, ChunkingOptions
from pharia_kernel.csi.chunking.embedded import EmbeddedTokenizer, tokenizer_of
from pharia_kernel.csi.inference.embedded import EmbeddedOptions
from pharia_kernel.csi.inference.embedded.model import model_file
from pharia_kernel.csi.types import Chunk, ChunkRequest
from pharia_kernel.types import Caller

TEXTS = 10
SIZE = 1_000_000
LONG_LINE = 30_000
LIMITS = ((100, 0), (500, 100))
"""Tokens of a chunk, and of overlap."""
_SYLLABLES = (
    "ta",
    "ri",
    "on",
    "kel",
    "sys",
    "mo",
    "der",
    "pha",
    "ing",
    "ö",
    "lu",
    "ver",
    "est",
    "qua",
    "ti",
    "en",
    "st",
)


def prose(seed: int, size: int) -> str:
    """Words in sentences, in paragraphs; ten thousand different words, the short ones more often."""
    draw = random.Random(seed)
    words = ["".join(draw.choices(_SYLLABLES, k=1 + at // 2500)) for at in range(10_000)]
    often = [1 / (at + 10) for at in range(10_000)]
    paragraphs: list[str] = []
    length = 0
    while length < size:
        sentences = [
            " ".join(draw.choices(words, often, k=draw.randint(4, 25))) + "." for _ in range(draw.randint(1, 8))
        ]
        paragraphs.append(" ".join(sentences))
        length += len(paragraphs[-1]) + 2
    return "\n\n".join(paragraphs)[:size]


def plain(tokenizer: Tokenizer, text: str, most: int, overlap: int) -> list[tuple[int, str]]:
    return TextSplitter.from_huggingface_tokenizer(tokenizer, most, overlap).chunk_indices(text)


async def ours(chunker: Chunker, text: str, most: int, overlap: int) -> list[tuple[int | None, str]]:
    chunked = await chunker.chunk(ChunkRequest(text, "any", most, overlap, char_offsets=True), Caller())
    return [_place(chunk) for chunk in chunked.chunks]


def _place(chunk: Chunk) -> tuple[int | None, str]:
    return chunk.char_offset, chunk.text


def _timed(seconds: list[float], begin: float) -> None:
    seconds.append(time.process_time() - begin)


async def compare(chunker: Chunker, tokenizer: Tokenizer, texts: list[str], most: int, overlap: int) -> list[float]:
    """Seconds of the library alone, and of the driver."""
    alone: list[float] = []
    driver: list[float] = []
    for text in texts:
        begin = time.process_time()
        expected = plain(tokenizer, text, most, overlap)
        _timed(alone, begin)
        begin = time.process_time()
        found = await ours(chunker, text, most, overlap)
        _timed(driver, begin)
        assert found == expected
    return [sum(alone), sum(driver)]


async def _pause(chunker: Chunker, text: str) -> float:
    """Longest time in which nothing else could run, in seconds."""
    task = asyncio.create_task(ours(chunker, text, *LIMITS[0]))
    worst, last = 0.0, time.perf_counter()
    while not task.done():
        await asyncio.sleep(0)
        now = time.perf_counter()
        worst, last = max(worst, now - last), now
    return worst


async def measure() -> list[Line]:
    options = EmbeddedOptions()

    async def ready() -> None:
        """Only the tokenizer of the model is needed."""

    tokenizer = tokenizer_of(await model_file(options))
    texts = [prose(seed, SIZE) for seed in range(TEXTS)]
    lines: list[Line] = []
    async with Chunker(ChunkingOptions(), [EmbeddedTokenizer(options, ready)]) as chunker:
        await ours(chunker, "warm", 10, 0)
        for most, overlap in LIMITS:
            alone, driver = await compare(chunker, tokenizer, texts, most, overlap)
            what = f"{TEXTS} MB, {most} tokens, overlap {overlap}"
            lines.append(Line(f"{what}: the library alone", alone, "s"))
            lines.append(Line(f"{what}: the kernel's driver", driver, "s"))
            lines.append(at_most(f"{what}: ratio", driver / alone, "x", 1.15))
        lines.append(Line("longest pause of the event loop meanwhile", 1e3 * await _pause(chunker, texts[0]), "ms"))
        line = prose(0, LONG_LINE).replace("\n\n", " ") + "\n"
        alone, driver = await compare(chunker, tokenizer, [line], *LIMITS[0])
        lines.append(at_least(f"one line of {LONG_LINE:,} characters: times faster", alone / driver, "x", 1))
    return lines


def main() -> None:
    show("Texts into chunks, SmolLM2's tokenizer, processor time", asyncio.run(measure()))


if __name__ == "__main__":
    main()
