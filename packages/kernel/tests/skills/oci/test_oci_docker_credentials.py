"""Credentials that ``docker login`` keeps."""

from __future__ import annotations

import asyncio
import base64
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pharia_kernel.skills.oci import DockerCredentials
from pharia_kernel.skills.oci.credentials import Credentials, CredentialsUnusable, SecretKind

HOST = "registry.example.org:5000"
AUTH = base64.b64encode(b"poet:open:sesame").decode()
Find = Callable[..., Any]


@pytest.fixture
def write(tmp_path: Path) -> Callable[..., None]:
    """``config.json``, and helpers by name, which are shell scripts."""

    def make(content: object, **helpers: str) -> None:
        text = content if isinstance(content, str) else json.dumps(content)
        (tmp_path / "config.json").write_text(text)
        for name, script in helpers.items():
            program = tmp_path / f"docker-credential-{name}"
            program.write_text(f"#!/bin/sh\n{script}\n")
            program.chmod(0o700)

    return make


@pytest.fixture
def find(tmp_path: Path) -> Find:
    async def find(host: str = HOST, seconds: float = 60.0, **environ: str) -> Credentials | None:
        given = {"DOCKER_CONFIG": str(tmp_path), "PATH": f"{tmp_path}:{os.environ['PATH']}", **environ}
        return await DockerCredentials(given, helper_seconds=seconds).find(host)

    return find


def told(credentials: Credentials) -> tuple[str, str, SecretKind]:
    return credentials.user, credentials.secret.get_secret_value(), credentials.kind


@pytest.mark.parametrize(
    ("entry", "expected"),
    [
        ({"auth": AUTH}, ("poet", "open:sesame", SecretKind.PASSWORD)),
        ({"username": "poet", "password": "xyzzy"}, ("poet", "xyzzy", SecretKind.PASSWORD)),
        ({"auth": AUTH, "identitytoken": "long"}, ("poet", "long", SecretKind.IDENTITY_TOKEN)),
        ({"registrytoken": "ready"}, ("", "ready", SecretKind.ACCESS_TOKEN)),
    ],
)
@pytest.mark.parametrize("name", [HOST, f"https://{HOST}/v1/"])
async def test_an_entry_of_the_file_is_found(
    write: Callable[..., None], find: Find, name: str, entry: dict[str, str], expected: tuple[str, str, SecretKind]
) -> None:
    write({"auths": {"elsewhere": {"auth": "!"}, name: entry}})
    found = await find()
    assert told(found) == expected
    assert expected[1] not in repr(found)


async def test_dockers_own_registry_has_an_older_name(write: Callable[..., None], find: Find) -> None:
    write({"auths": {"https://index.docker.io/v1/": {"auth": AUTH}}})
    assert told(await find("registry-1.docker.io"))[0] == "poet"


@pytest.mark.parametrize("content", [{}, {"auths": None}, {"auths": {HOST: {}}}, {"auths": {HOST: 7}}])
async def test_there_may_be_none(write: Callable[..., None], find: Find, content: object) -> None:
    write(content)
    assert await find() is None


async def test_there_may_be_no_file_and_no_home(find: Find, tmp_path: Path) -> None:
    assert await find() is None
    assert await DockerCredentials({}).find(HOST) is None
    assert await DockerCredentials({"HOME": str(tmp_path)}).find(HOST) is None


@pytest.mark.parametrize(
    ("content", "text"),
    [
        ("", "holds no JSON object"),
        ("[]", "holds no JSON object"),
        ({"auths": []}, None),
        ({"auths": [1]}, "'auths' is no JSON object"),
        ({"credHelpers": "x"}, "'credHelpers' is no JSON object"),
        ({"auths": {HOST: {"auth": "!"}}}, "is not base64"),
        ({"credsStore": "../../bin/sh"}, "not the name of a program"),
        ({"credsStore": "not-installed"}, "can not be run: No such file"),
    ],
)
async def test_a_file_that_can_not_be_used_is_named(
    write: Callable[..., None], find: Find, content: object, text: str | None
) -> None:
    write(content)
    if text is None:
        assert await find() is None
        return
    with pytest.raises(CredentialsUnusable, match=text):
        await find()


