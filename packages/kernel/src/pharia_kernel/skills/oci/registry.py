"""Skills of one namespace in an OCI registry: what their tags stand for, and their code."""

from __future__ import annotations

import asyncio
import hashlib
import logging
import random
from collections.abc import Callable, Mapping
from contextlib import AsyncExitStack

from pharia_kernel.config.registry_address import RegistryAddress
from pharia_kernel.errors import SkillLoadError
from pharia_kernel.skills.oci.cache import ImageCache
from pharia_kernel.skills.oci.connection import Connection
from pharia_kernel.skills.oci.credentials import Credentials, CredentialSource, GivenCredentials
from pharia_kernel.skills.oci.failures import Absent, Refused, RequestFailed, Unreachable
from pharia_kernel.skills.oci.hosts import Hosts
from pharia_kernel.skills.oci.image import Layer, code_layer
from pharia_kernel.skills.oci.options import OciOptions
from pharia_kernel.skills.oci.reference import check_version, is_digest, repository_of, shown
from pharia_kernel.skills.oci.session import new_session
from pharia_kernel.skills.oci.signed import SignatureCheck
from pharia_kernel.skills.oci.source import ImageSource
from pharia_kernel.skills.oci.turn import turn
from pharia_kernel.skills.registry import CodeUnavailable, CodeUnreachable, RegistryUnavailable

logger = logging.getLogger("pharia_kernel.skills")


