"""The driver: finds the measure for a model, then splits on a thread."""

from __future__ import annotations

import logging
import threading
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from importlib.util import find_spec

from pharia_kernel.csi.chunking.chunking import Chunked
from pharia_kernel.csi.chunking.measure import Characters, Measure
from pharia_kernel.csi.chunking.sources import TokenizerSource
from pharia_kernel.csi.chunking.threads import Stopped, WorkThreads
from pharia_kernel.csi.chunking.tokenizers import Tokenizers
from pharia_kernel.csi.types import Chunk, ChunkRequest
from pharia_kernel.errors import BackendFailed, CsiError, InvalidCsiRequest, KernelError, NotConfigured
from pharia_kernel.types import Caller

logger = logging.getLogger("pharia_kernel.tokenizers")

MIB = 1024 * 1024
_LARGEST = 2**32 - 1
"""What the newest interfaces can say."""
_NAMES_NOTED = 1000
"""Skills choose the names, so what is remembered of them is bounded."""


@dataclass(frozen=True, slots=True)
class ChunkingOptions:
    fall_back: bool = False
    """Measure in characters where there is no tokenizer."""
    text_bytes: int = 16 * MIB
    """Of one text, in UTF-8."""
    threads: int | None = None
    tokenizers: int = 8
    """How many stay in memory; one takes 10 to 150 MB, by its vocabulary."""


class Chunker:
    """Implements :class:`~pharia_kernel.csi.chunking.chunking.Chunking`.

    An async context manager that owns its ``sources``; they are asked for a model's tokenizer in their order.
    """

    def __init__(self, options: ChunkingOptions, sources: Sequence[TokenizerSource] = ()) -> None:
        self._options = options
        self._sources = sources
        self._threads = WorkThreads(options.threads)
        self._tokenizers = Tokenizers(sources, self._threads, options.tokenizers)
        self._noted: set[str] = set()
        self._stack = AsyncExitStack()

    async def __aenter__(self) -> Chunker:
        async with AsyncExitStack() as stack:
            for source in self._sources:
                await stack.enter_async_context(source)
            await stack.enter_async_context(self._threads)
            self._stack = stack.pop_all()
        return self

    async def __aexit__(self, *exc: object) -> None:
        await self._stack.aclose()

    async def chunk(self, request: ChunkRequest, caller: Caller) -> Chunked:
        self._check(request)
        measure, reason = await self._measure(request.model, caller)
        return Chunked(await self._threads.run(lambda stop: _split(request, measure, stop)), measure.unit, reason)

    async def _measure(self, model: str, caller: Caller) -> tuple[Measure, str | None]:
        try:
            return await self._tokenizers.of(model, caller), None
        except CsiError as error:
            if not self._options.fall_back:
                raise
            if model not in self._noted and len(self._noted) < _NAMES_NOTED:
                self._noted.add(model)
                logger.warning("chunks for model %s are measured in characters: %s", model, error)
            return Characters(), error.code

    def _check(self, request: ChunkRequest) -> None:
        if find_spec("semantic_text_splitter") is None or find_spec("tokenizers") is None:
            raise NotConfigured(
                'chunking needs packages that are not installed (pip install "pharia-kernel[chunking]")'
            )
        most, overlap, limit = request.max_tokens, request.overlap, self._options.text_bytes
        if not 0 < most <= _LARGEST:
            raise InvalidCsiRequest(f"chunk: max_tokens must be between 1 and {_LARGEST}, not {most}")
        if not 0 <= overlap < most:
            raise InvalidCsiRequest(f"chunk: the overlap ({overlap}) must be smaller than max_tokens ({most})")
        if len(request.text) > limit or (4 * len(request.text) > limit and _utf8(request.text) > limit):
            raise InvalidCsiRequest(
                f"chunk: the text has more than {limit:,} bytes; let the skill send it in parts, or raise the limit "
                "(set CHUNKING__TEXT_BYTES)"
            )


def _utf8(text: str) -> int:
    return len(text) if text.isascii() else len(text.encode("utf-8", "replace"))


def _split(request: ChunkRequest, measure: Measure, stop: threading.Event) -> list[Chunk]:
    from pharia_kernel.csi.chunking.splitting import split  # needs packages of the extra

    try:
        return split(request, measure, stop)
    except (KernelError, Stopped):
        raise
    except UnicodeEncodeError:
        raise InvalidCsiRequest("chunk: the text has half of a surrogate pair, which is no character") from None
    except Exception as fault:  # of the tokenizer: the library raises nothing narrower
        raise BackendFailed(f"the tokenizer of model {request.model!r} can not read the text: {fault}") from None
