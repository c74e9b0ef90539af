"""Registries, real and scripted, and the kernel's side of them with a cache of its own."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest

from doubles.docker_registry import DockerRegistry, docker_registry
from doubles.scripted_registry import ScriptedRegistry, scripted_registry
from pharia_kernel.config.registry_address import RegistryAddress
from pharia_kernel.csi.http.retry import RetryPolicy
from pharia_kernel.skills.oci import DockerCredentials, Folder, ImageCache, OciOptions, OciRegistry

Open = Callable[..., Awaitable[OciRegistry]]
AT_ONCE = RetryPolicy(retries=2, first_seconds=0.0)


@pytest.fixture(scope="session")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DockerRegistry]:
    with docker_registry(tmp_path_factory.mktemp("plain")) as registry:
        yield registry


@pytest.fixture(scope="session")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DockerRegistry]:
    with docker_registry(tmp_path_factory.mktemp("guarded"), guarded=True) as registry:
        yield registry


@pytest.fixture
async def scripted() -> AsyncIterator[ScriptedRegistry]:
    async with scripted_registry() as registry:
        yield registry


@pytest.fixture
async def mirror() -> AsyncIterator[ScriptedRegistry]:
    async with scripted_registry() as registry:
        yield registry


@pytest.fixture
def images(tmp_path: Path) -> Path:
    return tmp_path / "images"


@pytest.fixture
async def oci(images: Path, tmp_path: Path) -> AsyncIterator[Open]:
    """Open a registry of the namespace ``dev`` by host; everything else are options."""
    async with AsyncExitStack() as stack:

        async def open_one(
            host: str,
            *,
            cache: ImageCache | None = None,
            environ: dict[str, str] | None = None,
            trace_headers: Callable[[], dict[str, str]] = dict,
            **options: Any,
        ) -> OciRegistry:
            address = RegistryAddress.parse(host if "://" in host else f"http://{host}")
            options = {
                "base_repository": "team",
                "settings": "namespaces.dev",
                "retry": AT_ONCE,
                "pause_seconds": 0.0,
                **options,
            }
            kept = DockerCredentials({"HOME": str(tmp_path)} if environ is None else environ, helper_seconds=20.0)
            cache = cache or ImageCache(Folder(images), 1 << 30)
            registry = OciRegistry(
                OciOptions(address, **options), cache, kept, trace_headers=trace_headers, uniform=lambda low, high: low
            )
            return await stack.enter_async_context(registry)

        yield open_one
