"""Credentials that ``docker login`` keeps, in its file or in the helper programs the file names."""

from __future__ import annotations

import base64
import binascii
import json
import re
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pharia_skill.errors import CredentialsUnusable
from pharia_skill.registry.credentials import Credentials, SecretKind

HELPER_SECONDS = 30.0
"""How long a helper may take; it may have to ask the user to unlock a key ring."""

_HELPER = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
_IDENTITY_TOKEN_USER = "<token>"
_NOT_FOUND = "credentials not found"


def docker_credentials(
    host: str, environ: Mapping[str, str], home: Path, *, timeout: float = HELPER_SECONDS
) -> Credentials | None:
    """What is kept for a registry, or ``None``.

    The file is ``config.json`` in the folder ``DOCKER_CONFIG`` names, or in ``~/.docker``. A helper for this registry
    counts more than the general one, and that more than the file. Raises
    :class:`~pharia_skill.errors.CredentialsUnusable` when the file or a helper can not be read; ``timeout`` is in
    seconds.
    """
    folder = environ.get("DOCKER_CONFIG")
    path = (Path(folder) if folder else home / ".docker") / "config.json"
    config = _read(path)
    entries = _table(config, "auths", path)
    key = next((name for name in entries if _host_of(name) == host), host)
    for helper in (_helper_for(host, _table(config, "credHelpers", path)), config.get("credsStore")):
        if helper and (found := _ask(str(helper), key, environ, timeout)):
            return found
    entry = entries.get(key)
    return _from_entry(entry, host, path) if isinstance(entry, dict) else None


def _read(path: Path) -> dict[str, Any]:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        raise CredentialsUnusable(f"{path} can not be read: {error} (repair it, or set DOCKER_CONFIG)") from None
    if not isinstance(content, dict):
        raise CredentialsUnusable(f"{path} holds no JSON object (repair it, or set DOCKER_CONFIG)")
    return content


def _table(config: dict[str, Any], name: str, path: Path) -> dict[str, Any]:
    table = config.get(name) or {}
    if not isinstance(table, dict):
        raise CredentialsUnusable(f"{path}: `{name}` is no JSON object (repair it, or set DOCKER_CONFIG)")
    return table


def _helper_for(host: str, helpers: dict[str, Any]) -> Any:
    return next((helper for name, helper in helpers.items() if _host_of(name) == host), None)


def _host_of(name: str) -> str:
    """Older versions wrote addresses such as ``https://host/v1/``."""
    return name.rpartition("://")[2].partition("/")[0]


def _ask(helper: str, key: str, environ: Mapping[str, str], timeout: float) -> Credentials | None:
    program = f"docker-credential-{helper}"
    if not _HELPER.fullmatch(helper):
        raise CredentialsUnusable(f"`{program}` is not the name of a program (see credsStore in docker's config.json)")
    try:
        done = subprocess.run(
            [program, "get"], input=key, env=dict(environ), capture_output=True, text=True, timeout=timeout, check=False
        )
    except subprocess.TimeoutExpired:
        raise CredentialsUnusable(f"{program} gave no credentials for {key} within {timeout:g} s") from None
    except (OSError, UnicodeDecodeError) as error:
        raise CredentialsUnusable(f"{program} can not be run: {error} (docker's config.json names it)") from None
    if done.returncode:
        said = (done.stdout or done.stderr).strip()
        if _NOT_FOUND in said:
            return None
        raise CredentialsUnusable(f"{program} gave no credentials for {key}: {said[:200] or 'it said nothing'}")
    return _from_answer(program, done.stdout)


def _from_answer(program: str, text: str) -> Credentials | None:
    try:
        answer = json.loads(text)
        user, secret = str(answer["Username"]), str(answer["Secret"])
    except (ValueError, KeyError, TypeError):
        raise CredentialsUnusable(f"{program} gave an answer without `Username` and `Secret`") from None
    if not secret:
        return None
    kind = SecretKind.IDENTITY_TOKEN if user == _IDENTITY_TOKEN_USER else SecretKind.PASSWORD
    return Credentials(user, secret, kind, program)


def _from_entry(entry: dict[str, Any], host: str, path: Path) -> Credentials | None:
    if token := entry.get("registrytoken"):
        return Credentials("", str(token), SecretKind.ACCESS_TOKEN, str(path))
    user, secret = entry.get("username", ""), entry.get("password", "")
    if encoded := entry.get("auth"):
        try:
            user, _, secret = base64.b64decode(str(encoded), validate=True).decode().partition(":")
        except (binascii.Error, ValueError):
            raise CredentialsUnusable(f"{path}: `auth` of {host} is not base64 (run `docker login {host}`)") from None
    if token := entry.get("identitytoken"):
        return Credentials(str(user), str(token), SecretKind.IDENTITY_TOKEN, str(path))
    return Credentials(str(user), str(secret).rstrip("\0"), SecretKind.PASSWORD, str(path)) if user and secret else None
