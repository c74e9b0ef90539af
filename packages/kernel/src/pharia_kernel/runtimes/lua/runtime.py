"""Makes skills of Lua packages."""

from __future__ import annotations

import asyncio
import hashlib
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any

from pharia_kernel.errors import SkillLoadError
from pharia_kernel.runtimes.lua.child.messages import Load
from pharia_kernel.runtimes.lua.failures import load_failure
from pharia_kernel.runtimes.lua.host_answers import EMBED, LLM, TOOL
from pharia_kernel.runtimes.lua.installation import Installation, install
from pharia_kernel.runtimes.lua.nursery import Nursery, check_installed
from pharia_kernel.runtimes.lua.package import Manifest, read_manifest
from pharia_kernel.runtimes.lua.skill import LuaSkill
from pharia_kernel.runtimes.lua.worker_process import WorkerDied, WorkerFailure
from pharia_kernel.runtimes.lua.workers import ServedPackage, Workers
from pharia_kernel.runtimes.skill import SkillLimits
from pharia_kernel.types import SkillPath

_BESIDE_BYTES = 512 * 1024 * 1024
"""Address space of a worker beside what Lua may have: values on their way, and what is only reserved."""
_LOAD_SECONDS = 60.0

_Key = tuple[str, str, SkillLimits]


@dataclass(frozen=True, slots=True)
class LuaOptions:
    directory: Path
    """Where packages are unpacked and keep their data."""
    processes: int = 32
    """That serve calls at the same time."""


@dataclass(eq=False)
class _Loaded:
    """One version of a package in one namespace, shared by its entries."""

    installation: Installation
    manifest: Manifest
    package: ServedPackage
    broken: dict[str, str]
    """Entries that do not compile, with the reason."""
    users: int = 0


@dataclass(eq=False)
class _Slot:
    """Loads of the same version wait for one another."""

    turn: asyncio.Lock = field(default_factory=asyncio.Lock)
    loaded: _Loaded | None = None
    waiting: int = 0


class LuaRuntime:
    """Implements :class:`~pharia_kernel.runtimes.skill.Runtime`; an async context manager that owns the processes."""

    def __init__(self, options: LuaOptions) -> None:
        self._options = options
        self._nursery = Nursery()
        self._workers = Workers(self._nursery, options.processes)
        self._slots: dict[_Key, _Slot] = {}

    async def __aenter__(self) -> LuaRuntime:
        await self._nursery.__aenter__()
        return self

    async def __aexit__(
        self, exc_type: type[BaseException] | None, exc: BaseException | None, traceback: TracebackType | None
    ) -> None:
        for slot in self._slots.values():
            if slot.loaded is not None:
                self._workers.retire(slot.loaded.package)
                await asyncio.to_thread(slot.loaded.installation.release)
        self._slots.clear()
        await self._nursery.__aexit__(exc_type, exc, traceback)

    @property
    def workers(self) -> Workers:
        return self._workers

    async def load(self, path: SkillPath, code: bytes, limits: SkillLimits) -> LuaSkill:
        """A process loads the package, and has compiled every entry, before this returns."""
        check_installed()
        digest = f"sha256:{await asyncio.to_thread(lambda: hashlib.sha256(code).hexdigest())}"
        key = (path.namespace, digest, limits)
        slot = self._slots.setdefault(key, _Slot())
        slot.waiting += 1
        try:
            async with slot.turn:
                if slot.loaded is None:
                    slot.loaded = await self._load(path.namespace, code, digest, limits)
                loaded = slot.loaded
                try:
                    skill = self._skill(path, digest, loaded, limits, key)
                finally:
                    if not loaded.users:
                        slot.loaded = None
                        await self._unload(loaded)
        finally:
            slot.waiting -= 1
            self._forget(key, slot)
        return skill

    def _skill(self, path: SkillPath, digest: str, loaded: _Loaded, limits: SkillLimits, key: _Key) -> LuaSkill:
        tool = path.name.partition("@")[0].partition(":")[0]
        manifest = loaded.manifest
        entry = manifest.entries.get(tool)
        if entry is None:
            known = ", ".join(manifest.entries) or "none, it is switched off (enable: false)"
            name = loaded.installation.name
            said = ' (in a description it needs type = "lua")' if tool == name else ""
            raise SkillLoadError(f'the Lua package {name} has no entry "{tool}"; it has {known}{said}')
        if reason := loaded.broken.get(tool):
            raise SkillLoadError(f"entry {tool} does not compile: {reason}")
        loaded.users += 1
        return LuaSkill(
            path,
            tool,
            digest,
            entry,
            manifest.version,
            loaded.package,
            self._workers,
            limits,
            lambda: self._leave(key, loaded),
        )

    async def _load(self, namespace: str, code: bytes, digest: str, limits: SkillLimits) -> _Loaded:
        installation = await asyncio.to_thread(install, self._options.directory, namespace, code, digest)
        try:
            manifest = await asyncio.to_thread(read_manifest, installation.folder, installation.name)
            package = ServedPackage(_order(installation, limits), limits.instances)
            broken = await self._first_worker(package) if manifest.entries else {}
        except BaseException:
            await asyncio.to_thread(installation.release)
            raise
        return _Loaded(installation, manifest, package, broken)

    async def _first_worker(self, package: ServedPackage) -> dict[str, str]:
        """It stays ready for the first call."""
        try:
            async with asyncio.timeout(_LOAD_SECONDS):
                return await self._workers.try_out(package)
        except (WorkerFailure, WorkerDied) as error:
            raise load_failure(error) from None
        except TimeoutError:
            raise SkillLoadError(f"the package did not load within {_LOAD_SECONDS:g} s") from None

    async def _leave(self, key: _Key, loaded: _Loaded) -> None:
        loaded.users -= 1
        if loaded.users:
            return
        slot = self._slots.get(key)
        if slot is not None and slot.loaded is loaded:
            slot.loaded = None
            self._forget(key, slot)
        await self._unload(loaded)

    async def _unload(self, loaded: _Loaded) -> None:
        self._workers.retire(loaded.package)
        await asyncio.to_thread(loaded.installation.release)

    def _forget(self, key: _Key, slot: _Slot) -> None:
        if slot.loaded is None and not slot.waiting and self._slots.get(key) is slot:
            del self._slots[key]


def _order(installation: Installation, limits: SkillLimits) -> Load:
    """How the engine is to run the package: one VM for each call, or for some where that is allowed."""
    host: dict[str, Any] = {
        "profile": limits.script.profile,
        "isolation": "fresh" if limits.instances.reuse == 1 else "skill",
        "limits": {"time_ms": None, "instructions": None, "memory_bytes": limits.memory_bytes},
        "allow_network_download": False,
        "temp_dir": str(installation.root / "temp"),
        "skill_config_file_path": str(installation.root / "config" / "skill_config.json"),
        "reserved_entry_names": [],
        "strict": True,
    }
    pool = {"min_size": 1, "max_size": 1, "idle_ttl_secs": 3600}
    callbacks = (TOOL, EMBED) if limits.script.model is None else (TOOL, EMBED, LLM)
    return Load(
        options={"pool_config": pool, "host_options": host},
        skills_dir=str(installation.skills_dir),
        callbacks=callbacks,
        address_bytes=2 * limits.memory_bytes + _BESIDE_BYTES,
    )
