"""Skills that skills call: within the place, the deadline and the end of the call from outside."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, replace

from opentelemetry.trace import Tracer

from pharia_kernel.csi.csi import Csi
from pharia_kernel.csi.tools import ToolScope
from pharia_kernel.errors import WrongSkillKind
from pharia_kernel.invocations.admission import Admission
from pharia_kernel.invocations.lookup import found
from pharia_kernel.invocations.payload import check_output, compact_input
from pharia_kernel.invocations.record import Recorded
from pharia_kernel.quotas import Quotas, Spender
from pharia_kernel.runtimes.skill import within
from pharia_kernel.skills.store import SkillStore
from pharia_kernel.telemetry.metrics import Metrics
from pharia_kernel.types import SkillKind, SkillMetadata, SkillPath
from pharia_kernel.usage import UsageBook, noted

NestedCsiFactory = Callable[[SkillPath, ToolScope], AbstractAsyncContextManager[Csi]]


@dataclass(frozen=True, slots=True)
class NestedLimits:
    input_bytes: int
    depth: int
    concurrent_calls: int
    """On each level of nesting."""
    queued_calls: int
    """On each level of nesting."""


class NestedCalls:
    """Implements :class:`~pharia_kernel.csi.tools.skills.CallableSkills`.

    A nested call waits for a place of its level, never for one of a level above. So a call that holds its place waits
    only for deeper ones, the deepest wait for nobody, and nobody waits in a circle.
    """

    def __init__(
        self,
        store: SkillStore,
        csi: NestedCsiFactory,
        limits: NestedLimits,
        tracer: Tracer,
        metrics: Metrics | None = None,
        quotas: Quotas | None = None,
        usage: UsageBook | None = None,
    ) -> None:
        self._store = store
        self._csi = csi
        self._limits = limits
        self._tracer = tracer
        self._metrics = metrics or Metrics()
        self._quotas = quotas
        self._usage = usage or UsageBook(self._metrics)
        self._levels = [Admission(limits.concurrent_calls, limits.queued_calls) for _ in range(limits.depth)]

    def names(self, namespace: str) -> Sequence[str]:
        return [path.name for path in self._store.skills() if path.namespace == namespace]

    async def describe(self, skill: SkillPath) -> SkillMetadata | None:
        with await self._store.lookup(skill) as lease:
            return await lease.metadata() if lease.skill.kind is SkillKind.FUNCTION else None

    async def call(self, skill: SkillPath, input: bytes, scope: ToolScope) -> bytes:
        compact = compact_input(input, self._limits.input_bytes)
        inner = replace(scope, depth=scope.depth + 1)
        lease = await found(self._store, skill, self._tracer, self._metrics)
        with lease, Recorded(self._tracer, self._metrics, skill, lease.skill.digest):
            if lease.skill.kind is not SkillKind.FUNCTION:
                raise WrongSkillKind("it is designed to stream output; only functions can be tools")
            spender = Spender.of(skill.namespace, skill.name, scope.caller)
            memory = None if self._quotas is None else self._quotas.memory_bytes(spender)
            async with self._levels[scope.depth], self._csi(skill, inner) as csi:
                with noted(self._usage, spender):
                    return check_output(await within(lease.skill, memory).run(compact, csi, None))
