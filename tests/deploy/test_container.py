"""The Containerfile: what goes into the image, and how it starts."""

from __future__ import annotations

import fnmatch
import http.server
import os
import re
import shlex
import subprocess
import sys
import threading
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from pharia_kernel.config import load_settings
from pharia_kernel.config.exposure import check_exposure
from pharia_kernel.config.units import parse_address
from pharia_kernel.errors import ConfigError

ROOT = Path(__file__).parents[2]
FILE = ROOT / "deploy" / "Containerfile"
HEALTH = ROOT / "deploy" / "health.py"
INSTRUCTIONS = [
    tuple(line.split(maxsplit=1))
    for line in re.sub(r"\\\n\s*|^#.*\n", "", FILE.read_text(), flags=re.MULTILINE).splitlines()
    if line.strip()
]
LAST = INSTRUCTIONS[max(at for at, (word, _) in enumerate(INSTRUCTIONS) if word == "FROM") :]


def of(word: str, among: list[tuple[str, ...]] = LAST) -> list[str]:
    return [rest for first, rest in among if first == word]


def environment() -> dict[str, str]:
    return dict(pair.split("=", 1) for line in of("ENV") for pair in shlex.split(line))


def test_the_base_is_the_callers_choice() -> None:
    assert set(of("FROM", INSTRUCTIONS)) == {"${PYTHON_IMAGE} AS build", "${PYTHON_IMAGE}"}
    (base,) = [rest for rest in of("ARG", INSTRUCTIONS) if rest.startswith("PYTHON_IMAGE=")]
    assert re.fullmatch(r"PYTHON_IMAGE=python:3\.1[123]-slim(-\w+)?", base)
    assert "://" not in FILE.read_text()


def test_extras_are_those_of_the_package() -> None:
    (extras,) = [rest.removeprefix("EXTRAS=") for rest in of("ARG", INSTRUCTIONS) if rest.startswith("EXTRAS=")]
    project = tomllib.loads((ROOT / "packages" / "kernel" / "pyproject.toml").read_text())["project"]
    assert set(extras.split(",")) <= project["optional-dependencies"].keys()
    assert project["optional-dependencies"].keys() - set(extras.split(",")) == {"documents", "model"}


def test_versions_are_those_that_were_tested() -> None:
    installing = [rest for rest in of("RUN", INSTRUCTIONS) if "pip " in rest and " install " in rest]
    assert len(installing) == 2
    assert all("--constraint constraints.txt" in rest for rest in installing)


def test_the_image_has_what_was_installed_and_no_traces_of_it() -> None:
    assert "PIP_NO_CACHE_DIR=1" in of("ENV", INSTRUCTIONS)[0]
    assert of("COPY") == [
        "--from=build /opt/pharia-kernel /opt/pharia-kernel",
        "deploy/health.py /opt/pharia-kernel/share/health.py",
    ]


def ignored(path: str) -> bool:
    lines = (ROOT / ".containerignore").read_text().splitlines()
    state = False
    for line in (line for line in lines if line and not line.startswith("#")):
        wanted = line.removeprefix("!").removeprefix("**/")
        if fnmatch.fnmatch(path, wanted) or fnmatch.fnmatch(path, f"{wanted}/*"):
            state = not line.startswith("!")
    return state


def test_only_what_is_copied_is_sent_to_the_builder() -> None:
    copied = [word for rest in of("COPY", INSTRUCTIONS) if "--from" not in rest for word in rest.split()[:-1]]
    assert copied
    assert [path for path in copied if not (ROOT / path).exists() or ignored(path)] == []
    assert [
        path for path in (".env", ".git/config", "packages/kernel/tests/x.py", "skills/a.wasm") if not ignored(path)
    ] == []
    assert (FILE.parent / "Containerfile.dockerignore").resolve() == ROOT / ".containerignore"


def test_nobody_in_the_container_is_root() -> None:
    (user,) = of("USER")
    assert re.fullmatch(r"[1-9]\d*:[1-9]\d*", user)
    owned = [rest for rest in of("RUN") if f"-o {user.split(':')[0]} -g {user.split(':')[1]} -m 0700" in rest]
    assert len(owned) == 1
    settings = load_settings(environ=environment(), directory=FILE.parent)
    for folder in (settings.cache_dir, Path(environment()["HOME"])):
        assert f" {folder} " in owned[0]


def test_without_access_control_the_container_does_not_serve(tmp_path: Path) -> None:
    settings = load_settings(environ=environment(), directory=tmp_path)
    assert settings.warnings == ()
    host, port = parse_address(settings.kernel_address)
    assert of("EXPOSE") == [str(port)]
    with pytest.raises(ConfigError, match="other machines could call every skill"):
        check_exposure(host, settings)
    chosen = {**environment(), "ACCESS__KEYS_FILE": "/etc/keys.toml"}
    check_exposure(host, load_settings(environ=chosen, directory=tmp_path))


def test_the_command_of_the_image_is_the_kernel() -> None:
    scripts = tomllib.loads((ROOT / "packages" / "kernel" / "pyproject.toml").read_text())["project"]["scripts"]
    assert of("ENTRYPOINT") == [f'["{next(iter(scripts))}"]']


class Probed(http.server.BaseHTTPRequestHandler):
    status = 200

    def do_GET(self) -> None:
        self.send_response(self.status if self.path == "/livez" else 404)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


@contextmanager
def answering(status: int) -> Iterator[int]:
    """The port on which somebody answers the probe with this status."""
    kind = type("Answering", (Probed,), {"status": status})
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), kind) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        try:
            yield server.server_port
        finally:
            server.shutdown()
            thread.join()


def healthy(address: str) -> bool:
    (command,) = of("HEALTHCHECK")
    assert '"/opt/pharia-kernel/share/health.py"' in command
    environ = {**os.environ, "KERNEL_ADDRESS": address, "http_proxy": "http://127.0.0.1:1"}
    return subprocess.run([sys.executable, "-IS", HEALTH], env=environ, timeout=60).returncode == 0


def test_the_container_is_healthy_while_the_kernel_answers() -> None:
    with answering(200) as port:
        assert healthy(f"127.0.0.1:{port}")
        assert healthy(f"0.0.0.0:{port}")
    assert not healthy(f"127.0.0.1:{port}")
    with answering(503) as port:
        assert not healthy(f"127.0.0.1:{port}")