async def test_a_helper_is_asked_with_the_host_and_without_the_kernels_secrets(
    write: Callable[..., None], find: Find, tmp_path: Path
) -> None:
    say = 'read key; env > environment; echo "{\\"Username\\": \\"poet of $key\\", \\"Secret\\": \\"s\\"}"'
    write({"credsStore": "safe"}, safe=f"cd {tmp_path}; {say}")
    found = await find(NAMESPACES__X__REGISTRY_PASSWORD="hidden", AWS_REGION="here")
    assert told(found) == (f"poet of {HOST}", "s", SecretKind.PASSWORD)
    assert found.origin == "docker-credential-safe"
    environment = (tmp_path / "environment").read_text()
    assert "AWS_REGION=here" in environment
    assert "hidden" not in environment


async def test_the_helper_of_a_registry_counts_more_than_the_general_one(
    write: Callable[..., None], find: Find
) -> None:
    own, general = (f'echo \'{{"Username": "{name}", "Secret": "s"}}\'' for name in ("own", "general"))
    write({"credsStore": "general", "credHelpers": {HOST: "own"}}, own=own, general=general)
    assert told(await find())[0] == "own"
    assert told(await find("other.example.org"))[0] == "general"


async def test_a_helper_that_knows_nothing_leaves_it_to_the_file(write: Callable[..., None], find: Find) -> None:
    nothing = "echo 'credentials not found in native keychain'; exit 1"
    write({"credsStore": "safe", "auths": {HOST: {"auth": AUTH}}}, safe=nothing)
    assert told(await find())[0] == "poet"


async def test_a_helper_may_give_a_token_to_exchange(write: Callable[..., None], find: Find) -> None:
    write({"credsStore": "safe"}, safe='echo \'{"Username": "<token>", "Secret": "long"}\'')
    assert told(await find())[2] is SecretKind.IDENTITY_TOKEN


@pytest.mark.parametrize(
    ("script", "text"),
    [
        ("exit 3", "ended with status 3"),
        ('echo \'{"Secret": "xyzzy"}\'', "without Username and Secret"),
        ("echo nonsense", "without Username and Secret"),
        ("yes xyzzy", "gave no credentials"),
        ("echo xyzzy; exit 1", "ended with status 1"),
    ],
)
async def test_a_helper_that_fails_is_named_without_what_it_said(
    write: Callable[..., None], find: Find, script: str, text: str
) -> None:
    write({"credsStore": "safe"}, safe=script)
    with pytest.raises(CredentialsUnusable, match=f"docker-credential-safe gave .*{text}|{text}") as failed:
        await find()
    assert "xyzzy" not in str(failed.value)


def nobody_writes_to(fifo: Path) -> None:
    """Waits until the last of them has ended."""
    reading = os.open(fifo, os.O_RDONLY | os.O_NONBLOCK)
    try:
        os.set_blocking(reading, True)
        assert os.read(reading, 1) == b""
    finally:
        os.close(reading)


async def test_a_helper_that_hangs_is_ended_with_all_it_started(
    write: Callable[..., None], find: Find, tmp_path: Path
) -> None:
    os.mkfifo(tmp_path / "alive")
    write({"credsStore": "safe"}, safe=f"exec 3<>{tmp_path}/alive; sleep 1000 & wait")
    with pytest.raises(CredentialsUnusable, match=r"gave no credentials for .* within 0\.3 s"):
        await find(seconds=0.3)
    await asyncio.to_thread(nobody_writes_to, tmp_path / "alive")


async def test_a_helper_that_nobody_waits_for_any_more_is_ended(
    write: Callable[..., None], find: Find, tmp_path: Path
) -> None:
    os.mkfifo(tmp_path / "alive")
    os.mkfifo(tmp_path / "begun")
    begun = os.open(tmp_path / "begun", os.O_RDWR | os.O_NONBLOCK)
    arrived = asyncio.Event()
    asyncio.get_running_loop().add_reader(begun, arrived.set)
    write({"credsStore": "safe"}, safe=f"exec 3<>{tmp_path}/alive; echo > {tmp_path}/begun; sleep 1000 & wait")
    finding = asyncio.create_task(find())
    await arrived.wait()
    asyncio.get_running_loop().remove_reader(begun)
    os.close(begun)
    finding.cancel()
    with pytest.raises(asyncio.CancelledError):
        await finding
    await asyncio.to_thread(nobody_writes_to, tmp_path / "alive")
