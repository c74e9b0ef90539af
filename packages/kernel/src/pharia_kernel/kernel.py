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

from pharia_kernel.composition.drivers import drivers
from pharia_kernel.composition.inference import inference
from pharia_kernel.composition.skills import call_limits, skill_limits, sources, wasm_runtime
from pharia_kernel.config import Settings
from pharia_kernel.csi.bound import InvocationCsi, ToolEventSink
from pharia_kernel.csi.csi import Csi
from pharia_kernel.csi.inference.backend import InferenceBackend
from pharia_kernel.csi.inference.embedded import EmbeddedBackend
from pharia_kernel.csi.tools import TEST_NAMESPACE
from pharia_kernel.csi.types import ToolInfo
from pharia_kernel.errors import MalformedRequest, NamespaceNotFound, Saturated
from pharia_kernel.invocations import Answer, EventStream, Invocations
from pharia_kernel.runtimes.builtin import builtin_skills
from pharia_kernel.runtimes.skill import Runtime
from pharia_kernel.skills import NamespaceStatus, SkillStore
from pharia_kernel.types import Caller, JsonValue, SkillMetadata, SkillPath

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
        source, backend = inference(settings) if self._backend is None else ("custom", self._backend)
        parts = await drivers(settings, backend, self._tracer, stack)
        runtime = await stack.enter_async_context(self._runtime or wasm_runtime(settings))
        store = SkillStore(sources(settings), runtime, skill_limits(settings), builtin=builtin_skills())
        await stack.enter_async_context(store)

        def csi(path: SkillPath, caller: Caller, tool_events: ToolEventSink | None) -> InvocationCsi:
            return InvocationCsi(parts, caller, path.namespace, tool_events)

        invocations = Invocations(store, csi, call_limits(settings), self._tracer)
        await stack.enter_async_context(invocations)
        return _Parts(store, invocations, source, backend)
