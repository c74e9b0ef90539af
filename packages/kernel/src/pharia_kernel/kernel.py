"""The composition root: settings in, a running kernel out.

async with Kernel(settings) as kernel:
    await kernel.run("dev/haiku", {"topic": "oat milk"})
"""

from __future__ import annotations

from contextlib import AbstractAsyncContextManager, AsyncExitStack
from dataclasses import dataclass
from typing import Literal

import msgspec
from opentelemetry import trace

from pharia_kernel.config import Settings
from pharia_kernel.csi.bound import Drivers, InvocationCsi, ToolEventSink
from pharia_kernel.csi.chunking import Chunker, ChunkingOptions
from pharia_kernel.csi.chunking.aleph_alpha import RemoteTokenizers
from pharia_kernel.csi.chunking.embedded import EmbeddedTokenizer
from pharia_kernel.csi.chunking.sources import TokenizerFiles, TokenizerSource
from pharia_kernel.csi.csi import Csi
from pharia_kernel.csi.inference.absent import AbsentBackend
from pharia_kernel.csi.inference.backend import InferenceBackend
from pharia_kernel.csi.inference.embedded import EmbeddedBackend, EmbeddedOptions
from pharia_kernel.csi.inference.openai import OpenAiBackend, OpenAiOptions
from pharia_kernel.csi.language import LanguageOptions, LanguageSelector
from pharia_kernel.csi.tools import TEST_NAMESPACE, NativeTools
from pharia_kernel.csi.types import ToolInfo
from pharia_kernel.errors import ConfigError, MalformedRequest, NamespaceNotFound, Saturated
from pharia_kernel.invocations import Answer, CallLimits, EventStream, Invocations
from pharia_kernel.runtimes.builtin import builtin_skills
from pharia_kernel.runtimes.skill import Runtime, SkillLimits
from pharia_kernel.runtimes.wasm import EngineOptions, WasmRuntime
from pharia_kernel.skills import DirectoryRegistry, NamespaceStatus, SkillStore, Source
from pharia_kernel.telemetry.propagation import trace_headers
from pharia_kernel.types import Caller, JsonValue, SkillMetadata, SkillPath

_SPARE_INSTANCES = 40
"""For metadata requests, which do not wait for a place among the calls."""
_SETTLE = 0.8
"""Part of the scan interval; less than one, so that the second scan is always late enough."""


InferenceState = Literal["starting", "ready", "failed"]


@dataclass(frozen=True, slots=True)
class InferenceStatus:
    source: str
    """What answers model requests: ``openai``, ``embedded``, ``none``, or ``custom`` for one handed in."""
    state: InferenceState


@dataclass(frozen=True, slots=True)
class KernelStatus:
    """For those who watch the kernel; ``ready`` means that it takes calls."""

    ready: bool
    namespaces: dict[str, NamespaceStatus]
    inference: InferenceStatus
    running_calls: int
    queued_calls: int


@dataclass(frozen=True, slots=True)
class _Parts:
    store: SkillStore
    invocations: Invocations
    source: str
    backend: InferenceBackend

    @property
    def inference(self) -> InferenceStatus:
        state = self.backend.state if isinstance(self.backend, EmbeddedBackend) else "ready"
        return InferenceStatus(self.source, state)


