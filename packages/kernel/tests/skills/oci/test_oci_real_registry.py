"""Debian's registry, with and without TLS and password, filled by every tool people publish with."""

from __future__ import annotations

import asyncio
import json
import platform
import subprocess
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import oras.client
import pytest
from pydantic import SecretStr
from wasmtime import wat2wasm

from doubles.docker_registry import PASSWORD, USER, DockerRegistry
from doubles.oci_image import digest_of, skill_image
from pharia_kernel.config.registry_address import RegistryAddress
from pharia_kernel.errors import ConfigError, SkillLoadError
from pharia_kernel.skills.oci import DockerCredentials, Folder, ImageCache, OciOptions, OciRegistry
from pharia_kernel.skills.registry import RegistryUnavailable

RELEASED = "pharia-skill-cli==0.4.9"
SKILL = '(component (instance $i) (export "pharia:skill/skill-handler@0.4.0" (instance $i)))'
Open = Callable[..., Any]
Publish = Callable[[DockerRegistry, Path, str], Awaitable[None]]
"""The file as ``team/haiku`` with a tag."""


@pytest.fixture(scope="session")
def code() -> bytes:
    padding = b"\x07padding" + bytes(3 << 20)
    size = len(padding)
    leb = bytes([size & 0x7F | 0x80, size >> 7 & 0x7F | 0x80, size >> 14 & 0x7F | 0x80, size >> 21])
    return bytes(wat2wasm(SKILL)) + b"\x00" + leb + padding


async def _run(*command: str | Path, folder: Path, **environment: str) -> None:
    process = await asyncio.create_subprocess_exec(
        *command, cwd=folder, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )
    said, _ = await process.communicate()
    assert process.returncode == 0, said.decode()


async def with_our_tool(registry: DockerRegistry, path: Path, tag: str) -> None:
    program = Path(sys.executable).parent / "pharia-skill"
    place = ["-R", registry.host, "-r", "team", "-n", "haiku", "-t", tag]
    secret = {"SKILL_REGISTRY_USER": USER, "SKILL_REGISTRY_TOKEN": PASSWORD}
    await _run(program, "publish", *place, path, folder=path.parent, SSL_CERT_FILE=str(registry.authority), **secret)


async def with_the_released_tool(registry: DockerRegistry, path: Path, tag: str) -> None:
    program = path.parent / "released" / "bin" / "pharia-skill-cli"
    place = ["-R", registry.host, "-r", "team", "-n", "haiku", "-t", tag, "-u", USER, "-p", PASSWORD]
    await _run(program, "publish", *place, path, folder=path.parent, SSL_CERT_FILE=str(registry.authority))


async def with_oras(registry: DockerRegistry, path: Path, tag: str) -> None:
    config = path.parent / "config.json"
    config.write_text(json.dumps({"layerDigests": []}))
    client = oras.client.OrasClient(tls_verify=str(registry.authority), auth_backend="basic")
    client.auth.set_basic_auth(USER, PASSWORD)
    await asyncio.to_thread(
        client.push,
        f"{registry.host}/team/haiku:{tag}",
        files=[f"{path}:application/wasm"],
        manifest_config=f"{config}:application/vnd.wasm.config.v0+json",
        disable_path_validation=True,
        quiet=True,
    )


@pytest.fixture
def released(pytestconfig: pytest.Config, tmp_path: Path) -> None:
    """The program the released SDK publishes with, kept between runs."""
    if sys.platform != "linux" or platform.machine() != "x86_64":
        pytest.skip(f"{RELEASED} is not released for this platform")
    assert pytestconfig.cache is not None
    folder = pytestconfig.cache.mkdir(RELEASED)
    if not (folder / "bin" / "pharia-skill-cli").is_file():
        command = [sys.executable, "-m", "pip", "install", "-q", "--no-deps", "--target", str(folder), RELEASED]
        subprocess.run(command, check=True, timeout=100)
    (tmp_path / "released").symlink_to(folder)


