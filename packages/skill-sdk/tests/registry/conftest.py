"""A real registry in several settings, a proxy that cuts connections, and components to send."""

from __future__ import annotations

import platform
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
import trustme
from wasmtime import wat2wasm

from oci_servers.proxy import Cut, CuttingProxy
from oci_servers.registry import Certificates, RunningRegistry, running_registry, tls_settings
from pharia_skill.builder.wasm import with_section
from pharia_skill.registry import Credentials

_HTPASSWD = "poet:$2b$05$3GRp/qTQvz/90s8nk6RdE.wcW7VPbaLYwa0729P2RZJ0ODB3kUew6\n"
_RELEASED = "pharia-skill-cli==0.4.9"
_SKILL = '(component (instance $i) (export "pharia:skill/skill-handler@0.4.0" (instance $i)))'


@pytest.fixture(scope="session")
def component() -> Callable[..., bytes]:
    """Make a small skill, larger by ``size`` bytes that nobody reads."""

    def make(size: int = 0, seed: bytes = b"a") -> bytes:
        return with_section(bytes(wat2wasm(_SKILL)), "padding", seed * size)

    return make


@pytest.fixture
def poet() -> Credentials:
    """Whom the guarded registry knows."""
    return Credentials("poet", "open sesame")


StartRegistry = Callable[..., RunningRegistry]


@pytest.fixture(scope="session")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    folder = tmp_path_factory.mktemp("certificates")
    authority = trustme.CA()
    issued = authority.issue_cert("127.0.0.1", "localhost")
    found = Certificates(folder / "authority.pem", folder / "server.pem", folder / "key.pem")
    authority.cert_pem.write_to_path(str(found.authority))
    issued.private_key_pem.write_to_path(str(found.key))
    for part in issued.cert_chain_pems:
        part.write_to_path(str(found.server), append=True)
    return found


@pytest.fixture(scope="session")
def start_registry(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StartRegistry]:
    """Start registries that run until the tests end."""
    with ExitStack() as running:

        def start(http: str = "", auth: str = "") -> RunningRegistry:
            return running.enter_context(running_registry(tmp_path_factory.mktemp("registry"), http, auth))

        yield start


@pytest.fixture(scope="session")
def plain_registry(start_registry: StartRegistry) -> RunningRegistry:
    return start_registry()


@pytest.fixture(scope="session")
def tls_registry(start_registry: StartRegistry, certificates: Certificates) -> RunningRegistry:
    return start_registry(tls_settings(certificates))


@pytest.fixture(scope="session")
def guarded_registry(
    start_registry: StartRegistry, certificates: Certificates, tmp_path_factory: pytest.TempPathFactory
) -> RunningRegistry:
    """Over TLS, and only for ``poet``."""
    passwords = tmp_path_factory.mktemp("passwords") / "htpasswd"
    passwords.write_text(_HTPASSWD)
    return start_registry(tls_settings(certificates), f"auth: {{htpasswd: {{realm: poems, path: {passwords}}}}}")


@pytest.fixture
def cutting_proxy() -> Iterator[Callable[..., CuttingProxy]]:
    with ExitStack() as open_ones:

        def start(target: str, *cuts: Cut, answers: Iterable[Cut] = ()) -> CuttingProxy:
            proxy = CuttingProxy(target, cuts, answers)
            open_ones.callback(proxy.close)
            return proxy

        yield start


@pytest.fixture(scope="session")
def released_program(pytestconfig: pytest.Config) -> Path:
    """The program the released SDK publishes with, kept between runs."""
    if sys.platform != "linux" or platform.machine() != "x86_64":
        pytest.skip(f"{_RELEASED} is not released for this platform")
    assert pytestconfig.cache is not None
    folder = pytestconfig.cache.mkdir(_RELEASED)
    program = folder / "bin" / "pharia-skill-cli"
    if not program.is_file():
        command = [sys.executable, "-m", "pip", "install", "-q", "--no-deps", "--target", str(folder), _RELEASED]
        subprocess.run(command, check=True, timeout=100)
    return program
