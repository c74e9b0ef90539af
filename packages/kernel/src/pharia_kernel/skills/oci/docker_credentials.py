"""Credentials that ``docker login`` keeps, in its file or with the programs that the file names."""

from __future__ import annotations

import asyncio
import base64
import binascii
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec
from pydantic import SecretStr

from pharia_kernel.skills.oci.credential_helper import ask_helper
from pharia_kernel.skills.oci.credentials import Credentials, CredentialsUnusable, SecretKind

_HELPER = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
_HUB = {"registry-1.docker.io": "index.docker.io", "docker.io": "index.docker.io"}
"""The name under which docker keeps the credentials of its own registry."""
_LARGEST_FILE = 1024 * 1024


class DockerCredentials:
    """``config.json`` in the folder that ``DOCKER_CONFIG`` names, or in ``~/.docker``; read each time.

    A helper for a registry counts more than the general one, and that more than the file.
    """

    def __init__(self, environ: Mapping[str, str], *, helper_seconds: float = 15.0) -> None:
        self._environ = environ
        self._helper_seconds = helper_seconds

    async def find(self, host: str) -> Credentials | None:
        path = self._path()
        if path is None:
            return None
        config = await asyncio.to_thread(_read, path)
        wanted = _HUB.get(host, host)
        entries, helpers = _table(config, "auths", path), _table(config, "credHelpers", path)
        key = next((name for name in entries if _host_of(name) == wanted), wanted)
        own = next((helper for name, helper in helpers.items() if _host_of(name) == wanted), None)
        for helper in (own, config.get("credsStore")):
            if helper and (found := await self._ask(str(helper), key)):
                return found
        entry = entries.get(key)
        return _from_entry(entry, host, path) if isinstance(entry, dict) else None

    def _path(self) -> Path | None:
        if folder := self._environ.get("DOCKER_CONFIG"):
            return Path(folder) / "config.json"
        home = self._environ.get("HOME")
        return Path(home) / ".docker" / "config.json" if home else None

    async def _ask(self, helper: str, key: str) -> Credentials | None:
        program = f"docker-credential-{helper}"
        if not _HELPER.fullmatch(helper):
            raise CredentialsUnusable(f"{program!r} is not the name of a program (docker's config.json names it)")
        return await ask_helper(program, key, self._environ, self._helper_seconds)


def _read(path: Path) -> dict[str, Any]:
    try:
        with path.open("rb") as file:
            return msgspec.json.decode(file.read(_LARGEST_FILE), type=dict[str, Any])
    except (FileNotFoundError, NotADirectoryError):
        return {}
    except OSError as error:
        raise CredentialsUnusable(
            f"{path} can not be read: {error.strerror} (repair it, or set DOCKER_CONFIG)"
        ) from None
    except (ValueError, RecursionError):
        raise CredentialsUnusable(f"{path} holds no JSON object (repair it, or set DOCKER_CONFIG)") from None


def _table(config: dict[str, Any], name: str, path: Path) -> dict[str, Any]:
    table = config.get(name) or {}
    if not isinstance(table, dict):
        raise CredentialsUnusable(f"{path}: {name!r} is no JSON object (repair it, or set DOCKER_CONFIG)")
    return table


def _host_of(name: str) -> str:
    """Older versions wrote addresses such as ``https://host/v1/``."""
    return name.rpartition("://")[2].partition("/")[0]


def _from_entry(entry: dict[str, Any], host: str, path: Path) -> Credentials | None:
    if token := entry.get("registrytoken"):
        return Credentials("", SecretStr(str(token)), SecretKind.ACCESS_TOKEN, str(path))
    user, secret = entry.get("username", ""), entry.get("password", "")
    if encoded := entry.get("auth"):
        try:
            user, _, secret = base64.b64decode(str(encoded), validate=True).decode().partition(":")
        except (binascii.Error, ValueError):
            raise CredentialsUnusable(f"{path}: auth of {host} is not base64 (run `docker login {host}`)") from None
    if token := entry.get("identitytoken"):
        return Credentials(str(user), SecretStr(str(token)), SecretKind.IDENTITY_TOKEN, str(path))
    secret = str(secret).rstrip("\0")
    return Credentials(str(user), SecretStr(secret), SecretKind.PASSWORD, str(path)) if user and secret else None
