"""What exists: every namespace's skills and the built-in ones, loaded and kept current."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from dataclasses import dataclass

from pharia_kernel.errors import NamespaceNotFound, Saturated, SkillNotFound
from pharia_kernel.runtimes.skill import Runtime, Skill, SkillLimits
from pharia_kernel.skills.loads import LoadQueue
from pharia_kernel.skills.namespace import Namespace, NamespaceStatus
from pharia_kernel.skills.registry import Registry
from pharia_kernel.skills.version import Lease, Version
from pharia_kernel.types import SkillPath, check_namespace

logger = logging.getLogger("pharia_kernel.skills")

_CLOSE_SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class Source:
    """Where a namespace's skills come from, and how often to look (seconds)."""

    registry: Registry
    interval: float


class SkillStore:
    """An async context manager; entering it scans every namespace once."""

    def __init__(
        self,
        sources: Mapping[str, Source],
        runtime: Runtime,
        limits: SkillLimits,
        *,
        builtin: Mapping[SkillPath, Skill],
        load_workers: int = 2,
        load_seconds: float = 120.0,
    ) -> None:
        self._loads = LoadQueue()
        self._sources = sources
        self._namespaces = {
            name: Namespace(name, source.registry, runtime, limits, loads=self._loads, close=self._close)
            for name, source in sources.items()
        }
        self._builtin = {path: Version(skill, skill.digest) for path, skill in builtin.items()}
        self._load_workers = load_workers
        self._load_seconds = load_seconds
        self._tasks = asyncio.TaskGroup()
        self._services: list[asyncio.Task[None]] = []
        self._ended = False

    async def __aenter__(self) -> SkillStore:
        await self._tasks.__aenter__()
        try:
            await self.scan()
        except BaseException as error:
            await self._tasks.__aexit__(type(error), error, error.__traceback__)
            raise
        work = [self._loads.work() for _ in range(self._load_workers)]
        watch = [self._watch(namespace) for namespace in self._namespaces.values()]
        self._services = [self._tasks.create_task(service) for service in (*work, *watch)]
        return self

    async def __aexit__(self, *exc: object) -> None:
        for service in self._services:
            service.cancel()
        await asyncio.wait(self._services)
        for namespace in self._namespaces.values():
            namespace.close()
        await self._tasks.__aexit__(None, None, None)
        self._ended = True

    async def scan(self) -> None:
        """Look at every namespace once."""
        await asyncio.gather(*(namespace.scan() for namespace in self._namespaces.values()))

    async def loaded(self) -> None:
        """Wait until every skill seen so far has a version or a failure, and no load is under way."""
        for namespace in self._namespaces.values():
            await namespace.loaded()
        await self._loads.join()

    async def lookup(self, path: SkillPath) -> Lease:
        """The version that answers calls now; immediate if one is loaded.

        Waits for a first version, at most ``load_seconds`` (then :class:`Saturated`). Raises
        :class:`~pharia_kernel.errors.NamespaceNotFound`, :class:`~pharia_kernel.errors.SkillNotFound` and
        :class:`~pharia_kernel.errors.SkillLoadError`.
        """
        builtin = self._builtin.get(path)
        if builtin is not None:
            return Lease(builtin, None)
        namespace = self._namespace(path)
        try:
            async with asyncio.timeout(self._load_seconds):
                return await namespace.lookup(path.name)
        except TimeoutError:
            raise Saturated(
                f"skill {path} is not loaded yet after {self._load_seconds:.0f} s; it will be, try again later"
            ) from None

    def warning(self, path: SkillPath) -> str | None:
        """What a lookup would warn of, without waiting."""
        namespace = self._namespaces.get(path.namespace)
        return namespace.warning(path.name) if namespace and path not in self._builtin else None

    def skills(self) -> list[SkillPath]:
        """Every configured skill, also those that can not be loaded; not the built-in ones."""
        return [SkillPath(name, skill) for name in sorted(self._namespaces) for skill in self._namespaces[name].skills]

    def cached(self) -> list[SkillPath]:
        return [SkillPath(name, skill) for name in sorted(self._namespaces) for skill in self._namespaces[name].cached]

    def evict(self, path: SkillPath) -> bool:
        """Forget the loaded version and any load failure; the next call loads afresh. True if one was loaded."""
        namespace = self._namespaces.get(path.namespace)
        return namespace.evict(path.name) if namespace else False

    def status(self) -> dict[str, NamespaceStatus]:
        return {name: namespace.status() for name, namespace in sorted(self._namespaces.items())}

    def _namespace(self, path: SkillPath) -> Namespace:
        namespace = self._namespaces.get(path.namespace)
        if namespace is not None:
            return namespace
        if any(known.namespace == path.namespace for known in self._builtin):
            raise SkillNotFound(f'namespace "{path.namespace}" has no built-in skill "{path.name}"')
        check_namespace(path.namespace)
        raise NamespaceNotFound(f'no namespace "{path.namespace}" is configured')

    async def _watch(self, namespace: Namespace) -> None:
        interval = self._sources[namespace.name].interval
        while True:
            await asyncio.sleep(interval)
            try:
                await namespace.scan()
            except Exception:
                logger.exception('watching namespace "%s"; it goes on', namespace.name)

    def _close(self, skill: Skill) -> None:
        if not self._ended:  # afterwards the runtime's own end gives everything back
            self._tasks.create_task(_closed(skill))


async def _closed(skill: Skill) -> None:
    try:
        async with asyncio.timeout(_CLOSE_SECONDS):
            await skill.aclose()
    except Exception:
        logger.exception("giving back skill %s", skill.digest)