class Kernel:
    """Every part, as one async context manager.

    Leaving it lets running calls finish for ``limits.grace_seconds``, then stops them. Before and after, calls raise
    :class:`~pharia_kernel.errors.Saturated`.
    """

    def __init__(
        self,
        settings: Settings,
        *,
        runtime: AbstractAsyncContextManager[Runtime] | None = None,
        backend: InferenceBackend | None = None,
        tracer: trace.Tracer | None = None,
    ) -> None:
        """``runtime`` and ``backend`` stand in for those of the settings; the kernel enters and leaves them.

        ``tracer`` makes the spans of calls; without it the program's global provider does.
        """
        self._settings = settings
        self._runtime = runtime
        self._backend = backend
        self._tracer = tracer or trace.get_tracer("pharia_kernel")
        self._parts: _Parts | None = None
        self._stack = AsyncExitStack()

    async def __aenter__(self) -> Kernel:
        async with AsyncExitStack() as stack:
            self._parts = await self._compose(stack)
            self._stack = stack.pop_all()
        return self

    async def __aexit__(self, *exc: object) -> None:
        try:
            await self._stack.aclose()
        finally:
            self._parts = None

    async def run(self, skill: str | SkillPath, input: JsonValue, *, caller: Caller = Caller()) -> JsonValue:  # noqa: B008  # frozen
        """Call a function skill with a value and get a value; cancelling stops the skill.

        Raises :class:`~pharia_kernel.errors.KernelError`.
        """
        path = SkillPath.parse(skill) if isinstance(skill, str) else skill
        try:
            encoded = msgspec.json.encode(input)
        except (TypeError, ValueError, RecursionError) as error:
            raise MalformedRequest(f"the input of {path} can not be written as JSON: {error}") from error
        return msgspec.json.decode((await self.invoke(path, encoded, caller)).output)

    async def invoke(self, skill: SkillPath, input: bytes, caller: Caller) -> Answer:
        """Call a function skill with JSON and get JSON; cancelling stops the skill.

        Raises :class:`~pharia_kernel.errors.KernelError`.
        """
        return await self._running.invocations.invoke(skill, input, caller)

    def stream(self, skill: SkillPath, input: bytes, caller: Caller) -> AbstractAsyncContextManager[EventStream]:
        """Run a message-stream skill while the context is open; leaving it stops the skill and waits for its end.

        Every failure, also of an unknown skill, is a last :class:`~pharia_kernel.types.Failed` event.
        """
        return self._running.invocations.stream(skill, input, caller)

    async def metadata(self, skill: SkillPath) -> SkillMetadata:
        return await self._running.invocations.metadata(skill)

    def csi(self, namespace: str, caller: Caller) -> AbstractAsyncContextManager[Csi]:
        """What a skill of the namespace could ask for, under the limits of a call; tools need the namespace's name."""
        return self._running.invocations.csi(namespace, caller)

    async def tools(self, namespace: str, caller: Caller) -> list[ToolInfo]:
        """Raises :class:`~pharia_kernel.errors.NamespaceNotFound`."""
        self._check_known(namespace)
        async with self.csi(namespace, caller) as csi:
            return await csi.list_tools()

    def mcp_servers(self, namespace: str) -> list[str]:
        """Their URLs. Raises :class:`~pharia_kernel.errors.NamespaceNotFound`."""
        self._check_known(namespace)
        return []

    def skills(self) -> list[SkillPath]:
        """Every configured skill, sorted; also those that can not be loaded, never the built-in ones."""
        return self._running.store.skills()

    def cached(self) -> list[SkillPath]:
        """The skills with a loaded version."""
        return self._running.store.cached()

    def evict(self, skill: SkillPath) -> bool:
        """Forget a skill's loaded version, so that the next call loads it afresh; True if there was one."""
        return self._running.store.evict(skill)

    async def loaded(self) -> None:
        """Wait until the skills found so far are loaded, or known to be broken."""
        await self._running.store.loaded()

    def status(self) -> KernelStatus:
        parts = self._parts
        if parts is None:
            return KernelStatus(False, {}, InferenceStatus("none", "ready"), 0, 0)
        calls = parts.invocations
        return KernelStatus(not calls.stopping, parts.store.status(), parts.inference, calls.running, calls.queued)

    @property
    def _running(self) -> _Parts:
        if self._parts is None:
            raise Saturated("the kernel is not running")
        return self._parts

    def _check_known(self, namespace: str) -> None:
        if namespace != TEST_NAMESPACE and namespace not in self._settings.namespaces:
            raise NamespaceNotFound(f"Namespace '{namespace}' not found")

    async def _compose(self, stack: AsyncExitStack) -> _Parts:
        settings = self._settings
        source, backend = _inference(settings) if self._backend is None else ("custom", self._backend)
        tools = NativeTools({name: namespace.native_tools for name, namespace in settings.namespaces.items()})
        drivers = Drivers(
            await stack.enter_async_context(backend),
            tools,
            self._tracer,
            chunking=await stack.enter_async_context(_chunker(settings, backend)),
            language=await stack.enter_async_context(_language_selector(settings)),
        )
        runtime = await stack.enter_async_context(self._runtime or _wasm_runtime(settings))
        store = SkillStore(_sources(settings), runtime, _skill_limits(settings), builtin=builtin_skills())
        await stack.enter_async_context(store)

        def csi(path: SkillPath, caller: Caller, tool_events: ToolEventSink | None) -> InvocationCsi:
            return InvocationCsi(drivers, caller, path.namespace, tool_events)

        invocations = Invocations(store, csi, _call_limits(settings), self._tracer)
        await stack.enter_async_context(invocations)
        return _Parts(store, invocations, source, backend)


