"""The example that answers from documents, with the commands of its page, over HTTP, by a scripted model."""

from __future__ import annotations

import asyncio
import os
import re
import sys
from pathlib import Path

import pytest

from doubles.openai_stub import OpenAiStub, Whole, chat_answer
from pharia_kernel import Kernel, Settings
from pharia_kernel.api.server import serve
from pharia_kernel.runtimes.wasm import EngineOptions, WasmRuntime
from pharia_skill.builder import build

pytestmark = pytest.mark.timeout(480)

ROOT = Path(__file__).parents[2]
MIB = 1 << 20
_ADD, _LIST, _ASK, _HTTP = re.findall(r"^```bash\n(.*?)^```", (ROOT / "docs" / "documents.md").read_text(), re.M | re.S)


async def _shell(commands: str, folder: Path, url: str = "http://127.0.0.1:8081") -> str:
    """What the commands print; each of them has to succeed."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    environ = {"PATH": path, "HOME": str(folder), "XDG_DATA_HOME": str(folder / "data"), "NO_PROXY": "*"}
    process = await asyncio.create_subprocess_exec(
        *("bash", "-e", "-c", commands.replace("http://127.0.0.1:8081", url)),
        cwd=folder,
        env=environ,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, err = await process.communicate()
    assert process.returncode == 0, err.decode()
    return out.decode()


@pytest.fixture
def component() -> tuple[bytes, Path]:
    """The example, and where its compiled code is kept between runs."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "pharia" / "tests" / "rag"
    cache.mkdir(mode=0o700, parents=True, exist_ok=True)
    return build(ROOT / "examples" / "rag.py", cache / "rag.wasm").read_bytes(), cache / "code"


async def test_a_skill_answers_from_documents_added_on_the_command_line(
    tmp_path: Path, component: tuple[bytes, Path]
) -> None:
    code, code_folder = component
    added = await _shell(_ADD, tmp_path)
    assert "team/handbook: 2 added, 0 updated" in added
    assert "Nobody smokes in the office." in added
    assert "smoking.md" in await _shell(_LIST, tmp_path)
    (tmp_path / "skills").mkdir()
    (tmp_path / "skills" / "rag.wasm").write_bytes(code)
    async with OpenAiStub(Whole(chat_answer("On the roof, until ten."))) as stub:
        settings = Settings.model_validate(
            {
                "kernel_address": "127.0.0.1:0",
                "namespaces": {"dev": {"directory": tmp_path / "skills"}},
                "openai_inference": {"url": stub.url, "token": "t"},
                "embedded_documents": {"directory": tmp_path / "data" / "pharia-kernel" / "documents"},
                "limits": {"memory_bytes": 96 * MIB},
                "cache_dir": tmp_path / "cache",
            }
        )
        runtime = WasmRuntime(
            EngineOptions(instances=4, memory_bytes=settings.limits.memory_bytes, quick_code=True),
            cache_folder=code_folder,
        )
        async with Kernel(settings, runtime=runtime) as kernel, serve(kernel, settings) as url:
            answer = await _shell(_ASK, tmp_path, url)
            assert answer == '{"answer":"On the roof, until ten.","sources":["smoking.md"]}'
            (asked,) = stub.received
            system, user = asked.body["messages"]
            assert "The roof is open to smokers until ten." in system["content"]
            assert "ferry" not in system["content"]
            assert user["content"] == "Where may I smoke?"
            changed = await _shell(_HTTP, tmp_path, url)
            assert '"coffee"' in changed
            assert '"notes/tea.md"' in changed
