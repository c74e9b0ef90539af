"""Makes skills of WebAssembly components."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Mapping
from pathlib import Path
from weakref import WeakValueDictionary

from pharia_kernel.errors import SkillLoadError
from pharia_kernel.runtimes.skill import SkillLimits
from pharia_kernel.runtimes.wasm.failures import load_failure
from pharia_kernel.runtimes.wasm.host.component import LinkedComponent
from pharia_kernel.runtimes.wasm.host.engine import EngineOptions
from pharia_kernel.runtimes.wasm.host.errors import HostError
from pharia_kernel.runtimes.wasm.host.functions import HostFunction
from pharia_kernel.runtimes.wasm.host.host import ComponentHost
from pharia_kernel.runtimes.wasm.host.types import Interface
from pharia_kernel.runtimes.wasm.selftest import check_host
from pharia_kernel.runtimes.wasm.skill import WasmSkill
from pharia_kernel.runtimes.wasm.source import split_source
from pharia_kernel.runtimes.wasm.wasi.provider import provide_wasi
from pharia_kernel.runtimes.wasm.worlds.detect import World, detect
from pharia_kernel.runtimes.wasm.worlds.provider import provide_csi
from pharia_kernel.types import SkillPath


def _provide(name: str, interface: Interface) -> Mapping[str, HostFunction] | None:
    functions = provide_csi(name, interface)
    return provide_wasi(name, interface) if functions is None else functions


class WasmRuntime:
    """Implements :class:`~pharia_kernel.runtimes.skill.Runtime`; an async context manager.

    ``threads`` compute guests (default: one per core). Compiled code is kept in ``cache_folder``.
    """

    def __init__(
        self, options: EngineOptions | None = None, *, threads: int | None = None, cache_folder: Path | None = None
    ) -> None:
        self._host = ComponentHost(options, threads=threads, cache_folder=cache_folder)
        self._components: WeakValueDictionary[bytes, LinkedComponent] = WeakValueDictionary()
        """In use, by digest: skills that differ only in their source share the code."""

    async def __aenter__(self) -> WasmRuntime:
        self._host.__enter__()
        try:
            await check_host(self._host)
        except BaseException:
            self._host.__exit__(None, None, None)
            raise
        return self

    async def __aexit__(self, *exc: object) -> None:
        await asyncio.to_thread(self._host.__exit__, *exc)

    @property
    def free_places(self) -> int:
        """Instances that could be started now."""
        return self._host.free_places

    @property
    def instances(self) -> int:
        """That calls hold now."""
        return self._host.taken_places

    @property
    def spare_instances(self) -> int:
        """That are ready for the next calls."""
        return self._host.spares.ready

    async def load(self, path: SkillPath, code: bytes, limits: SkillLimits) -> WasmSkill:
        """Compiles on other threads; takes seconds for a Python skill the first time, milliseconds later."""
        digest = hashlib.sha256(code).hexdigest()
        try:
            world, component, source = await asyncio.to_thread(self._prepare, code)
        except HostError as error:
            raise load_failure(error) from error
        except SkillLoadError as error:
            raise SkillLoadError(f"{path}: {error}") from None
        return WasmSkill(path, f"sha256:{digest}", world, component, self._host, limits, source)

    def _prepare(self, code: bytes) -> tuple[World, LinkedComponent, bytes]:
        binary, source = split_source(code)
        digest = hashlib.sha256(binary).digest()
        component = self._components.get(digest)
        if component is None:
            component = self._components[digest] = self._host.load(binary, _provide)
        return detect(component.shape), component, source
