"""From an edit to the next answer, through ``pharia-skill dev``, the loader, the kernel and its sandbox."""

from __future__ import annotations

import asyncio
import os
import subprocess
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from components import wat
from doubles.openai_stub import Choose, OpenAiStub, Whole, completion_answer

from .answers import BEGIN, Event, append
from .developing import PROGRAM, developing
from .served import MIB, served

_KEPT = 6
SKILL = '''
from pharia_skill import CompletionParams, Csi, skill

PROMPT = "{prompt}"


@skill
def poem(csi: Csi, topic: str) -> str:
    """Writes."""
    return csi.complete("model", PROMPT + topic, CompletionParams(max_tokens=9)).text
'''


@pytest.fixture(scope="session")
def cache() -> Path:
    """Compiled code is kept between runs, that of some former loaders as well."""
    base = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    path = base / "pharia" / "tests" / "dev"
    path.mkdir(mode=0o700, parents=True, exist_ok=True)
    for former in sorted(path.rglob("*.cwasm"), key=lambda file: file.stat().st_mtime)[:-_KEPT]:
        former.unlink()
    return path


@pytest.fixture
async def environment(cache: Path) -> AsyncIterator[dict[str, str]]:
    """A model that repeats its prompt."""
    async with OpenAiStub(Choose(lambda body: Whole(completion_answer(body["prompt"])))) as stub:
        yield {"OPENAI_INFERENCE__URL": stub.url, "OPENAI_INFERENCE__TOKEN": "sk-test", "CACHE_DIR": str(cache)}


async def test_an_edit_of_the_prompt_shows_in_the_next_answers_twenty_times(
    tmp_path: Path, environment: dict[str, str]
) -> None:
    source = tmp_path / "poem.py"
    source.write_text(SKILL.format(prompt="edit 0 "))
    async with developing(tmp_path, "poem.py", "--port", "0", environment=environment) as dev:
        assert (await dev.run("poem")).json() == "edit 0 hello"
        for edit in range(1, 21):
            source.write_text(SKILL.format(prompt=f"edit {edit} "))
            answers = [answer.json() for answer in await dev.run_until("poem", f"edit {edit} ")]
            assert set(answers[:-1]) <= {f"edit {edit - 1} hello"}
            assert answers[-1] == f"edit {edit} hello"
        metadata = (await dev.client.get("/v1/skills/dev/poem/metadata")).json()
        assert (metadata["description"], metadata["input_schema"]) == ("Writes.", {"type": "string"})


MISTAKES = {
    "def (": "poem.py, line 1: SyntaxError: invalid syntax",
    "import json\nimport nowhere_at_all": "poem.py, line 2: ModuleNotFoundError: No module named 'nowhere_at_all'",
    "x = 1": "poem.py has no function decorated with @skill",
    "x = {}['key']": "poem.py, line 1: KeyError: 'key'",
    SKILL.replace(", topic: str", "").format(prompt=""): "InvalidSkill: Skills must have exactly two arguments.",
    SKILL.replace("return ", "1 / 0; return ").format(prompt=""): 'File \\"poem.py\\", line 10, in poem',
}


async def test_a_mistake_comes_back_to_the_caller_until_it_is_mended(
    tmp_path: Path, environment: dict[str, str]
) -> None:
    source = tmp_path / "poem.py"
    source.write_text(SKILL.format(prompt=""))
    async with developing(tmp_path, "poem.py", "--port", "0", environment=environment) as dev:
        for number, (text, explanation) in enumerate(MISTAKES.items()):
            source.write_text(text)
            answer = (await dev.run_until("poem", explanation))[-1]
            assert (answer.status_code, answer.json()["code"]) == (400, "skill-reported-error")
            source.write_text(SKILL.format(prompt=f"mended {number} "))
            assert (await dev.run_until("poem", "mended"))[-1].json() == f"mended {number} hello"


STREAM = """
import mdurl

try:
    import sqlite3
except ModuleNotFoundError:
    sqlite3 = None

from .words import greeting
from pharia_skill import Csi, MessageWriter, message_stream


@message_stream
def greet(csi: Csi, writer: MessageWriter[None], name: str) -> None:
    writer.begin_message()
    writer.append_to_message(greeting() + mdurl.encode(f"{name} & co"))
    writer.end_message()
"""
WORDS = """
from pathlib import Path


def greeting():
    return "1 " + Path(__file__).with_name("greeting.txt").read_text()
"""