@pytest.mark.usefixtures("released")
@pytest.mark.parametrize("publish", [with_our_tool, with_the_released_tool, with_oras])
async def test_what_any_tool_publishes_is_read_as_it_was(
    guarded: DockerRegistry, oci: Open, code: bytes, tmp_path: Path, publish: Publish
) -> None:
    """Row 116."""
    (tmp_path / "haiku.wasm").write_bytes(code)
    await publish(guarded, tmp_path / "haiku.wasm", "1")
    registry = await oci(f"https://{guarded.host}", user=USER, password=SecretStr(PASSWORD), ca_file=guarded.authority)
    digest = await registry.resolve("haiku", "1")
    assert await registry.read("haiku", digest) == code
    assert digest_of((guarded.folder / _blob(digest)).read_bytes()) == digest


def _blob(digest: str) -> str:
    name = digest.removeprefix("sha256:")
    return f"docker/registry/v2/blobs/sha256/{name[:2]}/{name}/data"


async def test_a_tag_moves_and_what_it_stood_for_can_still_be_read(plain: DockerRegistry, oci: Open) -> None:
    registry = await oci(plain.host)
    for code in (b"one", b"two"):
        await plain.push("team/haiku:moving", skill_image(code))
        digest = await registry.resolve("haiku", "moving")
        assert await registry.read("haiku", digest) == code
    assert await registry.read("haiku", skill_image(b"one").digest) == b"one"


async def test_an_unknown_skill_and_an_unknown_tag_are_not_found(plain: DockerRegistry, oci: Open) -> None:
    """Rows 115 and 120."""
    registry = await oci(plain.host)
    await plain.push("team/haiku:known", skill_image(b"code"))
    for name, tag in [("haiku", "unknown"), ("nobody", "latest")]:
        with pytest.raises(SkillLoadError, match=f"team/{name}:{tag} not found"):
            await registry.resolve(name, tag)


@pytest.mark.parametrize("tls", [False, True])
async def test_on_this_machine_nobody_needs_to_say_whether_there_is_tls(
    plain: DockerRegistry, guarded: DockerRegistry, images: Path, tls: bool
) -> None:
    there = guarded if tls else plain
    await there.push("team/haiku:found", skill_image(b"code"))
    options = OciOptions(
        RegistryAddress.parse(there.host), "team", ca_file=there.authority, user=USER, password=SecretStr(PASSWORD)
    )
    async with OciRegistry(options, ImageCache(Folder(images), 1 << 30), DockerCredentials({})) as registry:
        assert await registry.read("haiku", await registry.resolve("haiku", "found")) == b"code"


async def test_a_certificate_that_nobody_vouches_for_is_not_accepted(guarded: DockerRegistry, oci: Open) -> None:
    registry = await oci(f"https://{guarded.host}", user=USER, password=SecretStr(PASSWORD))
    with pytest.raises(RegistryUnavailable, match=r"not trusted.*registry-ca-file in namespaces\.dev"):
        await registry.resolve("haiku", "1")


async def test_a_registry_without_tls_is_not_spoken_to_where_https_is_asked_for(
    plain: DockerRegistry, oci: Open
) -> None:
    registry = await oci(f"https://{plain.host}")
    with pytest.raises(RegistryUnavailable, match=r"does not speak TLS.*registry-insecure in namespaces\.dev"):
        await registry.resolve("haiku", "1")


async def test_a_file_without_certificates_is_named(oci: Open, tmp_path: Path) -> None:
    (tmp_path / "empty.pem").touch()
    with pytest.raises(ConfigError, match=r"namespaces\.dev\.registry-ca-file: .*empty\.pem"):
        await oci("127.0.0.1:1", ca_file=tmp_path / "empty.pem")
    with pytest.raises(ConfigError, match="No such file"):
        await oci("127.0.0.1:1", ca_file=tmp_path / "none.pem")


@pytest.mark.parametrize(
    ("user", "text"),
    [(None, "wants to know who asks for team/haiku"), (USER, "did not take the credentials of 'poet'")],
)
async def test_wrong_credentials_are_refused_and_not_shown(
    guarded: DockerRegistry, oci: Open, user: str | None, text: str, caplog: pytest.LogCaptureFixture
) -> None:
    password = SecretStr("xyzzy") if user else None
    registry = await oci(f"https://{guarded.host}", user=user, password=password, ca_file=guarded.authority)
    with pytest.raises(SkillLoadError, match=f"{text}.*registry-user and registry-password of namespaces.dev") as e:
        await registry.resolve("haiku", "1")
    assert "xyzzy" not in f"{e.value!r}{caplog.text}{registry._options}"
