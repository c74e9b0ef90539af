"""Namespaces of the whole kernel: described by a web server, with code from an OCI registry, changed while it runs."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from aiohttp import web
from pydantic import SecretStr

from doubles.description_server import DescriptionServer, description_server
from doubles.eventually import until
from doubles.oci_image import skill_image
from doubles.scripted_registry import ScriptedRegistry, scripted_registry
from pharia_kernel.composition.reload import Reloaded
from pharia_kernel.config import NamespaceSettings, Settings
from pharia_kernel.config.skill_entries import ProgrammableEntry
from pharia_kernel.csi.csi import Csi
from pharia_kernel.errors import (
    ConfigError,
    NamespaceInvalid,
    NamespaceNotFound,
    NothingToRollBack,
    SkillLoadError,
    SkillNotFound,
)
from pharia_kernel.kernel import Kernel
from pharia_kernel.runtimes.skill import SkillLimits
from pharia_kernel.skills import NamespaceState, SkillState
from pharia_kernel.types import (
    LOCAL,
    MessageAppend,
    Output,
    SkillKind,
    SkillMetadata,
    SkillPath,
)


class WordSkill:
    """Answers with its own code."""

    kind = SkillKind.FUNCTION

    def __init__(self, code: bytes) -> None:
        self.code = code
        self.digest = f"sha256:{code.decode()}"
        self.closed = False

    async def run(self, input: bytes, csi: Csi, output: Output | None) -> bytes:
        assert not self.closed
        await asyncio.sleep(0)
        assert not self.closed
        return msgspec.json.encode(self.code.decode())

    async def metadata(self) -> SkillMetadata:
        return SkillMetadata()

    async def aclose(self) -> None:
        self.closed = True


class WordRuntime:
    async def __aenter__(self) -> WordRuntime:
        return self

    async def __aexit__(self, *exc: object) -> None:
        pass

    async def load(self, path: SkillPath, code: bytes, limits: SkillLimits) -> WordSkill:
        if code.startswith(b"broken"):
            raise SkillLoadError("not a component")
        return WordSkill(code)


@pytest.fixture
async def registry() -> AsyncIterator[ScriptedRegistry]:
    async with scripted_registry() as running:
        running.put("skills/haiku:latest", skill_image(b"one"))
        yield running


@pytest.fixture
async def server() -> AsyncIterator[DescriptionServer]:
    async with description_server() as running:
        running.text = 'skills = [{ name = "haiku" }]'
        yield running


@pytest.fixture
def settings(tmp_path: Path, server: DescriptionServer, registry: ScriptedRegistry) -> Settings:
    team = NamespaceSettings(
        config_url=server.url,
        config_access_token=SecretStr("t0ken"),
        registry=registry.host,
        base_repository="/skills/",
    )
    return Settings(
        namespaces={"team": team},
        namespace_update_interval=0.01,
        directory_scan_interval=0.01,
        inference="none",
        cache_dir=tmp_path / "cache",
    )


def kernel_of(settings: Settings) -> Kernel:
    return Kernel(settings, runtime=WordRuntime())


def with_namespaces(settings: Settings, **namespaces: NamespaceSettings) -> Settings:
    return settings.model_copy(update={"namespaces": namespaces})


async def test_description_and_registry_make_a_namespace(settings: Settings, server: DescriptionServer) -> None:
    async with kernel_of(settings) as kernel:
        assert await kernel.run("team/haiku", None) == "one"
        status = kernel.namespace("team")
        assert (status.state, status.problem) == (NamespaceState.WORKING, None)
        assert (status.skills[0].name, status.skills[0].state) == ("haiku", SkillState.WORKING)
        with pytest.raises(NamespaceNotFound):
            kernel.namespace("other")
    assert server.asked[0].headers["Authorization"] == "Bearer t0ken"


async def test_a_tag_moves_under_load_and_no_call_fails(settings: Settings, registry: ScriptedRegistry) -> None:
    """Fifty callers, over ten versions; nobody ever gets an older version than somebody got before."""
    answers: list[int] = []
    registry.put("skills/haiku:latest", skill_image(b"0"))
    async with kernel_of(settings) as kernel:

        async def call() -> None:
            while not answers or answers[-1] < 10:
                answers.append(int(await kernel.run("team/haiku", None)))  # type: ignore[arg-type]
                await asyncio.sleep(0.02)

        async with asyncio.TaskGroup() as group:
            for _ in range(50):
                group.create_task(call())
            for version in range(1, 11):
                registry.put("skills/haiku:latest", skill_image(b"%d" % version))
                await until(lambda wanted=version: answers and answers[-1] >= wanted)
        assert answers == sorted(answers)
        assert set(answers) == set(range(11))


async def test_nobody_notices_that_description_and_registry_are_away(
    settings: Settings, server: DescriptionServer, registry: ScriptedRegistry
) -> None:
    async def in_trouble(request: web.Request) -> web.StreamResponse:
        return web.Response(status=503)

    async with kernel_of(settings) as kernel:
        assert await kernel.run("team/haiku", None) == "one"
        server.status, registry.script = 503, in_trouble
        await until(lambda: kernel.namespace("team").state is NamespaceState.UNAVAILABLE)
        assert [await kernel.run("team/haiku", None) for _ in range(20)] == ["one"] * 20
        assert "503" in (kernel.status().namespaces["team"].problem or "")
    async with kernel_of(settings) as kernel:
        assert await kernel.run("team/haiku", None) == "one", "a restart finds what there was"
        server.status, registry.script = 200, None
        registry.put("skills/haiku:latest", skill_image(b"two"))
        await until(lambda: kernel.namespace("team").problem is None)
        await kernel.loaded()
        assert await kernel.run("team/haiku", None) == "two"


async def test_a_skill_goes_back_to_its_version_before(
    settings: Settings, registry: ScriptedRegistry, tmp_path: Path
) -> None:
    haiku = SkillPath("team", "haiku")
    async with kernel_of(settings) as kernel:
        await kernel.loaded()
        with pytest.raises(NothingToRollBack, match="stood for nothing else before"):
            await kernel.roll_back(haiku)
        first = kernel.namespace("team").skills[0].digest
        registry.put("skills/haiku:latest", skill_image(b"two"))
        await until(lambda: kernel.namespace("team").skills[0].digest != first)
        await kernel.roll_back(haiku)
        await kernel.loaded()
        assert await kernel.run(haiku, None) == "one"
    async with kernel_of(settings) as kernel:
        assert await kernel.run(haiku, None) == "one", "a restart does not forget it"
        assert await kernel.release(haiku)
        await kernel.loaded()
        assert await kernel.run(haiku, None) == "two"
        with pytest.raises(SkillNotFound):
            await kernel.roll_back(SkillPath("team", "nobody"))
        await kernel.reload(with_namespaces(settings, dev=NamespaceSettings(directory=tmp_path)))
        (tmp_path / "file.wasm").write_bytes(b"x")
        await until(lambda: kernel.skills())
        with pytest.raises(NothingToRollBack, match="watched directory"):
            await kernel.roll_back(SkillPath("dev", "file"))


async def test_a_broken_new_version_leaves_the_one_that_works(settings: Settings, registry: ScriptedRegistry) -> None:
    async with kernel_of(settings) as kernel:
        await kernel.loaded()
        registry.put("skills/haiku:latest", skill_image(b"broken"))
        await until(lambda: kernel.namespace("team").skills[0].state is SkillState.STALE)
        assert await kernel.run("team/haiku", None) == "one"


async def test_a_description_that_is_gone_makes_the_namespace_invalid(
    settings: Settings, server: DescriptionServer
) -> None:
    """Row 109."""
    async with kernel_of(settings) as kernel:
        await kernel.loaded()
        server.status = 404
        await until(lambda: kernel.namespace("team").state is NamespaceState.INVALID)
        with pytest.raises(NamespaceInvalid, match="answered 404"):
            await kernel.run("team/haiku", None)
        server.status = 200
        await until(lambda: kernel.namespace("team").state is NamespaceState.WORKING)
        assert await kernel.run("team/haiku", None) == "one"


async def test_tools_of_a_description_come_and_go(settings: Settings, server: DescriptionServer) -> None:
    """Rows 98 and 101."""

    async def tools(kernel: Kernel) -> list[str]:
        return [tool.name for tool in await kernel.tools("team", LOCAL)]

    own = settings.namespaces["team"].model_copy(update={"native_tools": ("subtract",)})
    async with kernel_of(with_namespaces(settings, team=own)) as kernel:
        assert await tools(kernel) == ["subtract"]
        assert kernel.mcp_servers("team") == []
        server.text = 'skills = []\nnative-tools = ["add"]\nmcp-servers = ["http://127.0.0.1:1/mcp"]'
        await until(lambda: kernel.mcp_servers("team"))
        assert kernel.mcp_servers("team") == ["http://127.0.0.1:1/mcp"]
        assert await tools(kernel) == ["add", "subtract"]
        server.status = 404
        await until(lambda: not kernel.mcp_servers("team"))
        assert await tools(kernel) == ["subtract"], "what the operator configured stays"


async def test_a_chat_entry_talks_to_the_model(settings: Settings, server: DescriptionServer) -> None:
    server.text += '\n[[skills]]\ntype = "chat"\nname = "desk"\nversion = "1"\nmodel = "m"\nsystem_prompt = "You help."'
    server.text = server.text.replace('skills = [{ name = "haiku" }]', "")
    path = SkillPath("team", "desk")
    async with Kernel(settings, runtime=WordRuntime(), backend=Echo()) as kernel:
        assert kernel.skills(kind="chat") == [path]
        assert kernel.skills(kind="programmable") == []
        assert (await kernel.metadata(path)).description == "A chat skill"
        input = b'{"messages": [{"role": "user", "content": "Hi"}]}'
        async with kernel.stream(path, input, LOCAL) as events:
            texts = [event.text async for event in events if isinstance(event, MessageAppend)]
        assert texts == ["You help.|Hi"]


class Echo:
    async def __aenter__(self) -> Echo:
        return self

    async def __aexit__(self, *exc: object) -> None:
        pass

    async def chat_stream(self, request: Any, caller: Any) -> AsyncIterator[Any]:
        from pharia_kernel.csi.types import Begin, End, TextPart

        yield Begin("assistant")
        yield TextPart("|".join(turn.content for turn in request.turns))
        yield End("stop")


async def test_namespaces_are_added_changed_and_removed_while_calls_go_on(
    settings: Settings, registry: ScriptedRegistry, tmp_path: Path
) -> None:
    (tmp_path / "new").mkdir()
    (tmp_path / "new" / "poem.wasm").write_bytes(b"poem")
    registry.put("other/haiku:2", skill_image(b"pinned"))
    changed = NamespaceSettings(
        skills=(ProgrammableEntry(name="haiku", tag="2"),), registry=registry.host, base_repository="other"
    )
    async with kernel_of(settings) as kernel:
        assert await kernel.run("team/haiku", None) == "one"
        reloaded = await kernel.reload(
            with_namespaces(settings, team=changed, new=NamespaceSettings(directory=tmp_path / "new"))
        )
        assert reloaded == Reloaded(added=("new",), changed=("team",))
        await kernel.loaded()
        assert [await kernel.run(name, None) for name in ("team/haiku", "new/poem")] == ["pinned", "poem"]
        assert await kernel.tools("new", LOCAL) == []
        reloaded = await kernel.reload(with_namespaces(settings))
        assert reloaded == Reloaded(removed=("new", "team"))
        with pytest.raises(NamespaceNotFound):
            await kernel.run("team/haiku", None)
        with pytest.raises(NamespaceNotFound):
            await kernel.tools("new", LOCAL)


async def test_a_reload_that_is_wrong_changes_nothing(settings: Settings) -> None:
    async with kernel_of(settings) as kernel:
        wrong = settings.namespaces["team"].model_copy(update={"native_tools": ("multiply",)})
        with pytest.raises(ConfigError, match="multiply"):
            await kernel.reload(with_namespaces(settings, other=wrong))
        assert list(kernel.status().namespaces) == ["team"]
        assert await kernel.run("team/haiku", None) == "one"


async def test_what_needs_a_restart_is_named(settings: Settings) -> None:
    async with kernel_of(settings) as kernel:
        team = settings.namespaces["team"].model_copy(update={"skill_tools": True})
        other = with_namespaces(settings, team=team).model_copy(update={"log_level": "debug", "workers": 3})
        reloaded = await kernel.reload(other)
    assert reloaded.not_applied == ("log-level", "namespaces.team.skill-tools", "workers")
    assert str(reloaded) == (
        "namespaces: changed team; not before a restart: log-level, namespaces.team.skill-tools, workers"
    )
    assert str(Reloaded()) == "no namespace has changed"
