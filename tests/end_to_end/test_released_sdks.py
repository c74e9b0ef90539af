"""DevCsi of released SDKs talks to our kernel over HTTP, for every function it has."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from doubles.documented_kernel import DocumentedKernel
from doubles.openai_stub import Choose
from pharia_kernel.config import ChunkingSettings

from .conftest import Start
from .greeting_model import scripted
from .served import Served

_HERE = Path(__file__).parent


@dataclass(frozen=True, slots=True)
class Release:
    version: str
    parts: tuple[str, ...]
    """What its DevCsi needs, without the compiler and the program for registries."""
    calls: str
    options: str


_NAMESPACE = json.dumps({"namespace": "test-beta"})
_PARTS = ("pydantic==2.11.7", "requests", "python-dotenv", "opentelemetry-sdk")
RELEASES = (
    Release("0.8.0", ("pydantic==2.10.4", *_PARTS[1:], "sseclient-py"), "oldest_calls", "{}"),
    Release("0.19.2", _PARTS, "newer_calls", _NAMESPACE),
    Release("0.20.0", (*_PARTS, "opentelemetry-exporter-otlp-proto-http"), "newer_calls", _NAMESPACE),
)
SAID = {
    "complete": "text='Hello Bob'",
    "complete two": "text='Hello Bob'",
    "completion_stream": "Hello Bob <FinishReason.LENGTH: 'length'>",
    "chat": "content='Hello Bob!'",
    "chat_stream": "Hello Bob! <FinishReason.STOP: 'stop'>",
    "chat_stream with a tool": 'The tool says completed[stdout]:{"result": 3}',
    "chunk": "text='some text'",
    "select_language": "<Language.",
    "search": "content='who?'",
    "search with filters": "content='who?'",
    "documents": "'name': 'rules'",
    "documents_metadata": "{'name': 'rules'}",
    "explain": "score=-0.5",
    "list_tools": "name='saboteur'",
    "invoke_tool": "Tool nope not found on any server.",
}
"""In what came back."""


@pytest.fixture
async def kernel(start: Start) -> Served:
    kernel = await start(kind=DocumentedKernel, settings={"chunking": ChunkingSettings(fallback="characters")})
    kernel.stub.replies = [Choose(scripted)]
    return kernel


@pytest.fixture
def packages(request: pytest.FixtureRequest, pytestconfig: pytest.Config) -> Path:
    """The folder of a released SDK, kept between runs."""
    assert pytestconfig.cache is not None
    release: Release = request.param
    cache = pytestconfig.cache.mkdir("released-sdk")
    folder = cache / f"{release.version}-{sys.implementation.cache_tag}"
    if not folder.is_dir():
        pip = [sys.executable, "-m", "pip", "install", "-q", "--disable-pip-version-check"]
        with tempfile.TemporaryDirectory(dir=cache) as stage:
            target = ["--target", f"{stage}/packages"]
            subprocess.run([*pip, *target, *release.parts], check=True, timeout=300)
            subprocess.run([*pip, *target, "--no-deps", f"pharia-skill=={release.version}"], check=True, timeout=300)
            Path(stage, "packages").rename(folder)
    return folder


async def outcomes(release: Release, packages: Path, kernel: Served) -> Any:
    program, calls = _HERE / "released_sdk.py", _HERE / f"{release.calls}.py"
    known = find_spec("doubles.released_calls")
    assert known is not None
    assert known.origin is not None
    doubled = Path(known.origin).parents[1]
    command = [sys.executable, "-I", "-S", str(program), str(calls), release.options, str(packages), str(doubled)]
    address = str(kernel.client.base_url).rstrip("/")
    environment = {
        "PHARIA_KERNEL_ADDRESS": address,
        "PHARIA_AI_TOKEN": "me",
        "OTEL_EXPORTER_OTLP_ENDPOINT": address,  # which has no place for traces; without an answer it is asked again
        "NO_PROXY": "*",
    }
    process = await asyncio.to_thread(
        subprocess.run, command, stdout=subprocess.PIPE, check=True, timeout=300, env={**os.environ, **environment}
    )
    return json.loads(process.stdout)


@pytest.mark.timeout(700)
@pytest.mark.parametrize(
    ("packages", "release"),
    [(release, release) for release in RELEASES],
    indirect=["packages"],
    ids=lambda r: r.version,
)
async def test_every_function_is_answered(release: Release, packages: Path, kernel: Served) -> None:
    found = await outcomes(release, packages, kernel)
    assert not {name: said for name, said in found.items() if "Error: " in said or "Status Code" in said}
    for name, said in found.items():
        assert SAID.get(name, "") in said, name
    assert set(found) >= set(SAID) - {"chat_stream with a tool", "list_tools", "invoke_tool"}
