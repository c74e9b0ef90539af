"""Worker processes that count together and answer alike."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from components import wat
from pharia_kernel.cli.peers.hub import Hub, Shared
from pharia_kernel.cli.peers.wire import Unanswered, wired
from pharia_kernel.cli.peers.worker import WorkerPeers
from pharia_kernel.config import Settings
from pharia_kernel.errors import Saturated
from pharia_kernel.quotas import Quotas, Spender
from pharia_kernel.telemetry.metrics import Metrics
from pharia_kernel.types import SkillPath
from pharia_kernel.usage import UsageQuery, report

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="needs sockets that processes share")

HELLO = "/v1/skills/test-beta/hello/message-stream"
HAIKU = SkillPath("dev", "haiku")
SPENDER = Spender("dev", "haiku", "key:1")


class Loaded:
    """What peers ask of a kernel."""

    def __init__(self, *skills: SkillPath) -> None:
        self.skills = list(skills)

    def cached(self) -> list[SkillPath]:
        return self.skills

    def evict(self, skill: SkillPath) -> bool:
        found = skill in self.skills
        self.skills = [one for one in self.skills if one != skill]
        return found


class Together:
    """Two workers' ends and the hub, on one event loop."""

    def __init__(self, peers: list[WorkerPeers], quotas: list[Quotas], kernels: list[Loaded]) -> None:
        self.peers, self.quotas, self.kernels = peers, quotas, kernels


@asynccontextmanager
async def together(**more: Any) -> AsyncIterator[Together]:
    settings = Settings.model_validate({"workers": 2, **more})
    async with Hub(settings) as hub, hub.joined(0) as first, hub.joined(1) as second:
        peers, quotas, kernels = [], [], [Loaded(HAIKU), Loaded()]
        async with _entered(settings, first.shared) as one, _entered(settings, second.shared) as other:
            for (each, its), kernel in zip((one, other), kernels, strict=True):
                each.answer_for(kernel)  # type: ignore[arg-type]
                peers.append(each)
                quotas.append(its)
            yield Together(peers, quotas, kernels)


@asynccontextmanager
async def _entered(settings: Settings, shared: Shared) -> AsyncIterator[tuple[WorkerPeers, Quotas]]:
    wire, memory, bell, *bells = map(os.dup, shared.descriptors)
    peers = WorkerPeers(Shared(shared.number, wire, memory, bell, tuple(bells)), settings, Metrics())
    try:
        async with peers as quotas:
            yield peers, quotas
    finally:
        for end in (memory, bell, *bells):
            os.close(end)


async def test_usage_is_that_of_all_whichever_is_asked(tmp_path: Path) -> None:
    async with together(usage={"file": tmp_path / "usage.json"}) as both:
        for number, peers in enumerate(both.peers):
            for _ in range(number + 1):
                peers.book.called(SPENDER, failed=False, seconds=1.0)
        for peers in both.peers:
            assert report(await peers.usage(), UsageQuery()).total.calls == 3
        both.peers[0].book.refused(SPENDER)
    async with together(usage={"file": tmp_path / "usage.json"}) as both:
        total = report(await both.peers[1].usage(), UsageQuery()).total
        assert (total.calls, total.refused) == (3, 1)


async def test_what_one_has_loaded_the_other_can_list_and_drop() -> None:
    async with together() as both:
        assert [await peers.cached() for peers in both.peers] == [[], [HAIKU]]
        assert await both.peers[1].evict(HAIKU)
        assert not await both.peers[1].evict(HAIKU)
        assert both.kernels[0].skills == []


async def test_places_are_those_of_all_together() -> None:
    async with together(callers={"default": {"limits": {"concurrent-calls": 1}}}) as both:
        first, second = (quotas.place(SPENDER) for quotas in both.quotas)
        await first.__aenter__()
        waits = asyncio.create_task(second.__aenter__())
        await asyncio.sleep(0)
        assert not waits.done()
        await first.__aexit__(None, None, None)
        await waits
        await second.__aexit__(None, None, None)


async def test_what_a_dead_worker_held_is_free_again() -> None:
    settings = Settings.model_validate({"workers": 2, "callers": {"default": {"limits": {"concurrent-calls": 1}}}})
    async with Hub(settings) as hub, hub.joined(1) as staying, _entered(settings, staying.shared) as (_, quotas):
        async with hub.joined(0) as dying, _entered(settings, dying.shared) as (_, lost):
            await lost.place(SPENDER).__aenter__()
            waits = asyncio.create_task(quotas.place(SPENDER).__aenter__())
            await asyncio.sleep(0)
        await waits


