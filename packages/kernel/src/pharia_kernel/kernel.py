"""The composition root: settings in, a running kernel out.

async with Kernel(settings) as kernel:
    await kernel.run("dev/haiku", {"topic": "oat milk"})
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

import msgspec
from opentelemetry import trace

from pharia_kernel.access import Access
from pharia_kernel.composition.access import access
from pharia_kernel.composition.documents import kept_here
from pharia_kernel.composition.drivers import drivers
from pharia_kernel.composition.gauges import gauges
from pharia_kernel.composition.inference import inference
from pharia_kernel.composition.instances import SkillBounds
from pharia_kernel.composition.namespaces import NamespaceSources, NamespaceTools
from pharia_kernel.composition.peers import Alone, Peers
from pharia_kernel.composition.reload import LIVE, Reloaded, differences
from pharia_kernel.composition.skill_tools import skill_tool_choices, with_skill_tools
from pharia_kernel.composition.skills import call_limits, every_runtime
from pharia_kernel.composition.status import InferenceStatus, KernelState, KernelStatus
from pharia_kernel.composition.tools import mcp_tools, native_tools
from pharia_kernel.config import Settings
from pharia_kernel.csi.bound import InvocationCsi, ToolEventSink
from pharia_kernel.csi.csi import Csi
from pharia_kernel.csi.documents import DocumentIndex
from pharia_kernel.csi.documents.store import DocumentStore
from pharia_kernel.csi.inference.backend import InferenceBackend
from pharia_kernel.csi.inference.embedded import EmbeddedBackend
from pharia_kernel.csi.meter import Meter
from pharia_kernel.csi.tools import TEST_NAMESPACE, SkillTools, ToolScope
from pharia_kernel.csi.tools.mcp import McpTools
from pharia_kernel.csi.types import ToolInfo
from pharia_kernel.errors import MalformedRequest, NamespaceNotFound, Saturated
from pharia_kernel.invocations import Answer, EventStream, Invocations
from pharia_kernel.quotas import Quotas, Spender
from pharia_kernel.runtimes.builtin import builtin_skills
from pharia_kernel.runtimes.skill import Runtime
from pharia_kernel.skills import NamespaceStatus, SkillStore, SkillType
from pharia_kernel.telemetry.metrics import Metrics
from pharia_kernel.types import LOCAL, Action, Caller, JsonValue, SkillMetadata, SkillPath
from pharia_kernel.usage import UsageQuery, UsageReport, report


@dataclass(frozen=True, slots=True)
class _Parts:
    access: Access
    store: SkillStore
    invocations: Invocations
    source: str
    backend: InferenceBackend
    mcp: McpTools
    documents: DocumentIndex
    sources: NamespaceSources
    tools: NamespaceTools
    skill_tools: SkillTools | None
    bounds: SkillBounds
    quotas: Quotas
    peers: Peers

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
        metrics: Metrics | None = None,
        peers: Peers | None = None,
    ) -> None:
        """``runtime`` and ``backend`` stand in for those of the settings; the kernel enters and leaves them.

        ``tracer`` makes the spans of calls; without it the program's global provider does. ``metrics`` gets the
        numbers. ``peers`` are the other processes that serve the same address; they are entered and left too.
        """
        self._settings = settings
        self._runtime = runtime
        self._backend = backend
        self._tracer = tracer or trace.get_tracer("pharia_kernel")
        self._metrics = metrics or Metrics()
        self._peers = peers or Alone(settings, self._metrics)
        self._parts: _Parts | None = None
        self._draining = False
        self._reloading = asyncio.Lock()
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

    async def run(self, skill: str | SkillPath, input: JsonValue, *, caller: Caller = LOCAL) -> JsonValue:
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
        parts = self._running
        caller = await parts.access.check(caller, skill.namespace, Action.RUN)
        return await parts.invocations.invoke(skill, input, caller)

    @asynccontextmanager
    async def stream(self, skill: SkillPath, input: bytes, caller: Caller) -> AsyncGenerator[EventStream, None]:
        """Run a message-stream skill while the context is open; leaving it stops the skill and waits for its end.

        Raises :class:`~pharia_kernel.errors.AccessError`; every other failure, also of an unknown skill, is a last
        :class:`~pharia_kernel.types.Failed` event.
        """
        parts = self._running
        caller = await parts.access.check(caller, skill.namespace, Action.RUN)
        async with parts.invocations.stream(skill, input, caller) as events:
            yield events

    async def metadata(self, skill: SkillPath, caller: Caller = LOCAL) -> SkillMetadata:
        parts = self._running
        await parts.access.check(caller, skill.namespace, Action.RUN)
        return await parts.invocations.metadata(skill)

    @asynccontextmanager
    async def csi(self, namespace: str, caller: Caller) -> AsyncGenerator[Csi, None]:
        """What a skill of the namespace could ask for, under the limits of a call; tools need the namespace's name."""
        parts = self._running
        caller = await parts.access.check(caller, namespace or None, Action.CSI)
        async with parts.invocations.csi(namespace, caller) as csi:
            yield csi

    async def tools(self, namespace: str, caller: Caller) -> list[ToolInfo]:
        """Raises :class:`~pharia_kernel.errors.NamespaceNotFound`."""
        parts = self._running
        caller = await parts.access.check(caller, namespace, Action.CSI)
        self._check_known(namespace)
        async with parts.invocations.csi(namespace, caller) as csi:
            return await csi.list_tools()

    # The callers of the following were admitted before, or are part of this program.

    def documents(self, namespace: str | None, caller: Caller = LOCAL) -> DocumentStore:
        """The documents that this kernel keeps, for whoever operates their namespace, or one at all.

        Raises :class:`~pharia_kernel.errors.CsiError` where they are kept elsewhere.
        """
        parts = self._running
        parts.access.require(caller, namespace, Action.ADMIN)
        return kept_here(parts.documents)

    def mcp_servers(self, namespace: str, caller: Caller = LOCAL) -> list[str]:
        """Their URLs, sorted. Raises :class:`~pharia_kernel.errors.NamespaceNotFound`."""
        self._running.access.require(caller, namespace, Action.CSI)
        self._check_known(namespace)
        return list(self._running.mcp.urls(namespace))

    def skills(self, caller: Caller = LOCAL, kind: SkillType | None = None) -> list[SkillPath]:
        """Every configured skill that the caller may run, sorted; only those of a kind if one is given.

        Also those that can not be loaded, never the built-in ones.
        """
        parts = self._running
        parts.access.require(caller, None, Action.RUN)
        skills = [path for path in parts.store.skills() if kind is None or parts.store.type_of(path) == kind]
        return _allowed(skills, caller, Action.RUN)

    def namespace(self, namespace: str, caller: Caller = LOCAL) -> NamespaceStatus:
        """Its skills and what is wrong with it, for whoever operates it.

        Raises :class:`~pharia_kernel.errors.NamespaceNotFound`.
        """
        parts = self._running
        parts.access.require(caller, namespace, Action.ADMIN)
        found = parts.store.status().get(namespace)
        if found is None:
            raise NamespaceNotFound(f'no namespace "{namespace}" is configured')
        return found

    def cached(self, caller: Caller = LOCAL) -> list[SkillPath]:
        """The skills with a loaded version, in the namespaces that the caller operates."""
        parts = self._running
        parts.access.require(caller, None, Action.ADMIN)
        return _allowed(parts.store.cached(), caller, Action.ADMIN)

    def evict(self, skill: SkillPath, caller: Caller = LOCAL) -> bool:
        """Forget a skill's loaded version, so that the next call loads it afresh; True if there was one."""
        self._running.access.require(caller, skill.namespace, Action.ADMIN)
        return self._running.store.evict(skill)

    async def cached_everywhere(self, caller: Caller = LOCAL) -> list[SkillPath]:
        """Like :meth:`cached`, in all processes that serve together."""
        own = self.cached(caller)
        return _allowed(sorted({*own, *await self._running.peers.cached()}), caller, Action.ADMIN)

    async def evict_everywhere(self, skill: SkillPath, caller: Caller = LOCAL) -> bool:
        """Like :meth:`evict`, in all processes that serve together."""
        own = self.evict(skill, caller)
        return await self._running.peers.evict(skill) or own

    async def usage(self, query: UsageQuery, caller: Caller = LOCAL) -> UsageReport:
        """What was used in the namespaces that the caller operates, counted in all processes that serve together."""
        parts = self._running
        parts.access.require(caller, query.namespace, Action.ADMIN)
        rows, rights = await parts.peers.usage(), caller.rights
        return report(rows, query, lambda namespace: rights is None or rights.allow(Action.ADMIN, namespace))

    async def admit(self, caller: Caller, namespace: str | None, action: Action) -> Caller:
        """The caller with its identity and its rights, for one or more of the other methods.

        Without ``namespace`` the action must be allowed in at least one. Raises
        :class:`~pharia_kernel.errors.AccessError`.
        """
        return await self._running.access.admit(caller, namespace, action)

    async def may(self, caller: Caller, namespace: str | None, action: Action) -> bool:
        """Whether :meth:`admit` would let the caller in; nothing is logged."""
        return self._parts is not None and await self._parts.access.may(caller, namespace, action)

    async def roll_back(self, skill: SkillPath, digest: str | None = None, caller: Caller = LOCAL) -> str:
        """Serve the version before the one that the skill's tag stands for, or ``digest``, in all processes.

        Gives the digest of its manifest. Raises :class:`~pharia_kernel.errors.RequestError`.
        """
        self._running.access.require(caller, skill.namespace, Action.ADMIN)
        return await self._running.store.roll_back(skill, digest)

    async def release(self, skill: SkillPath, caller: Caller = LOCAL) -> bool:
        """Follow the skill's tag again after :meth:`roll_back`; whether there was one."""
        self._running.access.require(caller, skill.namespace, Action.ADMIN)
        return await self._running.store.release(skill)

    async def reload(self, settings: Settings) -> Reloaded:
        """Serve the namespaces of these settings from now on; calls in flight end with what they began with.

        Returns when each that is new or different was looked at once. Other settings stay as they are; the answer names
        those that differ. Raises :class:`~pharia_kernel.errors.ConfigError`, and then nothing has changed.
        """
        parts = self._running
        async with self._reloading:
            found = differences(self._settings, settings, nested=parts.skill_tools is not None)
            sources = parts.sources.of(settings)
            parts.tools.configure(settings)
            if parts.skill_tools is not None:
                parts.skill_tools.choose(skill_tool_choices(settings))
            self._settings = self._settings.model_copy(update={name: getattr(settings, name) for name in LIVE})
            parts.bounds.use(self._settings)
            parts.quotas.use(parts.peers.table(self._settings))
            await parts.store.update(sources)
        return found

    async def loaded(self) -> None:
        """Wait until the skills found so far are loaded, or known to be broken."""
        await self._running.store.loaded()

    def drain(self) -> None:
        """Not be ready any more; calls are still taken."""
        self._draining = True

    def refuse(self) -> None:
        """Refuse new calls with :class:`~pharia_kernel.errors.Saturated`; those in flight go on."""
        self.drain()
        self._running.invocations.refuse()

    @property
    def draining(self) -> bool:
        return self._draining

    def status(self) -> KernelStatus:
        parts = self._parts
        if parts is None:
            return KernelStatus(False, {}, InferenceStatus("none", "ready"), 0, 0, state="starting")
        calls = parts.invocations
        state: KernelState = "stopping" if calls.stopping else "draining" if self._draining else "serving"
        return KernelStatus(
            state == "serving",
            parts.store.status(),
            parts.inference,
            calls.running,
            calls.queued,
            parts.mcp.status(),
            state,
            parts.peers.workers,
        )

    @property
    def _running(self) -> _Parts:
        if self._parts is None:
            raise Saturated("the kernel is not running")
        return self._parts

    def _check_known(self, namespace: str) -> None:
        if namespace != TEST_NAMESPACE and namespace not in self._running.store.namespaces:
            raise NamespaceNotFound(f"Namespace '{namespace}' not found")

    async def _compose(self, stack: AsyncExitStack) -> _Parts:
        settings = self._settings
        source, backend = inference(settings) if self._backend is None else ("custom", self._backend)
        who_may = await stack.enter_async_context(access(settings, self._tracer))
        native, mcp = native_tools(settings), await stack.enter_async_context(mcp_tools(settings))
        tools = NamespaceTools(native, mcp)
        tools.configure(settings)
        direct = await drivers(settings, backend, self._tracer, stack, native, mcp, metrics=self._metrics)
        runtime = await stack.enter_async_context(self._runtime or every_runtime(settings))
        sources = NamespaceSources(settings, tools.describe)
        quotas = await stack.enter_async_context(self._peers)
        bounds, usage = SkillBounds(settings), self._peers.book
        store = SkillStore(
            sources.of(settings),
            runtime,
            bounds,
            builtin=builtin_skills(),
            capacity=settings.code_bytes,
            tracer=self._tracer,
        )
        await stack.enter_async_context(store)

        def csi(
            path: SkillPath, caller: Caller, tool_events: ToolEventSink | None, deadline: float | None, depth: int = 0
        ) -> InvocationCsi:
            spender = Spender.of(path.namespace, path.name, caller)
            meter = Meter(spender, usage, quotas.tokens(spender))
            return InvocationCsi(
                parts, caller, path.namespace, tool_events, depth=depth, deadline=deadline, meter=meter
            )

        def nested(path: SkillPath, scope: ToolScope) -> InvocationCsi:
            return csi(path, scope.caller, None, scope.deadline, scope.depth)

        parts, skill_tools = with_skill_tools(settings, direct, store, nested, self._tracer, quotas, usage)
        invocations = Invocations(store, csi, call_limits(settings), self._tracer, self._metrics, quotas, usage)
        await stack.enter_async_context(invocations)
        self._metrics.watch(gauges(invocations, store, runtime))
        stack.callback(self._metrics.watch, {})
        return _Parts(
            access=who_may,
            store=store,
            invocations=invocations,
            source=source,
            backend=backend,
            mcp=mcp,
            documents=direct.documents,
            sources=sources,
            tools=tools,
            skill_tools=skill_tools,
            bounds=bounds,
            quotas=quotas,
            peers=self._peers,
        )


def _allowed(skills: list[SkillPath], caller: Caller, action: Action) -> list[SkillPath]:
    rights = caller.rights
    return skills if rights is None else [skill for skill in skills if rights.allow(action, skill.namespace)]
