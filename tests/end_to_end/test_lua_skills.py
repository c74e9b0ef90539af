"""Lua packages in the whole kernel, over HTTP: from a directory and from a registry."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import shutil
from pathlib import Path
from typing import Any

import httpx
import pytest
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from doubles.docker_registry import docker_registry
from doubles.lua_package import archive, files_of, put_folder
from doubles.oci_image import KEY, package_image, payload_of, public_pem, signature_image
from doubles.openai_stub import Hang, Whole, chat_answer
from pharia_kernel.config import NamespaceSettings
from pharia_kernel.config.quotas import QuotaSettings
from pharia_kernel.config.skill_entries import ProgrammableEntry
from pharia_kernel.telemetry.tracing import Tracing

from .answers import is_problem
from .conftest import EXAMPLES, Start
from .served import Held, Served

ECHO = "return function(args) return 'hello ' .. args.name end"
ASK = "return function(args) return vulcan.models.llm('be brief', args.question).assistant end"
ADD = "return function(args) return vulcan.host.call('add', {a = 1, b = args.b}).value end"
PEEK = "return function() return (pcall(io.open, '/etc/hostname')) and 'open' or 'shut' end"
WRITE = "return function() io.open(vulcan.context.skill_dir .. '/x', 'w') return 'written' end"
VERSIONED = (
    "package.path = vulcan.context.skill_dir .. '/runtime/?.lua;' .. package.path local part = require('part') "
    "return function() return '%s ' .. part.version end"
)
LATE = "deadline-exceeded"
HOSTILE = {
    "loop": ("while true do end", LATE),
    "pattern": ("return string.find(string.rep('a', 40), string.rep('a?', 40) .. string.rep('a', 40) .. 'b')", LATE),
    "memory": ("local t = {} while true do t[#t + 1] = string.rep('x', 1e6) .. #t end", "skill-memory-exceeded"),
    "deep": ("local function f() return 1 + f() end return f()", "skill-reported-error"),
    "large": ("return string.rep('x', 1e7)", "skill-output-too-large"),
    "binary": ("return '\\255'", "skill-invalid-output"),
    "exit": ("os.exit(1)", "skill-reported-error"),
    "flood": ("while true do print(string.rep('x', 1000)) end", LATE),
    "daemon": ("return vulcan.process.exec({command = 'setsid sleep 1000 >/dev/null 2>&1 &'}).stdout", ""),
    "fine": ("return 'x'", "x"),
}
"""What comes of it, by name."""
NAME = "    parameters: [{name: name, type: string, description: whom to greet, required: true}]"


async def answered(kernel: Served, path: str, input: Any) -> httpx.Response:
    """Called until the skill is there."""
    async with asyncio.timeout(20):
        while (answer := await kernel.client.post(f"/v1/skills/{path}/run", json=input)).status_code == 404:
            pass
    return answer


async def changed(kernel: Served, name: str, former: httpx.Response, input: Any) -> httpx.Response:
    async with asyncio.timeout(20):
        while True:
            answer = await kernel.run(name, input)
            seen = [(one.status_code, one.text, one.headers.get("x-skill-warning")) for one in (answer, former)]
            if seen[0] != seen[1]:
                return answer


def programs() -> int:
    """Processes below this one that have not ended."""
    below: dict[str, list[str]] = {}
    for file in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            state, parent = file.read_text().rpartition(")")[2].split()[:2]
            if state != "Z":
                below.setdefault(parent, []).append(file.parent.name)
    found = [str(os.getpid())]
    for process in found:
        found += below.get(process, [])
    return len(found)


async def test_a_package_beside_components_is_listed_described_and_called(start: Start) -> None:
    kernel = await start()
    put_folder(kernel.directory, "notes", files_of({"echo": ECHO}, more=NAME))
    answer = await answered(kernel, "dev/notes-echo", {"name": "Homer"})
    assert (answer.status_code, answer.json()) == (200, "hello Homer")
    assert answer.headers["x-skill-digest"].startswith("sha256:")
    assert (await kernel.run("healthy", "x")).json() == "x"
    assert (await kernel.client.get("/v1/skills")).json() == ["dev/healthy", "dev/notes-echo"]
    metadata = (await kernel.client.get("/v1/skills/dev/notes-echo/metadata")).json()
    assert metadata["description"] == "What echo does"
    assert metadata["skill_type"] == "function"
    assert metadata["input_schema"]["required"] == ["name"]
    assert metadata["input_schema"]["properties"]["name"] == {"type": "string", "description": "whom to greet"}


async def test_wrong_arguments_and_failures_are_problem_documents(start: Start) -> None:
    kernel = await start(deadline_seconds=1.0)
    sources = {
        "echo": ECHO,
        "fail": "return function() error('no milk') end",
        "loop": "return function() while true do end end",
        "number": "return function() return 1 end",
        "eat": "return function() local t = {} while true do t[#t + 1] = string.rep('x', 1e6) .. #t end end",
    }
    put_folder(kernel.directory, "notes", files_of(sources))
    assert (await answered(kernel, "dev/notes-echo", {"name": "x"})).status_code == 200
    put_folder(kernel.directory, "strict", files_of({"echo": ECHO}, more=NAME))
    rejected = await answered(kernel, "dev/strict-echo", {"name": 1})
    assert is_problem(rejected, 400, "skill-rejected-input")
    assert 'args.name: 1 is not of type "string"' in rejected.json()["detail"]
    assert is_problem(await kernel.run("notes-echo", "text"), 400, "skill-rejected-input")
    assert is_problem(await kernel.run("notes-fail", {}), 400, "skill-reported-error")
    assert is_problem(await kernel.run("notes-number", {}), 500, "skill-invalid-output")
    assert is_problem(await kernel.run("notes-eat", {}), 500, "skill-memory-exceeded")
    assert is_problem(await kernel.run("notes-loop", {}), 504, "deadline-exceeded")
    assert is_problem(await kernel.run("notes-ech", {}), 404, "skill-not-found")
    (event,) = await kernel.events("notes-echo", {"name": "x"})
    assert (event.name, event.data["code"]) == ("error", "wrong-skill-kind")
    assert (await kernel.run("notes-echo", {"name": "again"})).json() == "hello again"
    await kernel.until_idle()


async def test_models_and_tools_are_those_of_the_kernel_and_of_the_call(
    start: Start, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "pharia_kernel.skill")
    exporter = InMemorySpanExporter()
    provider = TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    namespace = {"lua_model": "small", "native_tools": ("add",)}
    kernel = await start(tracing=Tracing(provider), settings={"namespace": namespace})
    put_folder(kernel.directory, "notes", files_of({"ask": f"print('asked') {ASK}", "add": ADD}))
    kernel.stub.replies = [Whole(chat_answer("oat milk"))]
    assert (await answered(kernel, "dev/notes-ask", {"question": "what milk?"})).json() == "oat milk"
    body = kernel.stub.received[0].body
    assert body["model"] == "small"
    assert [(turn["role"], turn["content"]) for turn in body["messages"]] == [
        ("system", "be brief"),
        ("user", "what milk?"),
    ]
    assert (await kernel.run("notes-add", {"b": 2})).json() == "3"
    spans = {span.name: span for span in exporter.get_finished_spans()}
    execution, chat = spans["skill_execution"], spans["chat"]
    ids = {span.context.span_id for span in exporter.get_finished_spans() if span.name == "skill_execution"}
    assert chat.parent is not None
    assert chat.parent.span_id in ids
    assert execution.attributes is not None
    assert "invoke_tool" in spans
    assert "asked" in [record.getMessage() for record in caplog.records]
    usage = (await kernel.client.get("/v1/usage")).json()
    assert "small" in str(usage)


async def test_a_client_that_leaves_stops_the_skill_and_the_model(start: Start) -> None:
    kernel = await start(settings={"namespace": {"lua_model": "small"}})
    put_folder(kernel.directory, "notes", files_of({"ask": ASK}))
    kernel.stub.replies = [Whole(chat_answer("x"))]
    assert (await answered(kernel, "dev/notes-ask", {"question": "?"})).json() == "x"
    kernel.stub.replies = [Hang()]
    with pytest.raises(httpx.ReadTimeout):
        await kernel.client.post("/v1/skills/dev/notes-ask/run", json={"question": "?"}, timeout=0.5)
    await kernel.stub.until(lambda stub: stub.open == 0)
    await kernel.until_idle()


async def test_a_package_that_changes_breaks_recovers_and_goes(start: Start) -> None:
    kernel = await start()

    def put(source: str, manifest: str | None = None) -> None:
        put_folder(kernel.directory, "notes", files_of({"say": f"return function() return '{source}' end"}))
        if manifest is not None:
            (kernel.directory / "notes" / "skill.yaml").write_text(manifest)

    put("one")
    first = await answered(kernel, "dev/notes-say", {})
    assert first.json() == "one"
    put("two")
    second = await changed(kernel, "notes-say", first, {})
    assert second.json() == "two"
    assert second.headers["x-skill-digest"] != first.headers["x-skill-digest"]
    for broken, problem in (("' .. then .. '", "does not compile"), ("two", "failed to parse")):
        put(broken, "entries: [" if broken == "two" else None)
        old = await changed(kernel, "notes-say", second, {})
        assert (old.status_code, old.json()) == (200, "two")
        assert problem in old.headers["x-skill-warning"]
        found = {skill["name"]: skill for skill in (await kernel.client.get("/v1/namespaces/dev")).json()["skills"]}
        assert found["notes-say"]["state"] == "stale"
        put("two")
        second = await changed(kernel, "notes-say", old, {})
        assert "x-skill-warning" not in second.headers
    (kernel.directory / "notes" / "skill.yaml").unlink()
    assert is_problem(await changed(kernel, "notes-say", second, {}), 404, "skill-not-found")


async def test_a_call_ends_on_the_version_it_began_with(start: Start) -> None:
    kernel = await start(settings={"namespace": {"lua_model": "small"}})
    put_folder(kernel.directory, "notes", files_of({"say": ASK}))
    answer = asyncio.Event()
    kernel.stub.replies = [Whole(chat_answer("first")), Whole(chat_answer("from the old one"), until=answer)]
    first = await answered(kernel, "dev/notes-say", {"question": "?"})
    old = asyncio.create_task(kernel.run("notes-say", {"question": "?"}))
    await kernel.stub.until(lambda stub: stub.open == 1)
    put_folder(kernel.directory, "notes", files_of({"say": "return function() return 'new' end"}))
    async with asyncio.timeout(20):
        while (await kernel.client.get("/v1/namespaces/dev")).json()["skills"][1]["digest"] == first.headers[
            "x-skill-digest"
        ]:
            pass
    assert (await kernel.run("notes-say", {})).json() == "new"
    answer.set()
    assert (await old).json() == "from the old one"


async def test_packages_of_a_registry_are_served_locked(start: Start, tmp_path: Path) -> None:
    code = archive("notes", files_of({"echo": ECHO, "peek": PEEK}))
    written = archive("notes", files_of({"echo": WRITE}))
    (tmp_path / "registry").mkdir()
    with docker_registry(tmp_path / "registry") as registry:
        await registry.push("team/notes:1.2", package_image(code))
        entry = ProgrammableEntry(type="lua", name="notes", tag="1.2")
        team = NamespaceSettings(registry=registry.host, base_repository="team", skills=(entry,))
        kernel = await start(settings={"namespaces": {"team": team}, "namespace_update_interval": 0.05})
        answer = await answered(kernel, "team/notes-echo", {"name": "Homer"})
        assert (answer.status_code, answer.json()) == (200, "hello Homer")
        assert (await answered(kernel, "team/notes-peek", {})).json() == "shut"
        assert (await kernel.client.get("/v1/skills")).json() == ["dev/healthy", "team/notes-echo", "team/notes-peek"]
        await registry.push("team/notes:1.2", package_image(written))
        async with asyncio.timeout(20):
            while "notes-peek" in (await kernel.client.get("/v1/skills")).text:
                pass
            while (moved := await answered(kernel, "team/notes-echo", {"name": "x"})).json() == "hello x":
                pass
        assert is_problem(moved, 400, "skill-reported-error")
        assert "profile `locked` does not open this path for write" in moved.json()["detail"]


async def test_a_package_published_as_a_component_says_what_to_write(start: Start, tmp_path: Path) -> None:
    (tmp_path / "registry").mkdir()
    with docker_registry(tmp_path / "registry") as registry:
        await registry.push("team/notes:latest", package_image(archive("notes", files_of({"echo": ECHO}))))
        team = NamespaceSettings(
            registry=registry.host, base_repository="team", skills=(ProgrammableEntry(name="notes"),)
        )
        kernel = await start(settings={"namespaces": {"team": team}})
        answer = await answered(kernel, "team/notes", {})
        assert is_problem(answer, 500, "skill-load-failed")
        assert 'it has notes-echo (in a description it needs type = "lua")' in answer.json()["detail"]


async def test_the_example_answers_as_its_page_says(start: Start) -> None:
    kernel = await start(settings={"namespace": {"lua_model": "small"}})
    await asyncio.to_thread(shutil.copytree, EXAMPLES / "lua-hello", kernel.directory / "lua-hello")
    assert (await answered(kernel, "dev/lua-hello-greet", {"name": "Homer"})).json() == "Hello, Homer!"
    kernel.stub.replies = [Whole(chat_answer("oat milk, oat milk"))]
    assert (await kernel.run("lua-hello-haiku", {"topic": "milk"})).json() == "oat milk, oat milk"


async def test_another_profile_counts_from_the_next_look(start: Start) -> None:
    kernel = await start()
    put_folder(kernel.directory, "notes", files_of({"peek": PEEK}))
    before = await answered(kernel, "dev/notes-peek", {})
    assert before.json() == "open"
    settings = kernel.kernel._settings
    dev = settings.namespaces["dev"].model_copy(update={"lua_profile": "locked"})
    await kernel.kernel.reload(settings.model_copy(update={"namespaces": {"dev": dev}}))
    assert (await changed(kernel, "notes-peek", before, {})).json() == "shut"


@pytest.mark.parametrize("profile", ["locked", "standard"])
async def test_hostile_calls_disturb_nobody_and_leave_nothing(start: Start, profile: str) -> None:
    kernel = await start(deadline_seconds=0.3, settings={"namespace": {"lua_profile": profile}})
    entries = {name: f"return function() {body} end" for name, (body, _) in HOSTILE.items()}

    async def put() -> None:
        put_folder(kernel.directory, "quiet", files_of({"say": "return function() return 'x' end"}))
        put_folder(kernel.directory, "bad", files_of(entries))
        for name in ("bad-fine", "quiet-say"):
            assert (await answered(kernel, f"dev/{name}", {})).json() == "x"

    async def removed() -> tuple[Held, int]:
        """What is held when the packages, and with them their processes, are gone."""
        for package in ("quiet", "bad"):
            (kernel.directory / package / "skill.yaml").unlink()
        async with asyncio.timeout(20):
            while (await kernel.client.get("/v1/skills")).json() != ["dev/healthy"]:
                pass
        await kernel.until_idle()
        return kernel.held(), programs()

    async def one(name: str, package: str = "bad") -> str:
        answer = await kernel.run(f"{package}-{name}", {})
        return answer.json()["code"] if answer.is_error else answer.json()

    async def round() -> None:
        """The processors are shared: what is quiet may be late, but nothing else happens to it."""
        bad = asyncio.gather(*(one(name) for name in HOSTILE))
        quiet = [await one("say", "quiet")]
        while not bad.done() or quiet[-1] == LATE:
            quiet.append(await one("say", "quiet"))
        assert set(quiet) <= {"x", LATE}
        for (name, (_, expected)), code in zip(HOSTILE.items(), await bad, strict=True):
            assert name == "daemon" or code in (expected, LATE), name

    await put()
    for name, (_, expected) in HOSTILE.items():
        if (name, profile) == ("daemon", "locked"):
            expected = "skill-reported-error"
        while (code := await one(name)) == LATE != expected:
            pass  # others had the processor
        assert code == expected, name
    await round()
    before, processes = await removed()
    await put()
    for _ in range(2):
        await round()
    await removed()
    await kernel.until(lambda: programs() <= processes and kernel.held().is_within(before))


async def test_calls_while_versions_change_are_each_of_one_version(start: Start) -> None:
    kernel = await start()
    seen: list[str] = []
    last = asyncio.Event()

    def put(version: str) -> None:
        parts = {"runtime/part.lua": f"return {{version = '{version}'}}"}
        put_folder(kernel.directory, "notes", {**parts, **files_of({"say": VERSIONED % version})})

    async def calling() -> None:
        while not last.is_set():
            answer = await kernel.run("notes-say", {})
            assert answer.status_code == 200, answer.text
            seen.append(answer.json())

    put("0")
    assert (await answered(kernel, "dev/notes-say", {})).json() == "0 0"
    async with asyncio.TaskGroup() as group:
        for _ in range(4):
            group.create_task(calling())
        for version in "123":
            put(version)
            await kernel.until(lambda version=version: f"{version} {version}" in seen)  # type: ignore[misc]
        last.set()
    assert set(seen) == {"0 0", "1 1", "2 2", "3 3"}


async def test_a_skill_that_calls_a_skill_that_asks_a_model_is_one_trace_and_pays(start: Start) -> None:
    exporter = InMemorySpanExporter()
    provider = TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    namespace = {
        "lua_model": "small",
        "skill_tools": ("notes-ask",),
        "limits": QuotaSettings(tokens_per_day=1000),
    }
    kernel = await start(tracing=Tracing(provider), settings={"namespace": namespace})
    outer = "return function(args) return vulcan.json.encode(vulcan.host.call('notes-ask', args)) end"
    careful = "return function() return vulcan.models.llm('s', 'u').error.code end"
    put_folder(kernel.directory, "notes", files_of({"outer": outer, "ask": ASK, "careful": careful}))
    used = {"prompt_tokens": 600, "completion_tokens": 400, "total_tokens": 1000}
    kernel.stub.replies = [Whole({**chat_answer("oat milk"), "usage": used})]
    answer = await answered(kernel, "dev/notes-outer", {"question": "what milk?"})
    assert "oat milk" in answer.json()
    spans = [span for span in exporter.get_finished_spans() if span.context is not None]
    (chat,) = [span for span in spans if span.name == "chat"]
    trace = {span.context.span_id: span for span in spans if span.context.trace_id == chat.context.trace_id}
    assert [span.name for span in trace.values()].count("skill_execution") == 2
    assert [span for span in trace.values() if span.parent is None or span.parent.span_id not in trace] == [
        span for span in trace.values() if span.name.startswith("POST")
    ]
    usage = (await kernel.client.get("/v1/usage")).json()
    assert "small" in str(usage)
    assert (await kernel.run("notes-careful", {})).json() == "budget_exceeded"


async def test_only_what_is_signed_is_served_where_there_is_a_key(start: Start, tmp_path: Path) -> None:
    signed, other = (package_image(archive("notes", files_of({"echo": ECHO.replace("hello", word)}))) for word in "ab")
    (tmp_path / "registry").mkdir()
    with docker_registry(tmp_path / "registry") as registry:
        await registry.push("team/notes:1", signed)
        await registry.push("team/notes:2", other)
        signature = signature_image((payload_of(signed.digest), KEY))
        await registry.push(f"team/notes:{signed.digest.replace(':', '-')}.sig", signature)
        entry = ProgrammableEntry(type="lua", name="notes", tag="1", versions=("2",))
        team = NamespaceSettings(
            registry=registry.host, base_repository="team", skills=(entry,), public_key=public_pem().decode()
        )
        kernel = await start(settings={"namespaces": {"team": team}, "namespace_update_interval": 0.05})
        assert (await answered(kernel, "team/notes-echo", {"name": "x"})).json() == "a x"
        refused = await kernel.client.post("/v1/skills/team/notes:2/run", json={"name": "x"})
        assert refused.is_error
        assert "is not signed" in refused.text
