"""What exists: every namespace's skills and the built-in ones, loaded and kept current."""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from opentelemetry.trace import NoOpTracer, Tracer

from pharia_kernel.deadline import within
from pharia_kernel.errors import NamespaceNotFound, Saturated, SkillNotFound
from pharia_kernel.runtimes.skill import Runtime, Skill, SkillLimits
from pharia_kernel.skills.loads import LoadQueue
from pharia_kernel.skills.namespace import LimitsOf, Loading, Namespace
from pharia_kernel.skills.pace import Pace
from pharia_kernel.skills.registry import Registry
from pharia_kernel.skills.retired import Retired
from pharia_kernel.skills.room import Room
from pharia_kernel.skills.status import NamespaceStatus, SkillType
from pharia_kernel.skills.version import Lease, Version
from pharia_kernel.types import SkillPath, check_namespace

logger = logging.getLogger("pharia_kernel.skills")

GIB = 1024 * 1024 * 1024
_READS_AT_ONCE = 6
"""Of all namespaces; what was read waits in memory for its turn to be compiled."""


@dataclass(frozen=True, slots=True)
class Source:
    """Where a namespace's skills come from, and how often to look (seconds)."""

    registry: Registry
    interval: float
    jitter: float = 0.0
    """Part of the interval."""
    longest: float = 0.0
    """Pauses after failures in a row grow up to this."""
    look_for_calls: bool = True
    """Whether looking is so cheap that a call of an unknown skill is worth it."""

    @property
    def pace(self) -> Pace:
        return Pace(self.interval, self.jitter, self.longest)


class SkillStore:
    """An async context manager; entering it scans every namespace once."""

    def __init__(
        self,
        sources: Mapping[str, Source],
        runtime: Runtime,
        limits: SkillLimits | LimitsOf,
        *,
        builtin: Mapping[SkillPath, Skill],
        load_workers: int = 2,
        load_seconds: float = 120.0,
        capacity: int = GIB,
        tracer: Tracer | None = None,
        chance: Callable[[], float] = random.random,
    ) -> None:
        """``capacity`` is how many bytes of components stay loaded; ``chance`` decides for a canary or against it."""
        self._tasks = asyncio.TaskGroup()
        self._retired = Retired(self._tasks)
        self._loading = Loading(
            runtime,
            limits if callable(limits) else lambda path, described: limits,
            LoadQueue(),
            asyncio.Semaphore(load_workers),
            Room(capacity),
            self._retired.close,
            tracer=tracer or NoOpTracer(),
            chance=chance,
        )
        self._sources: dict[str, Source] = {}
        self._first = sources
        self._namespaces: dict[str, Namespace] = {}
        self._watches: dict[str, asyncio.Task[None]] = {}
        self._builtin = {path: Version(skill, skill.digest) for path, skill in builtin.items()}
        self._load_seconds = load_seconds
        self._workers: list[asyncio.Task[None]] = []

    async def __aenter__(self) -> SkillStore:
        await self._tasks.__aenter__()
        try:
            await self.update(self._first)
        except BaseException as error:
            await self._tasks.__aexit__(type(error), error, error.__traceback__)
            raise
        self._workers = [self._tasks.create_task(self._loading.queue.work()) for _ in range(_READS_AT_ONCE)]
        return self

    async def __aexit__(self, *exc: object) -> None:
        await _stopped([*self._workers, *self._watches.values()])
        self._workers.clear()
        self._watches.clear()
        for namespace in self._namespaces.values():
            namespace.close(withdrawn=False)
        await self._tasks.__aexit__(None, None, None)
        self._retired.end()

    async def update(self, sources: Mapping[str, Source]) -> None:
        """Serve these namespaces from now on; returns when each that is new or different was looked at once.

        Calls in flight end with the version they began with. A namespace whose source is another one keeps what it
        has until the new source was looked at; one with the very same source is left alone.
        """
        changed = [name for name, source in sources.items() if self._sources.get(name) is not source]
        gone = self._namespaces.keys() - sources.keys()
        await _stopped([self._watches.pop(name) for name in (*changed, *gone) if name in self._watches])
        for name in gone:
            self._namespaces.pop(name).close(withdrawn=True)
        self._sources = dict(sources)
        looked = [self._watch(name, sources[name]) for name in changed]
        for event in looked:
            await event.wait()

    async def scan(self) -> None:
        """Look at every namespace once."""
        await asyncio.gather(*(namespace.scan() for namespace in self._namespaces.values()))

    async def loaded(self) -> None:
        """Wait until every skill seen so far has a version or a failure, and no load is under way."""
        for namespace in self._namespaces.values():
            await namespace.loaded()
        await self._loading.queue.join()

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
            return await within(self._load_seconds, namespace.lookup(path.name))
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

    def type_of(self, path: SkillPath) -> SkillType:
        """Of one of :meth:`skills`."""
        return self._namespaces[path.namespace].type_of(path.name)

    @property
    def namespaces(self) -> list[str]:
        """Those that are configured, sorted."""
        return sorted(self._namespaces)

    def cached(self) -> list[SkillPath]:
        return [SkillPath(name, skill) for name in sorted(self._namespaces) for skill in self._namespaces[name].cached]

    def evict(self, path: SkillPath) -> bool:
        """Forget the loaded version and any load failure; the next call loads afresh. True if one was loaded."""
        namespace = self._namespaces.get(path.namespace)
        return namespace.evict(path.name) if namespace else False

    async def roll_back(self, path: SkillPath, digest: str | None) -> str:
        """Serve what the skill's tag stood for before, or ``digest``, until :meth:`release`; in all processes.

        Gives the digest of the manifest. Raises :class:`~pharia_kernel.errors.RequestError`.
        """
        return await self._namespace(path).roll_back(path.name, digest)

    async def release(self, path: SkillPath) -> bool:
        """Follow the registry again; whether the skill was rolled back. Raises as :meth:`roll_back`."""
        return await self._namespace(path).release(path.name)

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

    def _watch(self, name: str, source: Source) -> asyncio.Event:
        """The event is set after the first look."""
        namespace = self._namespaces.get(name)
        if namespace is None:
            namespace = self._namespaces[name] = Namespace(name, source.registry, self._loading)
        looked = asyncio.Event()
        self._watches[name] = self._tasks.create_task(self._keep(namespace, source, looked), name=f"namespace {name}")
        return looked

    async def _keep(self, namespace: Namespace, source: Source, looked: asyncio.Event) -> None:
        """The only owner of the source's registry."""
        pace = source.pace
        while True:
            try:
                async with source.registry as registry:
                    namespace.use(registry, source.look_for_calls)
                    while True:
                        await namespace.scan()
                        looked.set()
                        await asyncio.sleep(pace.pause(namespace.failures, random.uniform))
            except Exception as error:
                logger.exception('watching namespace "%s"; it goes on', namespace.name)
                namespace.broken(error)
            looked.set()
            await asyncio.sleep(pace.pause(namespace.failures, random.uniform))


async def _stopped(tasks: list[asyncio.Task[None]]) -> None:
    for task in tasks:
        task.cancel()
    if tasks:
        await asyncio.wait(tasks)