async def test_a_stream_of_several_modules_a_text_file_and_a_library(
    tmp_path: Path, environment: dict[str, str]
) -> None:
    package = tmp_path / "greetings"
    package.mkdir()
    (package / "__init__.py").write_text("")
    (package / "greet.py").write_text(STREAM)
    (package / "words.py").write_text(WORDS)
    (package / "greeting.txt").write_text("Good day, ")
    async with developing(tmp_path, "greetings.greet", "--port", "0", environment=environment) as dev:
        end = Event("message", {"type": "end", "payload": None})
        assert await dev.events("greet") == [BEGIN, append("1 Good day, hello%20&%20co"), end]
        (package / "greeting.txt").write_text("Good night, ")
        await dev.events_until("greet", "1 Good night, hello")
        (package / "words.py").write_text(WORDS.replace("1", "2"))
        await dev.events_until("greet", "2 Good night, hello")
        (package / "greet.py").write_text(STREAM.replace("try:", "if True:").replace("except", "else:  #"))
        (failed,) = await dev.events_until("greet", "can not be used in a skill")
        assert "greetings/greet.py, line 5: ModuleNotFoundError" in failed.data["message"]
        assert "`sqlite3` can not be used in a skill: ModuleNotFoundError: No module named" in failed.data["message"]


async def test_ctrl_c_ends_the_kernel_as_well(tmp_path: Path, environment: dict[str, str]) -> None:
    (tmp_path / "poem.py").write_text(SKILL.format(prompt=""))
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    environment = {**environment, "TMPDIR": str(scratch)}
    async with developing(tmp_path, "poem.py", "--port", "0", environment=environment) as dev:
        assert (await dev.run("poem")).status_code == 200
        assert await dev.interrupt() == 0
        with pytest.raises(httpx.ConnectError):
            await dev.run("poem")
        assert os.listdir(scratch) == []


async def test_a_kernel_that_runs_already_serves_the_source_from_its_directory(tmp_path: Path, cache: Path) -> None:
    source = tmp_path / "poem.py"
    source.write_text(SKILL.format(prompt="first "))
    limits = {"memory_bytes": 128 * MIB}
    async with served(
        tmp_path, cache / "components", options={}, limits=limits, scan_seconds=0.02, tracing=None
    ) as kernel:
        kernel.stub.replies = [Choose(lambda body: Whole(completion_answer(body["prompt"])))]
        options = ["--directory", str(kernel.directory), "--kernel", str(kernel.client.base_url)]
        async with developing(tmp_path, "poem.py", *options, environment={}) as dev:
            assert (await dev.run("poem")).json() == "first hello"
            source.write_text(SKILL.format(prompt="second "))
            await dev.run_until("poem", "second hello")
            assert await dev.interrupt() == 0
        assert "poem.wasm" not in os.listdir(kernel.directory)
        await kernel.until_idle()


async def run(folder: Path, *arguments: str, environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    return await asyncio.to_thread(
        subprocess.run,
        [PROGRAM, *arguments],
        cwd=folder,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


async def test_a_built_component_runs_once_in_the_sandbox(tmp_path: Path, environment: dict[str, str]) -> None:
    (tmp_path / "ask.wasm").write_bytes(wat.ASKING)
    (tmp_path / "input.json").write_text('"the prompt"')
    done = await run(tmp_path, "run", "ask.wasm", "@input.json", environment=environment)
    assert (done.returncode, done.stdout) == (0, '"the prompt"\n')


async def test_a_built_stream_prints_its_events(tmp_path: Path, environment: dict[str, str]) -> None:
    (tmp_path / "echo.wasm").write_bytes(wat.STREAM_ECHO)
    done = await run(tmp_path, "run", "echo.wasm", '"word"', environment=environment)
    assert done.returncode == 0
    assert done.stdout.splitlines() == [
        '{"event":"message","data":{"type":"begin"}}',
        '{"event":"message","data":{"type":"append","text":"\\"word\\""}}',
        '{"event":"message","data":{"type":"end","payload":null}}',
    ]


async def test_a_component_that_can_not_be_loaded_is_an_error(tmp_path: Path, environment: dict[str, str]) -> None:
    (tmp_path / "text.wasm").write_bytes(b"text")
    done = await run(tmp_path, "run", "text.wasm", "1", environment=environment)
    assert (done.returncode, done.stdout) == (1, "")
    assert "not WebAssembly" in done.stderr
    assert "Traceback" not in done.stderr


async def test_a_port_that_is_taken_is_said_and_nothing_is_left_behind(
    tmp_path: Path, environment: dict[str, str]
) -> None:
    (tmp_path / "poem.py").write_text(SKILL.format(prompt=""))
    server = await asyncio.start_server(lambda reader, writer: None, "127.0.0.1", 0)
    async with server:
        port = server.sockets[0].getsockname()[1]
        done = await run(tmp_path, "dev", "poem.py", "--port", str(port), environment=environment)
    assert done.returncode == 1
    assert str(port) in done.stderr
    assert "`pharia-kernel` ended with status 1" in done.stderr
    assert "Traceback" not in done.stderr
