"""The model's process: started, watched, ended with its owner."""

from __future__ import annotations

import asyncio
import logging
import secrets
import sys
from collections import deque
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from pharia_kernel.csi.child_environment import child_environment
from pharia_kernel.csi.inference.embedded.model import EmbeddedOptions
from pharia_kernel.errors import BackendUnavailable

logger = logging.getLogger("pharia_kernel.inference.model")

_MODULE = "pharia_kernel.csi.inference.model_server"
_END_SECONDS = 5.0


class _Reply(msgspec.Struct):
    url: str | None = None
    error: str | None = None


@dataclass(slots=True)
class ModelProcess:
    """A model that is loaded and answers at ``url`` to who knows ``key``."""

    process: asyncio.subprocess.Process
    key: str = field(repr=False)
    url: str = ""
    last_words: deque[str] = field(default_factory=lambda: deque(maxlen=5))

    async def ended(self) -> str:
        """Waits for the end; gives the exit code and the last lines of the log."""
        code = await self.process.wait()
        return f"exit code {code}" + "".join(f"; {line}" for line in self.last_words)


@asynccontextmanager
async def model_process(file: Path, options: EmbeddedOptions) -> AsyncGenerator[ModelProcess, None]:
    """Starts the process and waits until the model is loaded; leaving the context ends it.

    Raises :class:`BackendUnavailable` if that fails or takes longer than ``start_seconds``.
    """
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-P", "-m", _MODULE),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env=child_environment(),
        start_new_session=True,  # an interrupt in the terminal is the kernel's to handle
    )
    model = ModelProcess(process, secrets.token_hex(32))
    log = asyncio.create_task(_log(model))
    try:
        model.url = await _loaded(model, file, options)
        yield model
    finally:
        await _end(process)
        await log


async def _loaded(model: ModelProcess, file: Path, options: EmbeddedOptions) -> str:
    stdin, stdout = model.process.stdin, model.process.stdout
    assert stdin is not None
    assert stdout is not None
    order = {
        "file": str(file),
        "name": options.name,
        "key": model.key,
        "parallel": options.parallel,
        "context": options.context,
        "threads": options.chosen_threads,
    }
    try:
        async with asyncio.timeout(options.start_seconds):
            stdin.write(msgspec.json.encode(order) + b"\n")
            line = await stdout.readline()
    except TimeoutError:
        raise BackendUnavailable(
            f"the embedded model {options.name} did not load within {options.start_seconds:g} s"
        ) from None
    reply = msgspec.json.decode(line, type=_Reply) if line else _Reply(error=await model.ended())
    if reply.url is None:
        raise BackendUnavailable(f"the embedded model {options.name} can not be loaded from {file}: {reply.error}")
    return reply.url


async def _end(process: asyncio.subprocess.Process) -> None:
    assert process.stdin is not None
    process.stdin.close()
    try:
        async with asyncio.timeout(_END_SECONDS):
            await process.wait()
    except TimeoutError:
        process.kill()
        await process.wait()
    finally:
        if process.returncode is None:
            process.kill()


async def _log(model: ModelProcess) -> None:
    stderr = model.process.stderr
    assert stderr is not None
    rest = b""
    while data := await stderr.read(64 * 1024):
        *lines, rest = (rest + data).split(b"\n")
        rest = rest[-4096:]
        for line in lines:
            text = line[:1000].decode("utf-8", "replace")
            model.last_words.append(text)
            logger.debug("%s", text)
