"""One run of one skill: found, admitted, bounded in time, stopped with its caller, recorded.

Hot path. Cost of a call beside the skill itself: 30 us, of which 8 us are the log record.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass

from opentelemetry.trace import Tracer

from pharia_kernel.csi.bound import ToolEventSink
from pharia_kernel.csi.csi import Csi
from pharia_kernel.errors import HostFault, KernelError, SkillReportedError, WrongSkillKind
from pharia_kernel.invocations.events import EventQueue
from pharia_kernel.invocations.lifetime import Lifetime
from pharia_kernel.invocations.lookup import found
from pharia_kernel.invocations.payload import check_output, compact_input
from pharia_kernel.invocations.placed import Placed, too_late
from pharia_kernel.invocations.record import Recorded
from pharia_kernel.quotas import Limits, LimitTable, Quotas, Spender
from pharia_kernel.runtimes.builtin import BuiltinSkill
from pharia_kernel.runtimes.skill import Skill, within
from pharia_kernel.skills.store import SkillStore
from pharia_kernel.skills.version import Lease
from pharia_kernel.telemetry.metrics import Metrics
from pharia_kernel.types import Caller, SkillKind, SkillMetadata, SkillPath, StreamEvent
from pharia_kernel.usage import UsageBook

logger = logging.getLogger("pharia_kernel.invocations")

CsiFactory = Callable[[SkillPath, Caller, ToolEventSink | None, float], AbstractAsyncContextManager[Csi]]
"""Makes the CSI of one invocation that ends at a moment of the event loop's clock.

