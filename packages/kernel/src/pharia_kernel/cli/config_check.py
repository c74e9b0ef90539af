"""Everything that is wrong with the settings, at once and without starting anything."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from pathlib import Path

import aiohttp

from pharia_kernel.composition.access import access
from pharia_kernel.composition.documents import document_index
from pharia_kernel.composition.inference import inference
from pharia_kernel.composition.namespaces import NamespaceSources
from pharia_kernel.composition.texts import language_selector
from pharia_kernel.composition.tools import mcp_tools, native_tools
from pharia_kernel.config import Settings
from pharia_kernel.config.exposure import check_exposure
from pharia_kernel.config.units import parse_address
from pharia_kernel.errors import KernelError
from pharia_kernel.skills import Source
from pharia_kernel.skills.description import BrokenEntry, parse_description
from pharia_kernel.skills.registry import DescriptionInvalid, RegistryUnavailable
from pharia_kernel.telemetry.tracer import passing_on

_ONLINE_SECONDS = 60.0
_REACH_SECONDS = 10.0


def problems_of(settings: Settings) -> list[str]:
    """What would keep the kernel from starting, or from serving what is configured. Contacts nobody."""
    return [*_unmakeable(settings), *_files(settings)]


async def problems_online(settings: Settings) -> list[str]:
    """What those have to say whom the kernel would ask: descriptions, registries, and the other services."""
    sources = NamespaceSources(settings, lambda name, description: None).of(settings)
    looks = [_look(name, source) for name, source in sources.items()]
    reaches = [_reach(key, url) for key, url in _services(settings)]
    found = await asyncio.gather(*looks, *reaches)
    return [problem for problems in found for problem in problems]


def _unmakeable(settings: Settings) -> Iterator[str]:
    """Every part is made as for a start, and not entered."""
    parts: list[Callable[[], object]] = [
        lambda: check_exposure(parse_address(settings.kernel_address)[0], settings),
        lambda: access(settings, passing_on()),
        lambda: inference(settings),
        lambda: document_index(settings),
        lambda: language_selector(settings),
        lambda: native_tools(settings),
        lambda: mcp_tools(settings),
    ]
    for name in settings.namespaces:
        alone = settings.model_copy(update={"namespaces": {name: settings.namespaces[name]}})
        parts.append(lambda alone=alone: NamespaceSources(alone, lambda name, description: None).of(alone))  # type: ignore[misc]
    for make in parts:
        try:
            make()
        except KernelError as error:
            yield str(error)


def _files(settings: Settings) -> Iterator[str]:
    for name, namespace in settings.namespaces.items():
        for key in ("directory", "path"):
            folder: Path | None = getattr(namespace, key)
            if folder is not None and key not in namespace.unused and not folder.is_dir():
                yield f"namespaces.{name}.{key}: {folder} is not a directory"
        if (file := namespace.config_file) is not None:
            yield from (f"namespaces.{name}.config-url: {problem}" for problem in _description(file))
        if (ca_file := namespace.registry_ca_file) is not None and not ca_file.is_file():
            yield f"namespaces.{name}.registry-ca-file: {ca_file} is not a file"
    keys_file = settings.access.keys_file
    if settings.access.mode in ("auto", "keys") and keys_file is not None and not keys_file.is_file():
        yield f"access.keys-file: {keys_file} is not a file (`pharia-kernel keys new` makes one)"


def _description(file: Path) -> Iterator[str]:
    try:
        description = parse_description(file.read_text(encoding="utf-8"))
    except (OSError, ValueError, DescriptionInvalid) as error:
        yield f"{file}: {error}"
        return
    yield from (f"{file}: {entry.problem}" for entry in description.skills if isinstance(entry, BrokenEntry))
    yield from (f"{file}: {warning}" for warning in description.warnings)


async def _look(name: str, source: Source) -> list[str]:
    place = f'namespace "{name}"'
    try:
        async with asyncio.timeout(_ONLINE_SECONDS), source.registry as registry:
            listing = await registry.scan()
    except (RegistryUnavailable, DescriptionInvalid) as error:
        return [f"{place}: {error}"]
    except TimeoutError:
        return [f"{place}: no answer within {_ONLINE_SECONDS:g} s"]
    except Exception as error:
        return [f"{place}: looking at it failed unexpectedly ({error!r})"]
    of_skills = {listed.problem for listed in listing.skills.values()}
    found = [listing.problem, *sorted(problem for problem in of_skills if problem and problem != listing.problem)]
    return [f"{place}: {problem}" for problem in (*found, *listing.warnings) if problem]


def _services(settings: Settings) -> Iterator[tuple[str, str]]:
    urls = {
        "inference-url": settings.inference_url,
        "openai-inference.url": settings.openai_inference.url if settings.openai_inference else None,
        "document-index-url": settings.document_index_url,
        "authorization-url": settings.authorization_url,
        "embeddings.url": settings.embeddings.url,
        "chunking.url": settings.chunking.url,
        **{f"backends.{name}.url": backend.url for name, backend in settings.backends.items()},
    }
    yield from ((key, url) for key, url in urls.items() if url is not None)


async def _reach(key: str, url: str) -> list[str]:
    """Whatever it answers, it is there."""
    try:
        async with (
            aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=_REACH_SECONDS)) as session,
            session.get(url, allow_redirects=False),
        ):
            return []
    except TimeoutError:
        return [f"{key}: {url} did not answer within {_REACH_SECONDS:g} s"]
    except (aiohttp.ClientError, OSError) as error:
        return [f"{key}: {url} can not be reached: {str(error) or type(error).__name__}"]
