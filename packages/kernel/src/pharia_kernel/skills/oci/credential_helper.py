"""A program that keeps credentials, spoken to as docker speaks to it: host on its input, JSON on its output."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
from collections.abc import Mapping

import msgspec
from pydantic import SecretStr

from pharia_kernel.skills.oci.credentials import Credentials, CredentialsUnusable, SecretKind

_ANSWER_BYTES = 64 * 1024
_END_SECONDS = 5.0
_IDENTITY_TOKEN_USER = "<token>"
_NOT_FOUND = b"credentials not found"
_PASSED_ON = (
    "PATH", "HOME", "USER", "LANG", "LC_", "TMPDIR", "XDG_", "LD_LIBRARY_PATH", "DBUS_SESSION_BUS_ADDRESS", "SSL_CERT_",
    "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "http_proxy", "https_proxy", "no_proxy", "GNUPGHOME", "PASSWORD_STORE_",
    "DOCKER_", "AWS_", "GOOGLE_", "CLOUDSDK_", "AZURE_",
)  # fmt: skip
"""Beginnings of the names of variables; the kernel's environment holds secrets of others."""


class _Answer(msgspec.Struct, rename="pascal"):
    username: str
    secret: str


async def ask_helper(program: str, key: str, environ: Mapping[str, str], seconds: float) -> Credentials | None:
    """What it keeps for ``key``; raises :class:`CredentialsUnusable`."""
    passed = {name: value for name, value in environ.items() if name.startswith(_PASSED_ON)}
    try:
        process = await _started(program, passed)
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else "its name or an argument is not text"
        raise CredentialsUnusable(f"{program} can not be run: {reason} (docker's config.json names it)") from None
    try:
        async with asyncio.timeout(seconds):
            said = await _said(process, key)
            if len(said) > _ANSWER_BYTES:
                raise CredentialsUnusable(f"{program} gave no credentials for {key}, but too much of something else")
            status = await process.wait()
    except TimeoutError:
        raise CredentialsUnusable(f"{program} gave no credentials for {key} within {seconds:g} s") from None
    finally:
        await _end(process)
    if status == 0:
        return _from_answer(program, said)
    if _NOT_FOUND in said:
        return None
    raise CredentialsUnusable(f"{program} gave no credentials for {key} (it ended with status {status})")


async def _started(program: str, environ: Mapping[str, str]) -> asyncio.subprocess.Process:
    starting = asyncio.ensure_future(
        asyncio.create_subprocess_exec(
            program,
            "get",
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
            env=environ,
            start_new_session=True,  # all it starts can be ended with it
        )
    )
    try:
        return await asyncio.shield(starting)
    except asyncio.CancelledError:  # it may run already, and only what was started can be ended
        with contextlib.suppress(OSError, ValueError):
            await _end(await starting)
        raise


async def _said(process: asyncio.subprocess.Process, key: str) -> bytes:
    assert process.stdin is not None
    assert process.stdout is not None
    with contextlib.suppress(OSError, RuntimeError):  # it need not read; the latter is how uvloop says so
        process.stdin.write(key.encode())
        await process.stdin.drain()
    process.stdin.close()
    said = b""
    while len(said) <= _ANSWER_BYTES and (part := await process.stdout.read(_ANSWER_BYTES)):
        said += part
    return said


async def _end(process: asyncio.subprocess.Process) -> None:
    """With all it started."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    assert process.stdout is not None
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(_END_SECONDS):
            while await process.stdout.read(_ANSWER_BYTES):  # else its end is never noticed
                pass
            await process.wait()


def _from_answer(program: str, said: bytes) -> Credentials | None:
    try:
        answer = msgspec.json.decode(said, type=_Answer)
    except (ValueError, RecursionError):
        raise CredentialsUnusable(f"{program} gave an answer without Username and Secret") from None
    if not answer.secret:
        return None
    kind = SecretKind.IDENTITY_TOKEN if answer.username == _IDENTITY_TOKEN_USER else SecretKind.PASSWORD
    return Credentials(answer.username, SecretStr(answer.secret), kind, program)
