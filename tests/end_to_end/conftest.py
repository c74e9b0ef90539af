from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from pharia_kernel import Kernel
from pharia_kernel.telemetry.tracing import Tracing
from pharia_skill.builder import build

from .served import MIB, Served, served

Start = Callable[..., Awaitable[Served]]
EXAMPLES = Path(__file__).parents[2] / "examples"


@dataclass(frozen=True, slots=True)
class Haiku:
    """The example that passes on a chat stream: a Python skill, as users write them."""

    component: bytes
    code_folder: Path
    """Compiling it takes seconds, so that is kept between runs."""


@pytest.fixture(scope="session")
def haiku() -> Haiku:
    return built("haiku_stream")


def built(example: str) -> Haiku:
    """Built again only when its parts have changed."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "pharia" / "tests" / "end-to-end"
    cache.mkdir(mode=0o700, parents=True, exist_ok=True)
    component = build(EXAMPLES / f"{example}.py", cache / f"{example}.wasm").read_bytes()
    code_folder = cache / f"{example}-code-{hashlib.sha256(component).hexdigest()[:16]}"
    for former in set(cache.glob(f"{example}-code-*")) - {code_folder}:
        shutil.rmtree(former, ignore_errors=True)
    return Haiku(component, code_folder)


@pytest.fixture(scope="session")
def text_code(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Compiled code of components in text form."""
    return tmp_path_factory.mktemp("code")


@pytest.fixture
async def start(tmp_path: Path, text_code: Path) -> AsyncIterator[Start]:
    """Start a kernel that ends with the test; ``dev/haiku`` is served where it is given."""
    async with AsyncExitStack() as stack:

        async def start(
            *,
            haiku: Haiku | None = None,
            options: dict[str, Any] | None = None,
            tracing: Tracing | None = None,
            scan_seconds: float = 0.02,
            kind: type[Kernel] = Kernel,
            settings: dict[str, Any] | None = None,
            **limits: Any,
        ) -> Served:
            code_folder = haiku.code_folder if haiku else text_code
            memory = {"memory_bytes": 96 * MIB} if haiku else {}
            whole = served(
                tmp_path,
                code_folder,
                options=options or {},
                limits={**memory, **limits},
                scan_seconds=scan_seconds,
                tracing=tracing,
                kind=kind,
                **(settings or {}),
            )
            kernel = await stack.enter_async_context(whole)
            if haiku is not None:
                kernel.put("haiku", haiku.component)
            return kernel

        yield start
