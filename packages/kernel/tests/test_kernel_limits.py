"""Limits, usage and instances as the settings say: all parts together, over HTTP."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest

from components import wat
from pharia_kernel.api.server import serve
from pharia_kernel.config import Settings
from pharia_kernel.csi.inference.absent import AbsentBackend
from pharia_kernel.csi.types import CompleteAnswer, CompleteRequest, Usage
from pharia_kernel.errors import DeadlineExceeded, MemoryExceeded, QuotaExceeded
from pharia_kernel.kernel import Kernel
from pharia_kernel.types import Action, Caller, Rights, SkillPath
from pharia_kernel.usage import UsageQuery

COUNTING = wat.text_skill("""
          (i32.store8
            (i32.const 100)
            (i32.add
              (i32.load8_u (i32.const 100))
              (select (i32.const 1) (i32.const 49) (i32.load8_u (i32.const 100)))))
          (local.set $address (i32.const 100))
          (local.set $length (i32.const 1))
""")
"""Answers how many calls its instance has served."""


class Model(AbsentBackend):
    def __init__(self) -> None:
        super().__init__()
        self.asked = asyncio.Event()
        self.answer = asyncio.Event()
        self.answer.set()

    async def complete(self, request: CompleteRequest, caller: Caller) -> CompleteAnswer:
        self.asked.set()
        await self.answer.wait()
        return CompleteAnswer("four", "stop", usage=Usage(10, 20))


@asynccontextmanager
async def kernel(folder: Path, model: Model | None = None, **settings: Any) -> AsyncIterator[Kernel]:
    namespaces = settings.pop("namespaces", {"dev": {}})
    for name in namespaces:
        (folder / name).mkdir(exist_ok=True)
    whole = Settings.model_validate(
        {
            "kernel-address": "127.0.0.1:0",
            "cache-dir": folder / "cache",
            "directory-scan-interval": 0.02,
            "namespaces": {name: {"directory": folder / name, **more} for name, more in namespaces.items()},
            "limits": {"memory-bytes": "64MiB", "concurrent-calls": 20, **settings.pop("limits", {})},
            **settings,
        }
    )
    async with Kernel(whole, backend=model or Model()) as running:
        yield running


def put(folder: Path, code: bytes, name: str = "skill", namespace: str = "dev") -> None:
    (folder / namespace).mkdir(exist_ok=True)
    (folder / namespace / f"{name}.wasm").write_bytes(code)


async def ask(running: Kernel, caller: str = "a", namespace: str = "dev") -> None:
    async with running.csi(namespace, Caller(id=caller)) as csi:
        await csi.complete([CompleteRequest("small", "x" * 40, max_tokens=30)])


async def test_too_many_calls_are_answered_with_429_and_when_to_come_again(tmp_path: Path) -> None:
    put(tmp_path, wat.TEXT_ECHO)
    limited = {"dev": {"limits": {"rate": "6/min", "burst": 1}}, "other": {}}
    put(tmp_path, wat.TEXT_ECHO, namespace="other")
    async with (
        kernel(tmp_path, namespaces=limited) as running,
        serve(running, Settings(kernel_address="127.0.0.1:0")) as url,
        httpx.AsyncClient(base_url=url, trust_env=False, verify=False, timeout=60) as client,
    ):
        answers = [await client.post("/v1/skills/dev/skill/run", json="x") for _ in range(2)]
        assert [answer.status_code for answer in answers] == [200, 429]
        problem = answers[1].json()
        assert (problem["code"], problem["retry_after"]) == ("quota-exceeded", 10)
        assert problem["detail"] == 'namespace "dev" takes 6 calls per minute; come again in 10 s'
        assert answers[1].headers["retry-after"] == "10"
        assert (await client.post("/v1/skills/other/skill/run", json="x")).status_code == 200
        usage = (await client.get("/v1/usage?by=namespace,skill&namespace=dev")).json()
        assert [(row["skill"], row["calls"], row["refused"]) for row in usage["rows"]] == [("skill", 1, 1)]


async def test_each_caller_has_its_own_limits(tmp_path: Path) -> None:
    put(tmp_path, wat.TEXT_ECHO)
    callers = {"default": {"limits": {"rate": 0.001, "burst": 1}}, "key:1": {"limits": {"burst": 3}}}
    async with kernel(tmp_path, callers=callers) as running:
        for caller, calls in (("key:1", 3), ("key:2", 1), ("key:3", 1)):
            for _ in range(calls):
                await running.run("dev/skill", "x", caller=Caller(id=caller))
            with pytest.raises(QuotaExceeded, match=f"caller {caller} takes"):
                await running.run("dev/skill", "x", caller=Caller(id=caller))


async def test_tokens_are_counted_for_caller_and_namespace(tmp_path: Path) -> None:
    limits = {"dev": {"limits": {"tokens-per-day": 100}}, "other": {}}
    async with kernel(tmp_path, namespaces=limits) as running:
        for _ in range(3):
            await ask(running)
        with pytest.raises(QuotaExceeded, match='namespace "dev" may use 100 tokens per day, of which 10 are left'):
            await ask(running, "b")
        await ask(running, namespace="other")
        report = await running.usage(UsageQuery(by=("namespace", "model")))
        rows = [(row.namespace, row.model, row.calls, row.requests, row.output_tokens) for row in report.rows]
        assert rows == [
            ("dev", "", 4, 0, 0),
            ("dev", "small", 0, 4, 60),
            ("other", "", 1, 0, 0),
            ("other", "small", 0, 1, 20),
        ]
        assert report.total.failures == 1


async def test_a_call_that_is_stopped_gives_its_tokens_back(tmp_path: Path) -> None:
    model = Model()
    model.answer.clear()
    async with kernel(tmp_path, model, callers={"default": {"limits": {"tokens-per-day": 75}}}) as running:
        first = asyncio.create_task(ask(running))
        await model.asked.wait()
        with pytest.raises(QuotaExceeded, match="of which 35 are left"):
            await ask(running)
        first.cancel()
        await asyncio.wait({first})
        model.answer.set()
        await ask(running)


async def test_the_time_of_a_call_is_that_of_its_namespace(tmp_path: Path) -> None:
    put(tmp_path, wat.ENDLESS)
    async with kernel(tmp_path, namespaces={"dev": {"limits": {"deadline-seconds": "50ms"}}}) as running:
        with pytest.raises(DeadlineExceeded, match=r"did not finish within 0\.05 s"):
            await running.run("dev/skill", "x")


async def test_the_memory_of_a_call_is_that_of_its_namespace_and_its_caller(tmp_path: Path) -> None:
    pages = wat.text_skill("", pages=80)
    put(tmp_path, pages)
    put(tmp_path, pages, namespace="small")
    callers = {"key:poor": {"limits": {"memory-bytes": "4MiB"}}}
    namespaces = {"dev": {}, "small": {"limits": {"memory-bytes": "4MiB"}}}
    async with kernel(tmp_path, namespaces=namespaces, callers=callers) as running:
        assert await running.run("dev/skill", "x") == "x"
        with pytest.raises(MemoryExceeded):
            await running.run("dev/skill", "x", caller=Caller(id="key:poor"))
        with pytest.raises(MemoryExceeded):
            await running.run("small/skill", "x")
        assert await running.run("dev/skill", "x") == "x"


async def test_instances_are_fresh_unless_the_namespace_or_the_skill_allows_more_calls(tmp_path: Path) -> None:
    for namespace in ("dev", "warm"):
        put(tmp_path, COUNTING, "first", namespace)
        put(tmp_path, COUNTING, "second", namespace)
    namespaces = {
        "dev": {"skill-instances": {"second": {"reuse": 2}}},
        "warm": {"instances": {"reuse": 3, "idle": "1m"}, "skill-instances": {"second": {"reuse": 1}}},
    }
    async with kernel(tmp_path, namespaces=namespaces) as running:

        async def answers(skill: str) -> str:
            return "".join([await running.run(skill, "") for _ in range(4)])

        assert await answers("dev/first") == "1111"
        assert await answers("dev/second") == "1212"
        assert await answers("warm/first") == "1231"
        assert await answers("warm/second") == "1111"


async def test_new_settings_hold_after_a_reload(tmp_path: Path) -> None:
    put(tmp_path, COUNTING)
    async with kernel(tmp_path) as running:
        assert [await running.run("dev/skill", "") for _ in range(2)] == ["1", "1"]
        changed = {
            "namespaces": {"dev": {"directory": tmp_path / "dev", "instances": {"reuse": 2}}},
            "callers": {"key:1": {"limits": {"rate": 0.001, "burst": 2}}},
        }
        parsed = Settings.model_validate(changed)
        after = running._settings.model_copy(update={name: getattr(parsed, name) for name in changed})
        assert (await running.reload(after)).not_applied == ()
        async with asyncio.timeout(60):
            while await running.run("dev/skill", "") == "1":
                pass
        caller = Caller(id="key:1")
        assert [await running.run("dev/skill", "", caller=caller) for _ in range(2)] == ["1", "2"]
        with pytest.raises(QuotaExceeded, match="caller key:1"):
            await running.run("dev/skill", "", caller=caller)


async def test_who_operates_one_namespace_sees_the_usage_of_that_one(tmp_path: Path) -> None:
    async with kernel(tmp_path, namespaces={"dev": {}, "other": {}}) as running:
        await ask(running)
        await ask(running, namespace="other")
        operator = Caller(id="key:1", rights=Rights({"dev": frozenset({Action.ADMIN})}))
        report = await running.usage(UsageQuery(by=("namespace",)), operator)
        assert [row.namespace for row in report.rows] == ["dev"]
        assert report.total.calls == 1


async def test_usage_and_the_tokens_of_the_day_outlive_the_process(tmp_path: Path) -> None:
    settings: dict[str, Any] = {
        "usage": {"file": tmp_path / "usage.json"},
        "callers": {"default": {"limits": {"tokens-per-day": 60}}},
    }
    async with kernel(tmp_path, **settings) as running:
        await ask(running)
    async with kernel(tmp_path, **settings) as running:
        assert (await running.usage(UsageQuery(by=()))).total.output_tokens == 20
        with pytest.raises(QuotaExceeded, match="of which 30 are left"):
            await ask(running)
        await ask(running, "b")


async def test_alone_everywhere_is_here(tmp_path: Path) -> None:
    put(tmp_path, wat.TEXT_ECHO)
    path = SkillPath("dev", "skill")
    async with kernel(tmp_path) as running:
        await running.loaded()
        await running.run(path, "x")
        assert await running.cached_everywhere() == [path]
        assert await running.evict_everywhere(path)
        assert not await running.evict_everywhere(path)
        assert msgspec.json.encode(running.status())
