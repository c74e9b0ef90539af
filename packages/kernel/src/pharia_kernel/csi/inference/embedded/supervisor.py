"""Keeps one model process running."""

from __future__ import annotations

import asyncio
import logging
from importlib.util import find_spec
from typing import Literal

from pharia_kernel.csi.inference.embedded.model import EmbeddedOptions, model_file
from pharia_kernel.csi.inference.embedded.process import model_process
from pharia_kernel.csi.inference.openai import OpenAiBackend, OpenAiOptions, RetryPolicy
from pharia_kernel.errors import BackendUnavailable, CsiError, NotConfigured

logger = logging.getLogger("pharia_kernel.inference")

_FIRST_PAUSE = 0.1
_LONGEST_PAUSE = 30.0
_STABLE_SECONDS = 60.0
"""A process that ran this long is started again at once."""
_ANSWER_SECONDS = 600.0
_CONTROL_TOKENS = ("<|im_start|>", "<|im_end|>", "<|endoftext|>")

State = Literal["starting", "ready", "failed"]


class ModelSupervisor:
    """An async context manager. Entering starts the model in the background; a model that ends is started again."""

    def __init__(self, options: EmbeddedOptions) -> None:
        self._options = options
        self._backend: OpenAiBackend | None = None
        self._process_id: int | None = None
        self._error: CsiError | None = None
        self._settled = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    async def __aenter__(self) -> ModelSupervisor:
        self._task = asyncio.create_task(self._supervise(), name="embedded-model")
        return self

    async def __aexit__(self, *exc: object) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait([self._task])
            self._task = None

    @property
    def state(self) -> State:
        if self._backend is not None:
            return "ready"
        return "starting" if self._error is None else "failed"

    @property
    def process_id(self) -> int | None:
        """Of the process that holds the model, while it is ready."""
        return self._process_id

    async def backend(self) -> OpenAiBackend:
        """Waits until the model is loaded; raises why it can not be."""
        try:
            async with asyncio.timeout(self._options.start_seconds):
                while self._backend is None:
                    if self._error is not None:
                        raise type(self._error)(str(self._error))
                    await self._settled.wait()
        except TimeoutError:
            error = BackendUnavailable(f"the embedded model {self._options.name} is still being started")
            error.retry_after = 5
            raise error from None
        return self._backend

    async def _supervise(self) -> None:
        pause = _FIRST_PAUSE
        loop = asyncio.get_running_loop()
        while True:
            began = loop.time()
            try:
                await self._run_once()
            except NotConfigured as error:
                self._fail(error)
                pause = _LONGEST_PAUSE
            except CsiError as error:
                self._fail(error)
            except Exception as fault:
                logger.exception("the embedded model can not be started")
                self._fail(BackendUnavailable(f"the embedded model can not be started: {fault}"))
            if loop.time() - began > _STABLE_SECONDS:
                pause = _FIRST_PAUSE
            await asyncio.sleep(pause)
            pause = min(2 * pause, _LONGEST_PAUSE)

    async def _run_once(self) -> None:
        if find_spec("xllamacpp") is None:
            raise NotConfigured(
                'the embedded model needs a package that is not installed (pip install "pharia-kernel[model]"), or '
                "configure another backend with OPENAI_INFERENCE__URL"
            )
        file = await model_file(self._options)
        async with model_process(file, self._options) as model, OpenAiBackend(self._client(model.url, model.key)) as it:
            self._backend, self._process_id, self._error = it, model.process.pid, None
            self._settled.set()
            logger.info("the embedded model %s is ready", self._options.name)
            try:
                reason = await model.ended()
            finally:
                self._backend = self._process_id = None
                self._settled.clear()
            logger.error("the embedded model %s ended (%s); starting it again", self._options.name, reason)

    def _client(self, url: str, key: str) -> OpenAiOptions:
        return OpenAiOptions(
            url=f"{url}/v1",
            token=key,
            name=f"the embedded model {self._options.name}",
            answer_seconds=_ANSWER_SECONDS,
            retry=RetryPolicy(retries=0),
            keep_alive=False,  # an idle connection would hold one of the server's threads
            special_tokens={"preserved_tokens": _CONTROL_TOKENS},
        )

    def _fail(self, error: CsiError) -> None:
        if self._error is None or str(self._error) != str(error):
            logger.error("%s", error)
        self._error = error
        self._settled.set()
