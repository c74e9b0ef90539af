"""Skills that call skills: all parts together."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import msgspec
import pytest
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from pharia_kernel.config import LimitSettings, NamespaceSettings, Settings
from pharia_kernel.config.skill_tools import SkillToolSettings
from pharia_kernel.csi.csi import Csi
from pharia_kernel.csi.inference.absent import AbsentBackend
from pharia_kernel.csi.types import ToolError, ToolOutput, ToolRequest
from pharia_kernel.errors import DeadlineExceeded, HostFault, SkillReportedError
from pharia_kernel.kernel import Kernel
from pharia_kernel.runtimes.skill import SkillLimits
from pharia_kernel.types import Caller, MessageBegin, Output, SkillKind, SkillMetadata, SkillPath

Body = Callable[[bytes, Any], Awaitable[bytes]]


class PythonSkill:
    digest = "sha256:0"

    def __init__(self, body: Body, metadata: SkillMetadata, kind: SkillKind) -> None:
        self._body = body
        self._metadata = metadata
        self.kind = kind

    async def run(self, input: bytes, csi: Csi, output: Output | None) -> bytes:
        return await self._body(input, csi)

    async def metadata(self) -> SkillMetadata:
        return self._metadata

    async def aclose(self) -> None:
        pass


class PythonRuntime:
    """Runs what is registered under the name of the file."""

    def __init__(self) -> None:
        self.skills: dict[str, PythonSkill] = {}

    async def __aenter__(self) -> PythonRuntime:
        return self

    async def __aexit__(self, *exc: object) -> None:
        pass

    async def load(self, path: SkillPath, code: bytes, limits: SkillLimits) -> PythonSkill:
        return self.skills[path.name]


class Bench:
    def __init__(self, folder: Path) -> None:
        self.runtime = PythonRuntime()
        self.spans = InMemorySpanExporter()
        self._folder = folder
        self._provider = TracerProvider(shutdown_on_exit=False)
        self._provider.add_span_processor(SimpleSpanProcessor(self.spans))

    def skill(
        self, body: Body, *, schema: Any = None, description: str | None = None, kind: SkillKind = SkillKind.FUNCTION
    ) -> None:
        name = body.__name__
        self.runtime.skills[name] = PythonSkill(
            body, SkillMetadata(description=description, input_schema=schema, skill_type=kind), kind
        )
        (self._folder / f"{name}.wasm").write_bytes(b"x")

    def settings(self, tools: Any, nested: SkillToolSettings | None = None, **limits: Any) -> Settings:
        return Settings(
            namespaces={"dev": NamespaceSettings(directory=self._folder, skill_tools=tools)},
            skill_tools=nested or SkillToolSettings(),
            limits=LimitSettings(**limits),
        )

    @asynccontextmanager
    async def open(
        self, tools: Any = True, *, nested: SkillToolSettings | None = None, **limits: Any
    ) -> AsyncIterator[Kernel]:
        settings = self.settings(tools, nested, **limits)
        tracer = self._provider.get_tracer("test")
        async with Kernel(settings, runtime=self.runtime, backend=AbsentBackend(), tracer=tracer) as kernel:
            yield kernel


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path)


def request(name: str, **arguments: Any) -> ToolRequest:
    return ToolRequest(name, tuple((key, msgspec.json.encode(value)) for key, value in arguments.items()))


async def double(input: bytes, csi: Any) -> bytes:
    return msgspec.json.encode(2 * msgspec.json.decode(input)["n"])


async def quadruple(input: bytes, csi: Any) -> bytes:
    n = msgspec.json.decode(input)["n"]
    for _ in range(2):
        (result,) = await csi.invoke_tools([request("double", n=n)])
        n = int(result.texts[0])
    return msgspec.json.encode(n)


async def endless(input: bytes, csi: Any) -> bytes:
    (result,) = await csi.invoke_tools([request("endless")])
    if isinstance(result, ToolError):
        raise SkillReportedError(result.message)
    return result.texts[0].encode()  # type: ignore[no-any-return]


async def stream(input: bytes, csi: Any) -> bytes:
    return b""


async def test_a_reload_changes_which_skills_are_tools(bench: Bench) -> None:
    """Also that none is: what was taken back can not be called any more."""
    bench.skill(double)
    bench.skill(quadruple)
    async with bench.open(tools=("quadruple",)) as kernel:
        before = bench.settings(("quadruple",))
        with pytest.raises(HostFault):  # it gets no answer of a tool
            await kernel.run("dev/quadruple", {"n": 2})
        told = await kernel.reload(bench.settings(("double",)))
        assert (told.changed, told.not_applied) == (("dev",), ())
        assert await kernel.run("dev/quadruple", {"n": 2}) == 8
        for nothing in (before, bench.settings(False)):
            assert (await kernel.reload(nothing)).not_applied == ()
            with pytest.raises(HostFault):  # it gets no answer of a tool
                await kernel.run("dev/quadruple", {"n": 2})


async def test_a_skill_gets_what_another_one_answers(bench: Bench) -> None:
    bench.skill(double)
    bench.skill(quadruple)
    async with bench.open() as kernel:
        assert await kernel.run("dev/quadruple", {"n": 3}) == 12


async def test_one_place_is_enough_for_all_levels(bench: Bench) -> None:
    bench.skill(double)
    bench.skill(quadruple)
    async with bench.open(concurrent_calls=1, queued_calls=20, deadline_seconds=30) as kernel:
        answers = await asyncio.gather(*(kernel.run("dev/quadruple", {"n": n}) for n in range(20)))
    assert answers == [4 * n for n in range(20)]


async def test_calls_that_fan_out_wait_for_each_other_and_end(bench: Bench) -> None:
    async def tree(input: bytes, csi: Any) -> bytes:
        depth = msgspec.json.decode(input)["depth"]
        if depth == 0:
            return b"1"
        results = await csi.invoke_tools([request("tree", depth=depth - 1)] * 5)
        return msgspec.json.encode(sum(int(result.texts[0]) for result in results))

    bench.skill(tree)
    async with bench.open(nested=SkillToolSettings(depth=3, concurrent_calls=2)) as kernel:
        answers = await asyncio.gather(*(kernel.run("dev/tree", {"depth": 3}) for _ in range(3)))
    assert answers == [125] * 3


async def test_skills_are_no_tools_unless_the_namespace_says_so(bench: Bench) -> None:
    bench.skill(double)
    async with bench.open(False) as kernel, kernel.csi("dev", Caller()) as csi:
        assert await csi.list_tools() == []
        assert await csi.invoke_tools([request("double", n=1)]) == [
            ToolError("Tool double not found on any server."),
        ]


async def test_only_the_named_ones_are_tools(bench: Bench) -> None:
    bench.skill(double)
    bench.skill(quadruple)
    async with bench.open(("double",)) as kernel, kernel.csi("dev", Caller()) as csi:
        assert [tool.name for tool in await csi.list_tools()] == ["double"]
        assert await csi.invoke_tools([request("double", n=4)]) == [ToolOutput(("8",))]
        (refused,) = await csi.invoke_tools([request("quadruple", n=4)])
        assert isinstance(refused, ToolError)


async def test_what_can_not_be_called_with_named_arguments_is_no_tool(bench: Bench) -> None:
    async def words(input: bytes, csi: Any) -> bytes:
        return input

    async def described(input: bytes, csi: Any) -> bytes:
        return input

    schema = {"type": "object", "properties": {"topic": {"type": "string"}}}
    bench.skill(words, schema={"type": "string"})
    bench.skill(stream, kind=SkillKind.MESSAGE_STREAM)
    bench.skill(described, schema=schema, description="Describes")
    bench.skill(double)
    async with bench.open() as kernel:
        tools = await kernel.tools("dev", Caller())
    assert [(tool.name, tool.description, tool.schema) for tool in tools] == [
        ("described", "Describes", schema),
        ("double", "The skill double", {"type": "object"}),
    ]


async def test_a_skill_that_calls_itself_for_ever_is_told_to_stop(bench: Bench) -> None:
    bench.skill(endless)
    async with bench.open(nested=SkillToolSettings(depth=4)) as kernel:
        with pytest.raises(SkillReportedError, match=r"4 skills called each other already.*skill-tools\.depth"):
            await kernel.run("dev/endless", {})
        executions = [span for span in bench.spans.get_finished_spans() if span.name == "skill_execution"]
    assert len(executions) == 5


async def test_the_deadline_of_the_first_call_is_that_of_all(bench: Bench) -> None:
    stopped: list[str] = []

    async def waits(input: bytes, csi: Any) -> bytes:
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            stopped.append("waits")
            raise
        return b""

    async def parent(input: bytes, csi: Any) -> bytes:
        await csi.invoke_tools([request("waits"), request("waits")])
        return b"null"

    bench.skill(waits)
    bench.skill(parent)
    async with bench.open(deadline_seconds=0.05) as kernel:
        with pytest.raises(DeadlineExceeded):
            await kernel.run("dev/parent", {})
        assert stopped == ["waits", "waits"]


async def test_cancelling_the_call_stops_the_skill_it_called(bench: Bench) -> None:
    began, stopped = asyncio.Event(), asyncio.Event()

    async def waits(input: bytes, csi: Any) -> bytes:
        began.set()
        try:
            await asyncio.Event().wait()
        finally:
            stopped.set()
        return b""

    async def parent(input: bytes, csi: Any) -> bytes:
        await csi.invoke_tools([request("waits")])
        return b"null"

    bench.skill(waits)
    bench.skill(parent)
    async with bench.open() as kernel:
        call = asyncio.create_task(kernel.run("dev/parent", {}))
        await began.wait()
        assert kernel.status().running_calls == 1
        call.cancel()
        with pytest.raises(asyncio.CancelledError):
            await call
        assert stopped.is_set()


async def test_failures_are_told_to_the_skill_and_not_to_its_caller(bench: Bench) -> None:
    async def fails(input: bytes, csi: Any) -> bytes:
        raise SkillReportedError("out of cheese")

    async def babbles(input: bytes, csi: Any) -> bytes:
        return b"no JSON"

    bench.skill(fails)
    bench.skill(babbles)
    bench.skill(stream, kind=SkillKind.MESSAGE_STREAM)
    async with bench.open(("fails", "babbles", "missing", "stream")) as kernel, kernel.csi("dev", Caller()) as csi:
        assert [tool.name for tool in await csi.list_tools()] == ["babbles", "fails"]
        results = await csi.invoke_tools(
            [request("fails"), request("babbles"), ToolRequest("fails", (("a", b'1,"b":2'),)), request("missing")]
        )
    messages = [result.message for result in results if isinstance(result, ToolError)]
    assert messages[0] == "skill dev/fails: out of cheese"
    assert messages[1].startswith("skill dev/babbles: the skill's answer is not JSON")
    assert messages[2].startswith("Error deserializing argument a: ")
    assert messages[3] == "Tool missing not found on any server."


async def test_the_caller_is_the_same_on_every_level(bench: Bench) -> None:
    seen: list[Any] = []

    async def child(input: bytes, csi: Any) -> bytes:
        seen.append(csi._caller)
        return b"1"

    async def parent(input: bytes, csi: Any) -> bytes:
        await csi.invoke_tools([request("child")])
        return b"null"

    bench.skill(child)
    bench.skill(parent)
    async with bench.open() as kernel:
        await kernel.run("dev/parent", {}, caller=Caller("mine"))
    assert [caller.token for caller in seen] == ["mine"]


async def test_all_levels_are_one_trace(bench: Bench) -> None:
    bench.skill(double)
    bench.skill(quadruple)
    async with bench.open() as kernel:
        await kernel.run("dev/quadruple", {"n": 1})
    spans = bench.spans.get_finished_spans()
    by_id = {span.context.span_id: span for span in spans if span.context is not None}
    outer, *inner = [
        span
        for span in sorted(spans, key=lambda span: span.start_time or 0)
        if span.name == "skill_execution" and span.attributes is not None
    ]
    assert len(inner) == 2
    for span in inner:
        assert span.parent is not None
        tool = by_id[span.parent.span_id]
        assert tool.name == "invoke_tool"
        assert tool.parent is not None
        assert by_id[tool.parent.span_id] is outer


async def test_streams_may_call_functions(bench: Bench) -> None:
    class Streaming(PythonSkill):
        async def run(self, input: bytes, csi: Csi, output: Output | None) -> bytes:
            assert output is not None
            await output.write(MessageBegin())
            assert await csi.invoke_tools([request("double", n=2)]) == [ToolOutput(("4",))]
            return b""

    bench.skill(double)
    bench.skill(stream, kind=SkillKind.MESSAGE_STREAM)
    bench.runtime.skills["stream"] = Streaming(stream, SkillMetadata(), SkillKind.MESSAGE_STREAM)
    async with bench.open() as kernel, kernel.stream(SkillPath("dev", "stream"), b"null", Caller()) as events:
        names = [type(event).__name__ async for event in events]
    assert names == ["MessageBegin", "ToolBegin", "ToolEnd"]
