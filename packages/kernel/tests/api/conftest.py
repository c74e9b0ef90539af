"""A kernel double behind a real server on a free port of 127.0.0.1."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TypeVar

import httpx
import pytest
import pytest_asyncio

from doubles.scripted_csi import ScriptedCsi
from pharia_kernel.api.server import serve
from pharia_kernel.config import LimitSettings, Settings
from pharia_kernel.csi.types import ToolInfo
from pharia_kernel.errors import KernelError, NamespaceNotFound, SkillNotFound, WrongSkillKind
from pharia_kernel.skills import NamespaceStatus, SkillType
from pharia_kernel.types import (
    Action,
    Caller,
    Failed,
    MessageAppend,
    MessageBegin,
    MessageEnd,
    SkillMetadata,
    SkillPath,
    StreamEvent,
)
from pharia_kernel.usage import Row, UsageQuery, UsageReport, report


@dataclass(frozen=True)
class Answer:
    output: bytes
    skill_digest: str = "sha256:0"
    warning: str | None = None


@dataclass(frozen=True)
class Status:
    ready: bool = True


T = TypeVar("T")


class Events(AsyncIterator[StreamEvent]):
    def __init__(self, source: AsyncIterator[StreamEvent], warning: str | None) -> None:
        self._source = source
        self.warning = warning

    async def __anext__(self) -> StreamEvent:
        return await anext(self._source)


async def nothing(error: KernelError) -> AsyncIterator[StreamEvent]:
    yield Failed(error)


Function = Callable[[bytes, Caller], Awaitable[Answer]]
Source = Callable[[bytes, Caller], AsyncIterator[StreamEvent]]


async def hello(input: bytes, caller: Caller) -> AsyncIterator[StreamEvent]:
    yield MessageBegin()
    for letter in "Hello":
        yield MessageAppend(letter)
    yield MessageEnd()


@dataclass
class FakeKernel:
    functions: dict[str, Function] = field(default_factory=dict)
    streams: dict[str, Source] = field(default_factory=dict)
    described: dict[str, SkillMetadata] = field(default_factory=dict)
    loaded: list[SkillPath] = field(default_factory=list)
    used: list[Row] = field(default_factory=list)
    warnings: dict[str, str] = field(default_factory=dict)
    ready: bool = True
    asking: ScriptedCsi = field(default_factory=ScriptedCsi)
    """Answers those who use the CSI without a skill."""
    askers: list[tuple[str, Caller]] = field(default_factory=list)
    """Namespace and caller of each of them."""
    servers: dict[str, list[str]] = field(default_factory=dict)
    namespaces: dict[str, NamespaceStatus] = field(default_factory=dict)
    rolled_back: dict[str, str] = field(default_factory=dict)
    left: asyncio.Event = field(default_factory=asyncio.Event)
    """Set when an invocation that had begun is over, however it ended."""

    async def invoke(self, skill: SkillPath, input: bytes, caller: Caller) -> Answer:
        if str(skill) in self.streams:
            raise WrongSkillKind("The skill streams; use the /message-stream endpoint")
        try:
            return await self._named(self.functions, skill)(input, caller)
        finally:
            self.left.set()

    @asynccontextmanager
    async def stream(self, skill: SkillPath, input: bytes, caller: Caller) -> AsyncIterator[Events]:
        try:
            source = self._named(self.streams, skill)(input, caller)
        except SkillNotFound as error:
            source = nothing(error)
        try:
            yield Events(source, self.warnings.get(str(skill)))
        finally:
            self.left.set()

    async def admit(self, caller: Caller, namespace: str | None, action: Action) -> Caller:
        return caller

    async def may(self, caller: Caller, namespace: str | None, action: Action) -> bool:
        return True

    async def metadata(self, skill: SkillPath, caller: Caller) -> SkillMetadata:
        return self._named(self.described, skill)

    @asynccontextmanager
    async def csi(self, namespace: str, caller: Caller) -> AsyncIterator[ScriptedCsi]:
        self.askers.append((namespace, caller))
        yield self.asking

    async def tools(self, namespace: str, caller: Caller) -> list[ToolInfo]:
        self.mcp_servers(namespace, caller)
        async with self.csi(namespace, caller) as csi:
            return await csi.list_tools()  # type: ignore[no-any-return]

    def mcp_servers(self, namespace: str, caller: Caller) -> list[str]:
        if namespace not in self.servers:
            raise NamespaceNotFound(f"Namespace '{namespace}' not found")
        return self.servers[namespace]

    def skills(self, caller: Caller, kind: SkillType | None = None) -> list[SkillPath]:
        names = [] if kind == "chat" else {**self.functions, **self.streams}
        return [SkillPath.parse(name) for name in names]

    async def roll_back(self, skill: SkillPath, digest: str | None, caller: Caller) -> str:
        self._named(self.functions, skill)
        self.rolled_back[str(skill)] = digest or "sha256:before"
        return self.rolled_back[str(skill)]

    async def release(self, skill: SkillPath, caller: Caller) -> bool:
        return self.rolled_back.pop(str(skill), None) is not None

    def namespace(self, namespace: str, caller: Caller) -> NamespaceStatus:
        if namespace not in self.namespaces:
            raise NamespaceNotFound(f'no namespace "{namespace}" is configured')
        return self.namespaces[namespace]

    def cached(self, caller: Caller) -> list[SkillPath]:
        return self.loaded

    async def cached_everywhere(self, caller: Caller) -> list[SkillPath]:
        return self.cached(caller)

    async def evict_everywhere(self, skill: SkillPath, caller: Caller) -> bool:
        return self.evict(skill, caller)

    async def usage(self, query: UsageQuery, caller: Caller) -> UsageReport:
        return report(self.used, query)

    def evict(self, skill: SkillPath, caller: Caller) -> bool:
        if skill not in self.loaded:
            return False
        self.loaded.remove(skill)
        return True

    def status(self) -> Status:
        return Status(self.ready)

    def _named(self, table: dict[str, T], skill: SkillPath) -> T:
        if str(skill) not in table:
            raise SkillNotFound(f"There is no skill {skill}")
        return table[str(skill)]


class _Current:
    """The kernel of the test that runs; the server of a module outlives its tests."""

    kernel: FakeKernel

    def __getattr__(self, name: str) -> object:
        return getattr(self.kernel, name)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def server() -> AsyncIterator[tuple[_Current, str]]:
    current = _Current()
    settings = Settings(kernel_address="127.0.0.1:0", limits=LimitSettings(input_bytes=1000))
    async with serve(current, settings) as url:  # type: ignore[arg-type]
        yield current, url


@pytest_asyncio.fixture(loop_scope="module")
async def kernel(server: tuple[_Current, str]) -> FakeKernel:
    server[0].kernel = FakeKernel(streams={"test-beta/hello": hello})
    return server[0].kernel


@pytest_asyncio.fixture(loop_scope="module")
async def client(server: tuple[_Current, str], kernel: FakeKernel) -> AsyncIterator[httpx.AsyncClient]:
    # Here as everywhere it reads no certificates, which would take 30 ms.
    async with httpx.AsyncClient(base_url=server[1], trust_env=False, verify=False) as client:
        yield client


@pytest.fixture
def address(server: tuple[_Current, str]) -> tuple[str, int]:
    """For tests that write bytes themselves."""
    host, port = server[1].removeprefix("http://").split(":")
    return host, int(port)


@pytest.fixture
def answer() -> type[Answer]:
    return Answer


@pytest.fixture
def serve_with() -> Callable[..., object]:
    """A server of one test, with limits of its own."""

    @asynccontextmanager
    async def start(kernel: FakeKernel, **limits: object) -> AsyncIterator[httpx.AsyncClient]:
        settings = Settings(kernel_address="127.0.0.1:0", limits=LimitSettings(**limits))  # type: ignore[arg-type]
        async with (
            serve(kernel, settings) as url,
            httpx.AsyncClient(base_url=url, trust_env=False, verify=False) as client,
        ):
            yield client

    return start


@pytest.fixture
def failed() -> type[Failed]:
    return Failed
