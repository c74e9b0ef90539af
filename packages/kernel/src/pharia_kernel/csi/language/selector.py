"""The driver: a few detector processes, started when they are needed."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass
from importlib.util import find_spec

from pharia_kernel.csi.language.process import DetectorProcess, ProcessEnded
from pharia_kernel.csi.language.selection import CODES
from pharia_kernel.csi.language_detector import Question, Verdict, frame
from pharia_kernel.csi.types import LanguageRequest
from pharia_kernel.errors import BackendFailed, BackendTimeout, BackendUnavailable, InvalidCsiRequest, NotConfigured

logger = logging.getLogger("pharia_kernel.language")

MIB = 1024 * 1024
_SHOWN = 40


@dataclass(frozen=True, slots=True)
class LanguageOptions:
    processes: int = 2
    """Texts looked at at the same time."""
    memory_bytes: int = 1536 * MIB
    """Of a process; one that has more is ended after its answer. All languages at once take 1.1 GB."""
    text_bytes: int = 4 * MIB
    """Of one text, in UTF-8."""
    answer_seconds: float = 60.0
    """For one text. Loading languages takes a tenth of a second each, a word of 100,000 letters takes three seconds."""


class LanguageSelector:
    """Implements :class:`~pharia_kernel.csi.language.selection.LanguageSelection`.

    An async context manager that owns the processes. An idle one is used again, and keeps the languages it has loaded.
    """

    def __init__(self, options: LanguageOptions = LanguageOptions()) -> None:
        self._options = options
        self._places = asyncio.Semaphore(options.processes)
        self._idle: list[DetectorProcess] = []
        self._closed = True

    async def __aenter__(self) -> LanguageSelector:
        self._closed = False
        return self

    async def __aexit__(self, *exc: object) -> None:
        self._closed = True
        while self._idle:
            await self._idle.pop().end()

    @property
    def idle(self) -> tuple[DetectorProcess, ...]:
        """The processes that wait for a text."""
        return tuple(self._idle)

    async def select(self, request: LanguageRequest) -> str | None:
        self._check(request)
        if not request.candidates:
            return None
        try:
            question = frame(Question(request.text, sorted(set(request.candidates))))
        except UnicodeEncodeError:
            raise InvalidCsiRequest(
                "select_language: the text has half of a surrogate pair, which is no character"
            ) from None
        async with self._places:
            if self._closed:
                raise BackendUnavailable("select_language: the kernel is stopping")
            verdict = await self._asked(question)
        if verdict.error is not None:
            raise BackendFailed(f"select_language: the detector failed ({verdict.error})")
        logger.info("selected language %s", verdict.code)
        return verdict.code

    async def _asked(self, question: bytes) -> Verdict:
        while self._idle:
            try:
                return await self._answer(self._idle.pop(), question)
            except ProcessEnded:
                logger.warning("a detector process ended; the text goes to another one")
        try:
            return await self._answer(await DetectorProcess.start(), question)
        except ProcessEnded:
            raise BackendFailed("select_language: the detector's process ended amid its work") from None

    async def _answer(self, process: DetectorProcess, question: bytes) -> Verdict:
        keep = False
        try:
            async with asyncio.timeout(self._options.answer_seconds):
                verdict = await process.ask(question)
            keep = process.memory_bytes <= self._options.memory_bytes and not self._closed
        except TimeoutError:
            raise BackendTimeout(
                f"select_language: no answer within {self._options.answer_seconds:g} s (very long words take long)"
            ) from None
        finally:
            if keep:
                self._idle.append(process)
            else:
                await process.end()
        return verdict

    def _check(self, request: LanguageRequest) -> None:
        for code in request.candidates:
            if code not in CODES:
                raise InvalidCsiRequest(
                    f"select_language: the language {code[:_SHOWN]!r} is unsupported; candidates are ISO 639-3 codes "
                    f"such as eng, of {len(CODES)} languages"
                )
        if find_spec("lingua") is None:
            raise NotConfigured(
                'selecting languages needs a package that is not installed (pip install "pharia-kernel[language]")'
            )
        limit, size = self._options.text_bytes, len(request.text)
        if size > limit or (4 * size > limit and len(request.text.encode("utf-8", "replace")) > limit):
            raise InvalidCsiRequest(
                f"select_language: the text has more than {limit:,} bytes; a few sentences are enough "
                "(set LANGUAGE_SELECTION__TEXT_BYTES)"
            )
