"""Settings of who may call."""

from __future__ import annotations

import ipaddress
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, model_validator

from pharia_kernel.config.tables import DirectoryPath, Seconds, SplitWords, Table, Words
from pharia_kernel.errors import ConfigError, InvalidNamespace
from pharia_kernel.types import ANY_NAMESPACE, Action, check_namespace

AccessMode = Literal["auto", "none", "keys", "jwt", "iam"]
Algorithm = Literal["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"]
"""All with a public key: whoever can check a token can not make one."""

CAPTURED = "{}"
"""In the namespaces of a grant: what the ``*`` of its value stands for."""


def is_trustworthy(url: str) -> bool:
    """Whether what is read there is what its owner wrote: https, or this machine."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    try:
        here = ipaddress.ip_address(host).is_loopback
    except ValueError:
        here = host == "localhost"
    return bool(host) and (parts.scheme == "https" or (parts.scheme == "http" and here))


def _trustworthy(url: str) -> str:
    if not is_trustworthy(url):
        raise ValueError("must be an https URL; http is taken only from this machine")
    return url


def _template(namespace: str) -> str:
    if namespace != ANY_NAMESPACE:
        try:
            check_namespace(namespace.replace(CAPTURED, "x"))
        except InvalidNamespace as error:
            raise ValueError(str(error)) from error
    return namespace


def _at_least_one(words: tuple[object, ...]) -> tuple[object, ...]:
    if not words:
        raise ValueError("needs at least one")
    return words


Actions = Annotated[tuple[Action, ...], SplitWords, AfterValidator(_at_least_one)]


class GrantSettings(Table):
    """Whoever has ``value`` in ``claim`` may do ``actions`` in ``namespaces``."""

    claim: str = Field(min_length=1)
    """Name of a claim, or a way into it with dots."""
    value: str = Field(min_length=1)
    """With at most one ``*`` for any characters."""
    namespaces: Annotated[tuple[Annotated[str, AfterValidator(_template)], ...], AfterValidator(_at_least_one)]
    """``*`` for every one; in a name ``{}`` is what the ``*`` of the value stands for."""
    actions: Actions = (Action.RUN, Action.CSI)

    @model_validator(mode="after")
    def _captures(self) -> GrantSettings:
        if self.value.count("*") > 1:
            raise ValueError("value may have one * only")
        if any(CAPTURED in name for name in self.namespaces) and "*" not in self.value:
            raise ValueError("{} in a namespace needs a * in value")
        return self


class JwtSettings(Table):
    """Tokens of an OpenID Connect provider."""

    issuer: Annotated[str, AfterValidator(_trustworthy)]
    """Exactly as in the tokens."""
    audience: Annotated[Words, AfterValidator(_at_least_one)]
    """One of them must be in the tokens."""
    jwks_url: Annotated[str, AfterValidator(_trustworthy)] | None = None
    """Where the keys are; without it the provider's discovery document says so."""
    algorithms: Annotated[tuple[Algorithm, ...], SplitWords, AfterValidator(_at_least_one)] = (
        "RS256",
        "ES256",
    )
    leeway: Seconds = 30.0
    subject_claim: str = Field(default="sub", min_length=1)
    grants: Annotated[tuple[GrantSettings, ...], AfterValidator(_at_least_one)]
    refresh_seconds: Seconds = 600.0
    """Age at which keys are fetched again; a token with an unknown key does so too."""
    stale_seconds: Seconds = 86_400.0
    """Age up to which keys are used while the provider can not be reached."""
    forward: bool = False
    """Whether backends that want the caller's token get it."""


class IamSettings(Table):
    """How the IAM service of ``authorization-url`` is asked."""

    actions: Actions = (Action.RUN, Action.CSI)
    """What everybody whom it lets in may do, in every namespace."""
    admins: Words = ()
    """Ids or verified e-mail addresses of those who may operate the kernel as well."""
    cache_seconds: Seconds = 30.0
    """How long its consent holds."""
    refused_seconds: Seconds = 5.0
    """How long its refusal holds."""
    cache_entries: int = Field(default=10_000, gt=0)


class AccessSettings(Table):
    mode: AccessMode = "auto"
    """``auto`` is what is configured: ``iam`` with ``authorization-url``, ``jwt``, or ``keys`` with a file of keys."""
    allow_everybody: bool = False
    """With ``mode = "none"``: serve other machines all the same."""
    keys_file: DirectoryPath | None = None
    request_seconds: Seconds = 5.0
    """Deadline of a request to the IAM service or the identity provider."""
    jwt: JwtSettings | None = None
    iam: IamSettings = Field(default_factory=IamSettings)


class CorsSettings(Table):
    """Which web pages may call from a browser."""

    allowed_origins: Words = ()
    """Such as ``https://studio.example.org``; ``*`` for every one."""


def chosen_mode(access: AccessSettings, authorization_url: str | None) -> Literal["none", "keys", "jwt", "iam"]:
    """What ``auto`` stands for; raises :class:`ConfigError` for settings that contradict each other."""
    present: dict[Literal["none", "keys", "jwt", "iam"], bool] = {
        "iam": authorization_url is not None,
        "jwt": access.jwt is not None,
        "keys": access.keys_file is not None,
    }
    found = [mode for mode, there in present.items() if there]
    if access.mode != "auto":
        if access.mode == "none" and present["iam"]:
            raise ConfigError("access.mode is none, but authorization-url asks for access control; remove one of them")
        return access.mode
    if len(found) > 1:
        raise ConfigError(
            f"several kinds of access control are configured ({', '.join(found)}); choose with access.mode"
        )
    return found[0] if found else "none"