def _inference(settings: Settings) -> tuple[str, InferenceBackend]:
    """The chosen source of model answers and its name."""
    choice, endpoint = settings.inference, settings.openai_inference
    if choice == "auto":
        choice = "embedded" if endpoint is None else "openai"
    if choice == "openai":
        if endpoint is None:
            raise ConfigError(
                "inference = openai needs an endpoint (set OPENAI_INFERENCE__URL, OPENAI_INFERENCE__TOKEN)"
            )
        token = endpoint.token.get_secret_value()
        return choice, OpenAiBackend(OpenAiOptions(endpoint.url, token or None), trace_headers=trace_headers)
    if choice == "embedded":
        model = settings.embedded_model
        options = EmbeddedOptions(
            file=model.file,
            any_model=model.any_model,
            context=model.context,
            answer_tokens=model.answer_tokens,
            parallel=model.parallel,
            threads=model.threads,
        )
        return choice, EmbeddedBackend(options)
    return choice, AbsentBackend()


def _chunker(settings: Settings, backend: InferenceBackend) -> Chunker:
    chunking = settings.chunking
    sources: list[TokenizerSource] = []
    if chunking.directory is not None:
        sources.append(TokenizerFiles(chunking.directory))
    if chunking.url is not None:
        sources.append(RemoteTokenizers(chunking.url, trace_headers=trace_headers))
    if isinstance(backend, EmbeddedBackend):
        sources.append(EmbeddedTokenizer(backend.options, backend.ready))
    options = ChunkingOptions(
        fall_back=chunking.fallback == "characters", text_bytes=chunking.text_bytes, threads=settings.threads
    )
    return Chunker(options, sources)


def _language_selector(settings: Settings) -> LanguageSelector:
    language = settings.language_selection
    return LanguageSelector(
        LanguageOptions(
            processes=language.processes, memory_bytes=language.memory_bytes, text_bytes=language.text_bytes
        )
    )


def _skill_limits(settings: Settings) -> SkillLimits:
    limits = settings.limits
    return SkillLimits(memory_bytes=limits.memory_bytes, output_bytes=limits.output_bytes, log_bytes=limits.log_bytes)


def _call_limits(settings: Settings) -> CallLimits:
    limits = settings.limits
    return CallLimits(
        input_bytes=limits.input_bytes,
        deadline_seconds=limits.deadline_seconds,
        concurrent_calls=limits.concurrent_calls,
        queued_calls=limits.queued_calls,
        grace_seconds=limits.grace_seconds,
    )


def _sources(settings: Settings) -> dict[str, Source]:
    interval = settings.directory_scan_interval
    return {
        name: Source(DirectoryRegistry(namespace.directory, settle_seconds=interval * _SETTLE), interval)
        for name, namespace in settings.namespaces.items()
    }


def _wasm_runtime(settings: Settings) -> WasmRuntime:
    options = EngineOptions(
        instances=settings.limits.concurrent_calls + _SPARE_INSTANCES, memory_bytes=settings.limits.memory_bytes
    )
    return WasmRuntime(options, threads=settings.threads, cache_folder=settings.cache_dir / "components")