async def test_a_worker_whose_watcher_is_gone_says_that_it_can_not_ask() -> None:
    settings = Settings(workers=2)
    async with Hub(settings) as hub:
        async with hub.joined(0) as joined:
            entered = _entered(settings, joined.shared)
            peers, _ = await entered.__aenter__()
        with pytest.raises(Saturated, match="can not be asked now"):
            await peers.usage()
        await entered.__aexit__(None, None, None)


async def test_questions_cross_each_other_and_a_failure_is_one_answer(caplog: pytest.LogCaptureFixture) -> None:
    async def double(number: Any) -> Any:
        return 2 * number

    async def fail(_: object) -> Any:
        raise ValueError("no")

    left, right = socket.socketpair()
    async with wired(left, {"double": double}) as one, wired(right, {"double": double, "fail": fail}) as other:
        asked = [one.ask("double", number) for number in range(50)] + [other.ask("double", 7) for _ in range(50)]
        assert await asyncio.gather(*asked) == [*range(0, 100, 2), *[14] * 50]
        for question in ("fail", "unheard of"):
            with pytest.raises(Unanswered):
                await one.ask(question)
        assert await one.ask("double", 1) == 2
    assert "answering fail" in caplog.text


async def test_who_does_not_answer_in_time_is_not_waited_for() -> None:
    async def hang(_: object) -> Any:
        await asyncio.Event().wait()

    left, right = socket.socketpair()
    async with wired(left, {}) as one, wired(right, {"hang": hang}):
        with pytest.raises(Unanswered, match="no answer within"):
            await one.ask("hang", seconds=0.01)


async def test_whoever_waits_for_one_that_ends_is_told() -> None:
    async def hang(_: object) -> Any:
        await asyncio.Event().wait()

    left, right = socket.socketpair()
    async with wired(left, {}) as one:
        async with wired(right, {"hang": hang}):
            asked = asyncio.create_task(one.ask("hang", seconds=60))
            await asyncio.sleep(0)
        with pytest.raises(Unanswered, match="has ended"):
            await asked


@asynccontextmanager
async def serving(folder: Path, **settings: str) -> AsyncIterator[tuple[Process, str]]:
    environ = {"PATH": os.environ["PATH"], "XDG_CACHE_HOME": str(folder), "INFERENCE": "none", **settings}
    command = [sys.executable, "-m", "pharia_kernel", "--address", "127.0.0.1:0", "--workers", "2"]
    process = await asyncio.create_subprocess_exec(*command, cwd=folder, env=environ, stdout=PIPE, stderr=PIPE)
    try:
        assert process.stdout is not None
        line = (await process.stdout.readline()).decode()
        assert line.startswith("Listening"), (await process.communicate())[1]
        yield process, line.split()[2]
    finally:
        if process.returncode is None:
            process.send_signal(signal.SIGTERM)
            await process.communicate()


async def fresh(url: str, method: str, path: str, **more: Any) -> httpx.Response:
    """Each on a connection of its own, so that both workers are asked."""
    async with httpx.AsyncClient(base_url=url, trust_env=False, verify=False, timeout=120) as client:
        return await client.request(method, path, **more)


async def test_two_processes_behind_one_address_are_one_kernel(tmp_path: Path) -> None:
    (tmp_path / "skills").mkdir()
    (tmp_path / "skills" / "echo.wasm").write_bytes(wat.TEXT_ECHO)
    limits = {
        "NAMESPACES__DEV__DIRECTORY": "skills",
        "NAMESPACES__DEV__LIMITS__RATE": "1/h",
        "NAMESPACES__DEV__LIMITS__BURST": "25",
    }
    async with serving(tmp_path, **limits) as (_, url):
        run = [fresh(url, "POST", "/v1/skills/dev/echo/run", json="x") for _ in range(60)]
        answers = [answer.status_code for answer in await asyncio.gather(*run)]
        assert (answers.count(200), answers.count(429)) == (25, 35)
        for _ in range(6):
            usage = (await fresh(url, "GET", "/v1/usage?by=namespace")).json()
            assert (usage["total"]["calls"], usage["total"]["refused"]) == (25, 35)
            assert (await fresh(url, "GET", "/cached_skills")).json() == ["dev/echo"]
        assert (await fresh(url, "DELETE", "/cached_skills/dev/echo")).json() == "Skill removed from cache"
        for _ in range(6):
            assert (await fresh(url, "GET", "/cached_skills")).json() == []
            assert "not present" in (await fresh(url, "DELETE", "/cached_skills/dev/echo")).json()
