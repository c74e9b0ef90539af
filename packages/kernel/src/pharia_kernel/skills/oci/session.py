"""The HTTP client of one namespace's registry."""

from __future__ import annotations

import asyncio
import ssl

import aiohttp

from pharia_kernel.errors import ConfigError
from pharia_kernel.skills.oci.options import OciOptions

_CONNECTIONS = 16
"""To one host; a namespace may have many skills to ask for."""
_KEEP_ALIVE_SECONDS = 15.0


async def new_session(options: OciOptions) -> aiohttp.ClientSession:
    """Raises :class:`ConfigError` for a file without certificates."""
    trusted = await asyncio.to_thread(_trusted, options)
    return aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(
            ssl=trusted, limit=0, limit_per_host=_CONNECTIONS, keepalive_timeout=_KEEP_ALIVE_SECONDS
        ),
        cookie_jar=aiohttp.DummyCookieJar(),
        # What is compressed could be of any size.
        headers={"User-Agent": "pharia-kernel", "Accept-Encoding": "identity"},
        auto_decompress=False,
        timeout=aiohttp.ClientTimeout(total=None, sock_connect=options.connect_seconds, sock_read=options.idle_seconds),
    )


def _trusted(options: OciOptions) -> ssl.SSLContext:
    """The system's certificates, read once here and not for every connection, and those of the file."""
    context = ssl.create_default_context()
    if options.ca_file is not None:
        try:
            context.load_verify_locations(options.ca_file)
        except (OSError, ssl.SSLError) as error:
            reason = error.strerror if isinstance(error, OSError) and error.strerror else type(error).__name__
            raise ConfigError(
                f"{options.settings}.registry-ca-file: no certificates can be read from {options.ca_file} ({reason})"
            ) from None
    return context
