"""The server, the stub backend and others as processes of their own, on loopback, stopped when the context ends."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

START_SECONDS = 120.0
BACKEND = [sys.executable, "-m", "bench.stub_backend"]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextmanager
def process(command: Sequence[str], port: int, environment: Mapping[str, str] | None = None) -> Iterator[int]:
    """Run a command that listens on ``port``; gives its process id."""
    child = subprocess.Popen(
        command, env={**os.environ, **(environment or {})}, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        _wait_for(port, child)
        yield child.pid
    finally:
        child.send_signal(signal.SIGTERM)
        try:
            child.wait(10)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()


def _wait_for(port: int, child: subprocess.Popen[bytes]) -> None:
    end = time.monotonic() + START_SECONDS
    while time.monotonic() < end and child.poll() is None:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            return
        except OSError:
            time.sleep(0.05)
    raise RuntimeError(f"{child.args!r} does not listen on port {port}")


@contextmanager
def kernel(skills: Path, *, backend_port: int | None = None, **settings: str) -> Iterator[tuple[int, int]]:
    """A kernel with a worker per core that serves a directory as namespace ``dev``; gives its port and process id."""
    port = free_port()
    environment = {"NAMESPACES__DEV__DIRECTORY": str(skills), "INFERENCE": "none", "LOG_LEVEL": "error"}
    environment |= {"WORKERS": str(os.cpu_count() or 1), **settings}
    if backend_port is not None:
        environment |= {
            "INFERENCE": "openai",
            "OPENAI_INFERENCE__URL": f"http://127.0.0.1:{backend_port}/v1",
            "OPENAI_INFERENCE__TOKEN": "none",
        }
    command = [str(Path(sys.executable).parent / "pharia-kernel"), "--address", f"127.0.0.1:{port}"]
    with process(command, port, environment) as pid:
        _wait_ready(port)
        yield port, pid


def _wait_ready(port: int) -> None:
    """Until a row of new connections, which go to any of the workers, finds them ready."""
    end, ready = time.monotonic() + START_SECONDS, 0
    while time.monotonic() < end and ready < 10:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz", timeout=5) as answer:
                ready = ready + 1 if answer.status == 200 else 0
        except (urllib.error.URLError, OSError):
            ready = 0
            time.sleep(0.1)
    if ready < 10:
        raise RuntimeError("the kernel does not become ready")


def family(pid: int) -> list[int]:
    """The process and those it started."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [pid, *(int(child) for child in children)]


def private_mib(pid: int) -> float:
    """Anonymous memory, which no other process shares. (``smaps_rollup`` would stop the process to count.)"""
    lines = [line for each in family(pid) for line in Path(f"/proc/{each}/status").read_text().splitlines()]
    return sum(int(line.split()[1]) for line in lines if line.startswith("RssAnon:")) / 1024


def threads(pid: int) -> int:
    return sum(len(os.listdir(f"/proc/{each}/task")) for each in family(pid))


def cpu_seconds(pid: int) -> float:
    stats = [Path(f"/proc/{each}/stat").read_text().rpartition(")")[2].split() for each in family(pid)]
    return sum(int(fields[11]) + int(fields[12]) for fields in stats) / os.sysconf("SC_CLK_TCK")
