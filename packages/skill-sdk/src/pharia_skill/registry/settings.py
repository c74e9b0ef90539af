"""Where to publish and as whom: options, then the environment, then ``.env``, then what docker keeps."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from pathlib import Path

from dotenv import dotenv_values

from pharia_skill.errors import RegistryError, SettingMissing
from pharia_skill.registry.client import Transport
from pharia_skill.registry.credentials import TOKEN, USER, Credentials
from pharia_skill.registry.docker_credentials import docker_credentials
from pharia_skill.registry.reference import Address, Reference, names_registry

REGISTRY = "SKILL_REGISTRY"
REPOSITORY = "SKILL_REPOSITORY"
_OLDER_NAMES = {TOKEN: ("SKILL_REGISTRY_PASSWORD",)}


def environment(environ: Mapping[str, str], folder: Path) -> dict[str, str]:
    """The environment, filled up from the first ``.env`` in ``folder`` or above it."""
    for place in (folder, *folder.parents):
        path = place / ".env"
        if path.is_file():
            try:
                read = dotenv_values(path)
            except (OSError, UnicodeDecodeError) as error:
                raise RegistryError(f"{path} can not be read: {error}") from None
            return {**{name: value for name, value in read.items() if value is not None}, **environ}
    return dict(environ)


def setting(environ: Mapping[str, str], name: str) -> str | None:
    """The value under its own or an older name (then with a ``FutureWarning``)."""
    if name in environ:
        return environ[name]
    for older in _OLDER_NAMES.get(name, ()):
        if older in environ:
            warnings.warn(f"{older} is the old name of {name}; set that instead", FutureWarning, stacklevel=2)
            return environ[older]
    return None


def find_credentials(
    environ: Mapping[str, str], host: str, home: Path, user: str | None = None, token: str | None = None
) -> Credentials | None:
    """``user`` and ``token`` as given, else as set, else what docker keeps for ``host``; ``None`` asks as nobody.

    Raises :class:`~pharia_skill.errors.SettingMissing` when there is one of the two without the other.
    """
    origin = "the command line" if user and token else "the environment"
    user = user or setting(environ, USER)
    token = token or setting(environ, TOKEN)
    if user and token:
        return Credentials(user, token, origin=origin)
    if user or token:
        there, missing = ("user", TOKEN) if user else ("token", USER)
        raise SettingMissing(f"The environment variable '{missing}' is not set. There is a {there} to go with it.")
    return docker_credentials(host, environ, home)


def known_credentials(
    environ: Mapping[str, str], host: str, home: Path, user: str | None = None, token: str | None = None
) -> Credentials | None:
    """As :func:`find_credentials`, but what is set for the registry ``SKILL_REGISTRY`` is shown to no other."""
    own = setting(environ, REGISTRY)
    if not own or Address.parse(own).host != host:
        hidden = (USER, TOKEN, *_OLDER_NAMES[TOKEN])
        environ = {name: value for name, value in environ.items() if name not in hidden}
    return find_credentials(environ, host, home, user, token)


def reference_for(text: str, environ: Mapping[str, str]) -> Reference:
    """``text`` in full, or what follows ``SKILL_REGISTRY`` and ``SKILL_REPOSITORY``: ``haiku:latest``."""
    registry = setting(environ, REGISTRY)
    if names_registry(text) or not registry:
        return Reference.parse(text)
    return Reference.parse(
        "/".join(filter(None, [registry.rstrip("/"), (setting(environ, REPOSITORY) or "").strip("/"), text]))
    )


def transport_for(environ: Mapping[str, str], ca_file: Path | None, plain_http: bool) -> Transport:
    """``ca_file`` counts more than ``SSL_CERT_FILE``."""
    named = environ.get("SSL_CERT_FILE")
    return Transport(ca_file=ca_file or (Path(named) if named else None), plain_http=plain_http)
