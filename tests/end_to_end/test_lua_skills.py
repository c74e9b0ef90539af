"""Lua packages in the whole kernel, over HTTP: from a directory and from a registry."""

from __future__ import annotations

import asyncio
import logging
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
from doubles.oci_image import package_image
from doubles.openai_stub import Hang, Whole, chat_answer
from pharia_kernel.config import NamespaceSettings
from pharia_kernel.config.skill_entries import ProgrammableEntry
from pharia_kernel.telemetry.tracing import Tracing

from .answers import is_problem
from .conftest import EXAMPLES, Start
from .served import Served

ECHO = "return function(args) return 'hello ' .. args.name end"
ASK = "return function(args) return vulcan.models.llm('be brief', args.question).assistant end"
ADD = "return function(args) return vulcan.host.call('add', {a = 1, b = args.b}).value end"
PEEK = "return function() return (pcall(io.open, '/etc/hostname')) and 'open' or 'shut' end"
WRITE = "return function() io.open(vulcan.context.skill_dir .. '/x', 'w') return 'written' end"
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