Leaving its context ends what the skill left open. Functions show no tool events.
"""


@dataclass(frozen=True, slots=True)
class CallLimits:
    input_bytes: int
    deadline_seconds: float
    """Wall time of a call including its turn in the queue and host calls, from the moment the skill is loaded."""
    concurrent_calls: int
    queued_calls: int
    grace_seconds: float
    """How long calls under way may go on when the kernel stops."""


@dataclass(frozen=True, slots=True)
class Answer:
    output: bytes
    """JSON as the skill wrote it, checked."""
    skill_digest: str
    warning: str | None
    """Why an older version than the newest answered."""


class EventStream(AsyncIterator[StreamEvent]):
    """The events of one message stream; a failure is the last one."""

    def __init__(self, events: EventQueue, warning: str | None) -> None:
        self._events = events
        self.warning = warning

    async def __anext__(self) -> StreamEvent:
        return await self._events.__anext__()


class Invocations:
    """An async context manager; leaving it waits for the calls under way, then stops them."""

    def __init__(
        self,
        store: SkillStore,
        csi: CsiFactory,
        limits: CallLimits,
        tracer: Tracer,
        metrics: Metrics | None = None,
        quotas: Quotas | None = None,
        usage: UsageBook | None = None,
    ) -> None:
        """``quotas`` stays the caller's; without them there are only those of ``limits``."""
        self._store = store
        self._csi = csi
        self._limits = limits
        self._tracer = tracer
        self._metrics = metrics or Metrics()
        whole = Limits(concurrent=limits.concurrent_calls, queued=limits.queued_calls)
        self._quotas = quotas or Quotas.alone(LimitTable(whole))
        self._usage = usage or UsageBook(self._metrics)
        self._lifetime = Lifetime()

    async def __aenter__(self) -> Invocations:
        return self

    async def __aexit__(self, *exc: object) -> None:
        await self._lifetime.stop(self._limits.grace_seconds)

    @property
    def running(self) -> int:
        return self._quotas.running

    @property
    def queued(self) -> int:
        return self._quotas.waiting

    @property
    def stopping(self) -> bool:
        return self._lifetime.stopping

    def refuse(self) -> None:
        """Refuse new calls; those under way go on."""
        self._lifetime.refuse()

    async def invoke(self, path: SkillPath, input: bytes, caller: Caller) -> Answer:
        """Call a function skill with JSON; cancelling stops it. Raises :class:`~pharia_kernel.errors.KernelError`."""
        return await self._serve(path, input, caller, None)

    @asynccontextmanager
    async def stream(self, path: SkillPath, input: bytes, caller: Caller) -> AsyncGenerator[EventStream, None]:
        """Run a message-stream skill while the context is open; every failure is an event, nothing is raised."""
        events = EventQueue()
        task = asyncio.create_task(self._produce(path, input, caller, events))
        try:
            yield EventStream(events, self._store.warning(path))
        finally:
            events.close()
            await _stopped(task)

    async def metadata(self, path: SkillPath) -> SkillMetadata:
        async with self._lifetime.call():
            with await self._lookup(path) as lease:
                limit = asyncio.timeout(self._limits.deadline_seconds)
                try:
                    async with limit:
                        return await lease.metadata()
                except TimeoutError:
                    raise too_late(f"skill {path}", self._limits.deadline_seconds, running=True) from None
                except KernelError:
                    raise
                except Exception as fault:
                    logger.exception("metadata of skill %s: fault of the kernel", path)
                    raise HostFault(f"asking skill {path} for its metadata failed unexpectedly") from fault

    @asynccontextmanager
    async def csi(self, namespace: str, caller: Caller) -> AsyncGenerator[Csi, None]:
        """What a skill of the namespace could ask for, for somebody else; it takes a place and has a deadline too."""
        spender = Spender.of(namespace, "", caller)
        async with (
            self._lifetime.call(),
            self._placed("the CSI call", spender) as deadline,
            self._csi(SkillPath(namespace, ""), caller, None, deadline) as csi,
        ):
            yield csi

    async def _produce(self, path: SkillPath, input: bytes, caller: Caller, events: EventQueue) -> None:
        failure: KernelError | None = None
        try:
            await self._serve(path, input, caller, events)
        except KernelError as error:
            failure = error
        except Exception:
            logger.exception("skill %s: fault of the kernel", path)
            failure = HostFault(f"running skill {path} failed unexpectedly")
        events.finish(failure)

    async def _serve(self, path: SkillPath, input: bytes, caller: Caller, events: EventQueue | None) -> Answer:
        compact = compact_input(input, self._limits.input_bytes)
        async with self._lifetime.call():
            with await self._lookup(path) as lease, Recorded(self._tracer, self._metrics, path, lease.skill.digest):
                _check_kind(lease.skill, SkillKind.FUNCTION if events is None else SkillKind.MESSAGE_STREAM)
                output = await self._run(path, lease.skill, compact, caller, events)
                return Answer(output, lease.skill.digest, lease.warning)

    async def _lookup(self, path: SkillPath) -> Lease:
        return await found(self._store, path, self._tracer, self._metrics)

    async def _run(
        self, path: SkillPath, skill: Skill, input: bytes, caller: Caller, events: EventQueue | None
    ) -> bytes:
        spender = Spender.of(path.namespace, path.name, caller)
        skill = within(skill, self._quotas.memory_bytes(spender))
        tool_events = None if events is None else events.emit
        async with (
            self._placed(f"skill {path}", spender) as deadline,
            self._csi(path, caller, tool_events, deadline) as csi,
        ):
            return await _executed(skill, input, csi, events)

    def _placed(self, what: str, spender: Spender) -> Placed:
        seconds = self._quotas.deadline_seconds(spender, self._limits.deadline_seconds)
        return Placed(what, seconds, spender, self._quotas.place(spender), self._usage)


async def _executed(skill: Skill, input: bytes, csi: Csi, events: EventQueue | None) -> bytes:
    if events is None:
        return check_output(await skill.run(input, csi, None))
    output = b""
    try:
        output = await skill.run(input, csi, events)
    except Exception:
        if events.violation is None:
            raise
    if events.violation is not None:  # whatever the runtime made of it, the first wrong item is the reason
        raise events.violation
    return output


def _check_kind(skill: Skill, wanted: SkillKind) -> None:
    if skill.kind is wanted:
        return
    if wanted is SkillKind.MESSAGE_STREAM:
        raise WrongSkillKind(
            "The skill is designed to be executed as a function. Please invoke it via the /run endpoint."
        )
    if isinstance(skill, BuiltinSkill) and skill.as_function is not None:
        raise SkillReportedError(skill.as_function)
    raise WrongSkillKind("The skill is designed to stream output. Please invoke it via the /message-stream endpoint.")


async def _stopped(task: asyncio.Task[None]) -> None:
    """Cancel the task and see it end, even if the waiting is itself cancelled meanwhile."""
    task.cancel()
    cancelled = False
    while not task.done():
        try:
            await asyncio.wait({task})
        except asyncio.CancelledError:
            cancelled = True
    if not task.cancelled() and (error := task.exception()) is not None:
        raise error
    if cancelled:
        raise asyncio.CancelledError
