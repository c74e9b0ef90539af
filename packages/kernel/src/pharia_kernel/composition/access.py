"""Who may do what, from the settings."""

from __future__ import annotations

from opentelemetry.trace import Tracer

from pharia_kernel.access import Access, Authenticator
from pharia_kernel.access.iam import Iam, IamOptions
from pharia_kernel.access.keys import FileKeys
from pharia_kernel.config import Settings
from pharia_kernel.config.access import JwtSettings
from pharia_kernel.errors import ConfigError
from pharia_kernel.telemetry.propagation import trace_headers

_PAUSE_SECONDS = 10.0
"""Between two fetches of keys, however many tokens name unknown ones."""


def access(settings: Settings, tracer: Tracer) -> Access:
    """Raises :class:`ConfigError` for access control that is asked for and can not be had."""
    return Access(_authenticator(settings), tracer)


def _authenticator(settings: Settings) -> Authenticator | None:
    chosen = settings.access_mode
    if chosen == "keys":
        return _keys(settings)
    if chosen == "jwt":
        if settings.access.jwt is None:
            raise ConfigError("access.mode = jwt needs the table [access.jwt] with issuer, audience and grants")
        return _jwt(settings.access.jwt, settings.access.request_seconds)
    return _iam(settings) if chosen == "iam" else None


def _keys(settings: Settings) -> FileKeys:
    file = settings.access.keys_file
    if file is None:
        raise ConfigError("access.mode = keys needs the file with the keys (set ACCESS__KEYS_FILE)")
    return FileKeys(file)


def _jwt(settings: JwtSettings, request_seconds: float) -> Authenticator:
    try:
        from pharia_kernel.access.jwt import Grant, JwtOptions, JwtTokens
        from pharia_kernel.access.jwt.key_set import KeySetOptions
    except ImportError as error:
        raise ConfigError(
            "access.mode = jwt needs packages that are not installed "
            f'(pip install "pharia-kernel[jwt]"; {error.name} is missing)'
        ) from error
    keys = KeySetOptions(
        issuer=settings.issuer,
        url=settings.jwks_url,
        refresh_seconds=settings.refresh_seconds,
        stale_seconds=max(settings.stale_seconds, settings.refresh_seconds),
        pause_seconds=_PAUSE_SECONDS,
    )
    grants = [Grant(one.claim, one.value, one.namespaces, frozenset(one.actions)) for one in settings.grants]
    options = JwtOptions(
        keys=keys,
        audience=settings.audience,
        algorithms=settings.algorithms,
        leeway_seconds=settings.leeway,
        subject_claim=settings.subject_claim,
        grants=tuple(grants),
        forwarded=settings.forward,
        request_seconds=request_seconds,
    )
    return JwtTokens(options, trace_headers=trace_headers)


def _iam(settings: Settings) -> Iam:
    url, iam = settings.authorization_url, settings.access.iam
    if url is None:
        raise ConfigError("access.mode = iam needs the address of the service (set AUTHORIZATION_URL)")
    options = IamOptions(
        url=url,
        actions=frozenset(iam.actions),
        admins=frozenset(iam.admins),
        request_seconds=settings.access.request_seconds,
        granted_seconds=iam.cache_seconds,
        refused_seconds=iam.refused_seconds,
        entries=iam.cache_entries,
    )
    return Iam(options, trace_headers=trace_headers)