class OciRegistry:
    """An async context manager that owns the connections."""

    def __init__(
        self,
        options: OciOptions,
        cache: ImageCache,
        kept: CredentialSource,
        *,
        trace_headers: Callable[[], Mapping[str, str]] = dict,
        uniform: Callable[[float, float], float] = random.uniform,
    ) -> None:
        """``kept`` has credentials for the mirrors, and for the registry where the options have none."""
        self.problem: str | None = None
        """Why the registry can not be asked; meanwhile tags stand for what they stood for last."""
        self._options = options
        self._cache = cache
        self._kept = kept
        self._trace_headers = trace_headers
        self._uniform = uniform
        self._noted: dict[tuple[str, str], str] = {}
        self._left_alone_until = 0.0
        self._stack = AsyncExitStack()

    async def __aenter__(self) -> OciRegistry:
        options = self._options
        session = await self._stack.enter_async_context(await new_session(options))

        def connection(address: RegistryAddress, source: CredentialSource) -> Connection:
            return Connection(address, session, source, options, trace_headers=self._trace_headers)

        mirrors = [connection(address, self._kept) for address in options.mirrors]
        origin = connection(options.registry, self._own_credentials())
        self._source = ImageSource(Hosts(mirrors, origin, options.retry, self._uniform))
        key = options.public_key
        self._signatures = SignatureCheck(self._source, self._cache, key, options.settings) if key else None
        return self

    async def __aexit__(self, *exc: object) -> None:
        await self._stack.aclose()

    async def resolve(self, name: str, tag: str) -> str:
        """The manifest's digest that a tag stands for; a digest stands for itself.

        A tag that was rolled back stands for what it was rolled back to. While the registry can not be reached, one
        stands for what it stood for last, also in an earlier process; ``problem`` says so. Raises
        :class:`RegistryUnavailable`, and :class:`SkillLoadError` where the registry has no such tag or does not give it
        to us.
        """
        repository = repository_of(self._options.base_repository, name)
        check_version(tag)
        if is_digest(tag):
            return tag
        place = self._place(repository)
        if pinned := await asyncio.to_thread(self._cache.pinned, place, tag):
            return pinned
        if self.problem is not None and _now() < self._left_alone_until:
            return await self._stood_for_last(place, tag, self.problem)
        try:
            digest = await self._source.resolve(repository, tag, _now() + self._options.resolve_seconds)
        except Absent as failure:
            self._report(None)
            raise SkillLoadError(self._not_found(shown(place, tag), failure)) from None
        except Refused as failure:
            self._report(None)
            raise SkillLoadError(str(failure)) from None
        except RequestFailed as failure:
            self._report(str(failure))
            self._left_alone_until = _now() + self._options.pause_seconds
            return await self._stood_for_last(place, tag, str(failure))
        self._report(None)
        if self._noted.get((place, tag)) != digest:
            self._noted[place, tag] = digest
            await asyncio.to_thread(self._cache.note, place, tag, digest)
        return digest

    async def read(self, name: str, digest: str) -> bytes:
        """The component of exactly this manifest, from the cache or pulled.

        Raises :class:`CodeUnavailable` where another try may do better, and :class:`SkillLoadError` for what is not a
        skill, is too large, or was not signed with the namespace's key.
        """
        repository = repository_of(self._options.base_repository, name)
        place = self._place(repository)
        reference = shown(place, digest)
        if not is_digest(digest):
            raise SkillLoadError(f"{digest[:150]!r} is no digest of a manifest")
        seconds = self._options.pull_seconds
        limit = asyncio.timeout(seconds)
        try:
            async with limit:
                return await self._read(repository, place, digest, _now() + seconds)
        except Absent as failure:
            raise CodeUnavailable(self._not_found(reference, failure)) from None
        except Unreachable as failure:
            raise CodeUnreachable(f"{reference} can not be pulled: {failure}") from None
        except RequestFailed as failure:
            raise CodeUnavailable(f"{reference} can not be pulled: {failure}") from None
        except TimeoutError:
            raise CodeUnreachable(
                f"{reference} was not pulled within {seconds:g} s (see images.pull-seconds)"
            ) from None

    async def previous(self, name: str, tag: str) -> tuple[str, ...]:
        """What a tag stood for, newest first; what it stands for now included."""
        repository = repository_of(self._options.base_repository, name)
        return tuple(await asyncio.to_thread(self._cache.stood_for, self._place(repository), tag))

    async def pinned(self, name: str, tag: str) -> str | None:
        """What a tag was rolled back to."""
        repository = repository_of(self._options.base_repository, name)
        return await asyncio.to_thread(self._cache.pinned, self._place(repository), tag)

    async def roll_back(self, name: str, tag: str, digest: str | None = None) -> str:
        """From now on the tag stands for ``digest``, or for what it stood for before, in every process; that digest.

        Raises :class:`SkillLoadError` where there is nothing to go back to, :class:`CodeUnavailable` where that can not
        be had, and :class:`~pharia_kernel.errors.HostFault` where the cache takes no files.
        """
        place = self._place(repository_of(self._options.base_repository, name))
        if digest is None:
            known = await self.previous(name, tag)
            now = await self.pinned(name, tag) or (known[0] if known else None)
            earlier = known[known.index(now) + 1 :] if now in known else ()
            if not earlier:
                raise SkillLoadError(
                    f"{shown(place, tag)} stood for nothing else before (name the digest to go back to)"
                )
            digest = earlier[0]
        await self.read(name, digest)
        await asyncio.to_thread(self._cache.pin, place, tag, digest)
        logger.warning("%s is rolled back to %s", shown(place, tag), digest)
        return digest

    async def release(self, name: str, tag: str) -> bool:
        """The tag stands again for what the registry says; whether it was rolled back."""
        place = self._place(repository_of(self._options.base_repository, name))
        released = await asyncio.to_thread(self._cache.unpin, place, tag)
        if released:
            logger.warning("%s follows its registry again", shown(place, tag))
        return released

    async def _read(self, repository: str, place: str, digest: str, deadline: float) -> bytes:
        manifest = await asyncio.to_thread(self._cache.manifest, place, digest)
        if manifest is None:
            manifest = await self._source.manifest(repository, digest, deadline)
            await asyncio.to_thread(self._cache.keep_manifest, place, digest, manifest)
        layer = code_layer(manifest, shown(place, digest), self._options.component_bytes)
        if self._signatures is not None:
            await self._signatures.check(place, repository, digest, deadline)
        if (code := await asyncio.to_thread(self._cache.layer, layer)) is not None:
            return code
        async with turn(self._cache.locks, _lock_name(place, layer)):
            if (code := await asyncio.to_thread(self._cache.layer, layer)) is not None:
                return code
            code = await self._source.blob(repository, layer, deadline)
            await asyncio.to_thread(self._cache.keep_layer, layer, code)
        logger.info("pulled %s, %s bytes", shown(place, digest), f"{layer.size:,}")
        return code

    async def _stood_for_last(self, place: str, tag: str, problem: str) -> str:
        known = self._noted.get((place, tag))
        if known is None:
            known = next(iter(await asyncio.to_thread(self._cache.stood_for, place, tag)), None)
        if known is None:
            raise RegistryUnavailable(problem)
        return known

    def _report(self, problem: str | None) -> None:
        if problem is not None and self.problem is None:
            logger.error("%s: tags stand for what they stood for last: %s", self._options.settings, problem)
        elif problem is None and self.problem is not None:
            logger.info("%s: the registry can be reached again", self._options.settings)
        self.problem = problem

    def _own_credentials(self) -> CredentialSource:
        user, password = self._options.user, self._options.password
        if user is None or password is None:
            return self._kept
        return GivenCredentials(Credentials(user, password, origin=f"{self._options.settings}.registry-password"))

    def _place(self, repository: str) -> str:
        return f"{self._options.registry.host}/{repository}"

    def _not_found(self, reference: str, failure: Absent) -> str:
        return (
            f"{reference} not found ({failure}); publish it, or check the skill's name and tag and the base-repository "
            f"of {self._options.settings}"
        )


def _now() -> float:
    return asyncio.get_running_loop().time()


def _lock_name(place: str, layer: Layer) -> str:
    return hashlib.sha256(f"{place}@{layer.digest}".encode()).hexdigest()
