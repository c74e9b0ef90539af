"""Where the skills of each namespace come from, and which tools it has; both can be changed while the kernel runs."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Callable, Sequence
from functools import partial

from pharia_kernel.composition.registries import image_cache, oci_registry
from pharia_kernel.composition.tools import mcp_server
from pharia_kernel.config import NamespaceSettings, Settings
from pharia_kernel.config.registry import RegistrySettings
from pharia_kernel.csi.tools import NativeTools
from pharia_kernel.csi.tools.mcp import HttpServer, McpServer, McpTools
from pharia_kernel.csi.tools.native import check_native_tools
from pharia_kernel.errors import ConfigError
from pharia_kernel.skills import Source
from pharia_kernel.skills.described import DescribedRegistry
from pharia_kernel.skills.description import EMPTY, Description
from pharia_kernel.skills.descriptions import (
    DescriptionSource,
    FileDescription,
    GivenDescription,
    HttpDescription,
    HttpDescriptionOptions,
)
from pharia_kernel.skills.image_directory import ImageDirectory
from pharia_kernel.skills.registry import Images
from pharia_kernel.skills.watched import WatchedDirectory
from pharia_kernel.telemetry.propagation import trace_headers

logger = logging.getLogger("pharia_kernel.skills")

_SETTLE = 0.8
"""Part of the scan interval; less than one, so that the second scan is always late enough."""
_JITTER = 0.1
_LONGEST = 16
"""Intervals, between two looks at what can not be had."""
_LONGEST_SECONDS = 300.0
_PLACES = ("config_url", "config_access_token", "directory", "skills", "path", *RegistrySettings.model_fields)
"""What says where a namespace's skills are; the rest of its settings is nothing to its source."""

Told = Callable[[str, Description], None]


class NamespaceSources:
    """Remembers what it made: a namespace whose settings stay the same keeps its source."""

    def __init__(self, settings: Settings, told: Told) -> None:
        """``told`` gets the description of each namespace that has one, whenever it changes."""
        self._cache = image_cache(settings)
        self._told = told
        self._made: dict[str, tuple[object, Source]] = {}

    def of(self, settings: Settings) -> dict[str, Source]:
        """Raises :class:`ConfigError`, and then nothing has changed."""
        made = {name: self._source(name, namespace, settings) for name, namespace in settings.namespaces.items()}
        self._made = made
        return {name: source for name, (_, source) in made.items()}

    def _source(self, name: str, namespace: NamespaceSettings, settings: Settings) -> tuple[object, Source]:
        interval, quick = settings.namespace_update_interval, settings.directory_scan_interval
        watched = namespace.shape == "watched"
        meaning = (*(getattr(namespace, place) for place in _PLACES), quick if watched else interval)
        before = self._made.get(name)
        if before is not None and before[0] == meaning:
            return before
        if namespace.directory is not None and watched:
            return meaning, Source(WatchedDirectory(namespace.directory, quick * _SETTLE), quick)
        described = DescribedRegistry(
            _description(name, namespace, settings),
            self._images(name, namespace, settings),
            on_change=partial(self._told, name),
        )
        longest = min(_LONGEST * interval, _LONGEST_SECONDS)
        return meaning, Source(described, interval, jitter=_JITTER, longest=longest, look_for_calls=False)

    def _images(self, name: str, namespace: NamespaceSettings, settings: Settings) -> Images:
        if namespace.registry is not None:
            return oci_registry(name, namespace, settings, self._cache)
        if namespace.path is None:
            raise ConfigError(f"namespaces.{name} has neither registry nor path")
        return ImageDirectory(namespace.path)


def _description(name: str, namespace: NamespaceSettings, settings: Settings) -> DescriptionSource:
    if (url := namespace.config_url) is None:
        return GivenDescription(Description(namespace.skills or ()))
    if (file := namespace.config_file) is not None:
        return FileDescription(file)
    kept = hashlib.sha256(f"{name} {url}".encode()).hexdigest()
    options = HttpDescriptionOptions(
        url,
        token=namespace.config_access_token,
        settings=f"namespaces.{name}",
        kept=settings.cache_dir / "descriptions" / kept,
    )
    return HttpDescription(options, trace_headers=trace_headers)


class NamespaceTools:
    """The tools that operators configured for a namespace, then those of its description."""

    def __init__(self, native: NativeTools, mcp: McpTools) -> None:
        self._native = native
        self._mcp = mcp
        self._configured: dict[str, NamespaceSettings] = {}
        self._described: dict[str, Description] = {}

    def configure(self, settings: Settings) -> None:
        """Raises :class:`ConfigError`."""
        for name, namespace in settings.namespaces.items():
            check_native_tools(name, namespace.native_tools)
        gone = self._configured.keys() - settings.namespaces.keys()
        self._configured = dict(settings.namespaces)
        for name in gone:
            self._described.pop(name, None)
        for name, namespace in settings.namespaces.items():
            if namespace.config_url is None:
                self._described.pop(name, None)
        for name in (*settings.namespaces, *gone):
            self._assign(name)

    def describe(self, name: str, description: Description) -> None:
        self._described[name] = description
        try:
            self._assign(name)
        except ConfigError as error:  # nobody who could repair it reads the answer to a scan
            logger.error('tools of the description of namespace "%s" are left out: %s', name, error)

    def _assign(self, name: str) -> None:
        configured, described = self._configured.get(name), self._described.get(name, EMPTY)
        names = dict.fromkeys((*(configured.native_tools if configured else ()), *described.native_tools))
        own: Sequence[McpServer] = [mcp_server(one) for one in configured.mcp_servers] if configured else []
        urls = {server.url for server in own if isinstance(server, HttpServer)}
        servers = [*own, *(HttpServer(url) for url in described.mcp_servers if url not in urls)]
        self._native.assign(name, tuple(names))
        self._mcp.assign(name, servers, taken=tuple(names))
