"""The error for a connection that gave no answer."""

from __future__ import annotations

import re
import ssl
from urllib.parse import urlsplit

from urllib3.exceptions import (
    ConnectTimeoutError,
    HTTPError,
    NameResolutionError,
    NewConnectionError,
    ProxyError,
    SSLError,
)

from pharia_skill.errors import (
    RegistryConnectionLost,
    RegistryError,
    RegistryUnreachable,
    RegistryUntrusted,
    RegistryWithoutTls,
)


def host_of(url: str) -> str:
    """With its port, without credentials."""
    return urlsplit(url).netloc.rpartition("@")[2]


def line_failure(error: HTTPError, url: str) -> RegistryError:
    host = host_of(url)
    if isinstance(error, NameResolutionError):
        return RegistryUnreachable(f"there is no host {host}, or no network to ask (check SKILL_REGISTRY)")
    if isinstance(error, ConnectTimeoutError) and not isinstance(error, NewConnectionError):
        return RegistryUnreachable(f"{host} does not answer: {_short(error)} (check SKILL_REGISTRY and the network)")
    if isinstance(error, ProxyError):
        return RegistryConnectionLost(
            f"the proxy on the way to {host} does not answer: {_short(error)} (see HTTPS_PROXY, NO_PROXY)"
        )
    if isinstance(error, SSLError):
        return _tls_failure(error, host)
    return RegistryConnectionLost(
        f"{host} can not be reached: {_short(error)} (check SKILL_REGISTRY and the network, or try again)"
    )


def _tls_failure(error: SSLError, host: str) -> RegistryError:
    cause = error.args[0] if error.args else error
    if isinstance(cause, ssl.SSLCertVerificationError):
        return RegistryUntrusted(
            f"the certificate of {host} is not trusted: {cause.verify_message} (name its authority with --ca-file or"
            " SSL_CERT_FILE)"
        )
    if getattr(cause, "reason", None) in ("WRONG_VERSION_NUMBER", "HTTP_REQUEST", "RECORD_LAYER_FAILURE"):
        return RegistryWithoutTls(
            f"{host} does not speak https (allow http with --plain-http if you trust the network)"
        )
    return RegistryConnectionLost(f"no secure connection to {host}: {_short(error)}")


def _short(error: Exception) -> str:
    """Without the objects urllib3 names in front."""
    text = re.sub(r"^(?:<.*?>|HTTPS?Connection(?:Pool)?\(.*?\)): ", "", str(error)) or type(error).__name__
    return text[:300]
