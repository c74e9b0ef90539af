"""OCI registries of namespaces, and the copies of skills that all of them share."""

from __future__ import annotations

import os
from collections.abc import Mapping

from pharia_kernel.config import Settings
from pharia_kernel.config.registry import RegistrySettings
from pharia_kernel.config.registry_address import RegistryAddress
from pharia_kernel.errors import ConfigError
from pharia_kernel.skills.oci import DockerCredentials, Folder, ImageCache, OciOptions, OciRegistry
from pharia_kernel.skills.oci.signature import Verifier
from pharia_kernel.telemetry.propagation import trace_headers


def image_cache(settings: Settings) -> ImageCache:
    """One for all registries of the kernel."""
    return ImageCache(Folder(settings.cache_dir / "images"), settings.images.cache_bytes)


def oci_registry(
    namespace: str,
    table: RegistrySettings,
    settings: Settings,
    cache: ImageCache,
    environ: Mapping[str, str] | None = None,
) -> OciRegistry:
    """Of a namespace whose settings have a ``registry``; raises :class:`ConfigError` for a key that can not be used."""
    name = f"namespaces.{namespace}"
    if table.registry is None:
        raise ConfigError(f"{name}.registry is missing")
    options = OciOptions(
        registry=RegistryAddress.parse(table.registry),
        base_repository=table.base_repository,
        mirrors=tuple(map(RegistryAddress.parse, table.registry_mirrors)),
        insecure=table.registry_insecure,
        user=table.registry_user,
        password=table.registry_password,
        ca_file=table.registry_ca_file,
        public_key=_public_key(name, table),
        settings=name,
        component_bytes=settings.images.component_bytes,
        resolve_seconds=settings.images.resolve_seconds,
        pull_seconds=settings.images.pull_seconds,
    )
    kept = DockerCredentials(os.environ if environ is None else environ)
    return OciRegistry(options, cache, kept, trace_headers=trace_headers)


def _public_key(name: str, table: RegistrySettings) -> Verifier | None:
    if table.public_key is None:
        return None
    try:
        from pharia_kernel.skills.oci.public_key import PublicKey
    except ImportError as error:
        raise ConfigError(
            f"{name}.public-key: checking signatures needs a package that is not installed "
            f'(pip install "pharia-kernel[signatures]"; {error.name} is missing)'
        ) from error
    file = table.public_key_file
    try:
        return PublicKey(table.public_key.encode() if file is None else file.read_bytes())
    except OSError as error:
        raise ConfigError(f"{name}.public-key: {file} can not be read ({error.strerror})") from None
    except ValueError as error:
        raise ConfigError(f"{name}.public-key: {error} (`cosign public-key --key …` writes one)") from None
