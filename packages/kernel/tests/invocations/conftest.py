"""Skills that are Python functions, in a store that needs no files."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from pharia_kernel.csi.bound import ToolEventSink
from pharia_kernel.invocations import CallLimits, Invocations
from pharia_kernel.runtimes.skill import Skill, SkillLimits
from pharia_kernel.skills.store import SkillStore
from pharia_kernel.types import Caller, SkillKind, SkillMetadata, SkillPath

DEFAULTS = CallLimits(input_bytes=10_000, deadline_seconds=60, concurrent_calls=100, queued_calls=100, grace_seconds=60)


@dataclass
class ScriptedSkill:
    body: Callable[..., Awaitable[bytes]]
    kind: SkillKind = SkillKind.FUNCTION
    digest: str = "sha256:scripted"
    running: int = 0
    ended: list[str] = field(default_factory=list)
    began: asyncio.Event = field(default_factory=asyncio.Event)
    finished: asyncio.Event = field(default_factory=asyncio.Event)

    async def run(self, input: bytes, csi: Any, output: Any) -> bytes:
        self.running += 1
        self.began.set()
        try:
            answer = await self.body(input, csi, output)
        except asyncio.CancelledError:
            self.ended.append("cancelled")
            raise
        except Exception as error:
            self.ended.append(type(error).__name__)
            raise
        else:
            self.ended.append("ok")
        finally:
            self.running -= 1
            self.finished.set()
        return answer or b""

    async def metadata(self) -> SkillMetadata:
        return SkillMetadata(description=(await self.body(b"", None, None)).decode())

    async def aclose(self) -> None:
        pass


@dataclass
class FakeCsi:
    """What a skill gets; tools are events and nothing else."""

    path: SkillPath
    caller: Caller
    tool_event: ToolEventSink | None
    deadline: float
    """On the clock of the event loop."""
    closed: bool = False


class Bench:
    """Opens invocations over scripted skills ``dev/NAME``."""

    def __init__(self) -> None:
        self.csis: list[FakeCsi] = []
        self._spans = InMemorySpanExporter()
        self._provider = TracerProvider(shutdown_on_exit=False)
        self._provider.add_span_processor(SimpleSpanProcessor(self._spans))

    @property
    def spans(self) -> list[ReadableSpan]:
        return list(self._spans.get_finished_spans())

    @asynccontextmanager
    async def _csi(
        self, path: SkillPath, caller: Caller, sink: ToolEventSink | None, deadline: float
    ) -> AsyncIterator[Any]:
        csi = FakeCsi(path, caller, sink, deadline)
        self.csis.append(csi)
        try:
            yield csi
        finally:
            csi.closed = True

    @asynccontextmanager
    async def open(self, skills: Mapping[str, Skill], limits: CallLimits = DEFAULTS) -> AsyncIterator[Invocations]:
        builtin = {SkillPath("dev", name): skill for name, skill in skills.items()}
        async with (
            SkillStore({}, None, SkillLimits(), builtin=builtin) as store,  # type: ignore[arg-type]
            Invocations(store, self._csi, limits, self._provider.get_tracer("test")) as invocations,
        ):
            yield invocations


@pytest.fixture
async def bench() -> Bench:
    return Bench()


@pytest.fixture
def scripted() -> type[ScriptedSkill]:
    return ScriptedSkill


@pytest.fixture
def limits() -> CallLimits:
    return DEFAULTS
