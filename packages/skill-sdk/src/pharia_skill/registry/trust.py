"""Which certificates are believed."""

from __future__ import annotations

import ssl
from pathlib import Path

import certifi

from pharia_skill.errors import RegistryUntrusted


def tls_context(ca_file: Path | None) -> ssl.SSLContext:
    """Trust ``ca_file`` alone, or else what the system trusts, or the certificates of ``certifi`` if it has none.

    Raises :class:`~pharia_skill.errors.RegistryUntrusted` when the file holds no certificates.
    """
    if ca_file is not None:
        try:
            return ssl.create_default_context(cafile=str(ca_file))
        except (OSError, ssl.SSLError) as error:
            raise RegistryUntrusted(
                f"no certificates can be read from {ca_file}: {error} (give a PEM file with --ca-file or SSL_CERT_FILE)"
            ) from None
    context = ssl.create_default_context()
    paths = ssl.get_default_verify_paths()
    if not context.get_ca_certs() and not _any_file(paths.capath):
        context.load_verify_locations(certifi.where())
    return context


def _any_file(folder: str | None) -> bool:
    return folder is not None and Path(folder).is_dir() and any(Path(folder).iterdir())
