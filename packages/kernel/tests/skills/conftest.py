"""A runtime whose components are words: ``b"broken …"`` does not load, anything else answers itself."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from pharia_kernel.errors import SkillLoadError
from pharia_kernel.runtimes.skill import SkillLimits
from pharia_kernel.skills.directory import DirectoryRegistry
from pharia_kernel.skills.store import SkillStore, Source
from pharia_kernel.types import SkillKind, SkillMetadata, SkillPath


class WordSkill:
    kind = SkillKind.FUNCTION

    def __init__(self, code: bytes) -> None:
        self.code = code
        self.digest = f"sha256:{hashlib.sha256(code).hexdigest()}"
        self.closed = asyncio.Event()
        self.asked = 0

    async def run(self, input: bytes, csi: object, output: object) -> bytes:
        return self.code

    async def metadata(self) -> SkillMetadata:
        self.asked += 1
        await asyncio.sleep(0)
        return SkillMetadata(description=self.code.decode())

    async def aclose(self) -> None:
        self.closed.set()


class WordRuntime:
    def __init__(self) -> None:
        self.loads: list[bytes] = []
        self.skills: list[WordSkill] = []
        self.gate = asyncio.Event()
        self.gate.set()
        self.began = asyncio.Event()
        self.two_at_once = asyncio.Event()
        self.at_once = self.most_at_once = 0

    async def load(self, path: SkillPath, code: bytes, limits: SkillLimits) -> WordSkill:
        self.loads.append(code)
        self.began.set()
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        if self.at_once == 2:
            self.two_at_once.set()
        try:
            await self.gate.wait()
        finally:
            self.at_once -= 1
        if code.startswith(b"broken"):
            raise SkillLoadError(f"no component: {code.decode()}")
        if code == b"fault":
            raise RuntimeError("the runtime has a bug")
        self.skills.append(WordSkill(code))
        return self.skills[-1]


class Namespaces:
    """A store over real directories whose scans happen when the test says so."""

    def __init__(self, root: Path, runtime: WordRuntime) -> None:
        self.root = root
        self.runtime = runtime

    def directory(self, namespace: str = "dev") -> Path:
        path = self.root / namespace
        path.mkdir(exist_ok=True)
        return path

    def write(self, name: str, code: bytes, namespace: str = "dev") -> Path:
        path = self.directory(namespace) / f"{name}.wasm"
        fresh = path.with_suffix(".part")
        fresh.write_bytes(code)
        fresh.replace(path)
        return path

    @asynccontextmanager
    async def store(self, *names: str, interval: float = 3600, **options: float) -> AsyncIterator[SkillStore]:
        sources = {
            name: Source(DirectoryRegistry(self.root / name, settle_seconds=0, wall_clock_ns=lambda: 0), interval)
            for name in names or ("dev",)
        }
        store = SkillStore(sources, self.runtime, SkillLimits(), builtin={}, **options)  # type: ignore[arg-type]
        async with store:
            yield store


@pytest.fixture
async def runtime() -> WordRuntime:
    return WordRuntime()


@pytest.fixture
async def namespaces(tmp_path: Path, runtime: WordRuntime) -> Namespaces:
    found = Namespaces(tmp_path, runtime)
    found.directory()
    return found


async def settled(store: SkillStore) -> None:
    """Both scans a new file needs, and the loads they cause."""
    await store.scan()
    await store.scan()
    await store.loaded()


@pytest.fixture
def settle() -> Callable[[SkillStore], object]:
    return settled
