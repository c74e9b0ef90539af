"""The command ``pharia-kernel``: where it is, and one that runs as long as a ``with`` block."""

from __future__ import annotations

import os
import queue
import shutil
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Self

from pharia_skill.errors import KernelProgramFailed, KernelProgramMissing

_NAME = "pharia-kernel"
_LISTENING = "Listening on "
_START_SECONDS = 600.0
"""The first start may fetch a model."""
_STOP_SECONDS = 5.0


def kernel_program() -> str:
    """Beside this interpreter, or on the path. Raises :class:`~pharia_skill.errors.KernelProgramMissing`."""
    found = shutil.which(_NAME, path=str(Path(sys.executable).parent)) or shutil.which(_NAME)
    if found is None:
        raise KernelProgramMissing(
            f"this needs the kernel, and there is no command `{_NAME}` (pip install 'pharia-kernel[model]', or name a "
            "kernel that runs with --kernel URL)"
        )
    return found


class KernelProgram:
    """A kernel of one's own, on the loopback interface.

    ``environment`` is added to that of this process. ``say`` gets what the program prints to standard output once it
    listens; its log goes to standard error. Raises :class:`~pharia_skill.errors.KernelProgramMissing` and
    :class:`~pharia_skill.errors.KernelProgramFailed`.
    """

    url: str

    def __init__(self, port: int, environment: Mapping[str, str], say: Callable[[str], None] | None = None) -> None:
        self._command = [kernel_program(), "--address", f"127.0.0.1:{port}"]
        self._environment = {**os.environ, **environment}
        self._say = say
        self._lines: queue.SimpleQueue[str | None] = queue.SimpleQueue()

    def __enter__(self) -> Self:
        self._process = subprocess.Popen(
            self._command, env=self._environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True
        )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        try:
            self.url = self._listening()
        except BaseException:
            self._stop()
            raise
        return self

    def __exit__(
        self, exc_type: type[BaseException] | None, exc: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._stop()

    def check(self) -> None:
        """Raises :class:`~pharia_skill.errors.KernelProgramFailed` when it has ended."""
        if (status := self._process.poll()) is not None:
            raise KernelProgramFailed(f"`{_NAME}` ended with status {status} (it says why above)")

    def _listening(self) -> str:
        while True:
            try:
                line = self._lines.get(timeout=_START_SECONDS)
            except queue.Empty:
                raise KernelProgramFailed(f"`{_NAME}` does not listen after {_START_SECONDS:.0f} s") from None
            if line is None:
                self._process.wait(_STOP_SECONDS)
                self.check()
            elif line.startswith(_LISTENING):
                return line.removeprefix(_LISTENING).strip()

    def _read(self) -> None:
        assert self._process.stdout is not None
        with self._process.stdout as lines:
            listening = False
            for line in lines:
                if not listening:
                    self._lines.put(line)
                    listening = line.startswith(_LISTENING)
                elif self._say is not None:
                    self._say(line.rstrip())
        self._lines.put(None)

    def _stop(self) -> None:
        self._process.terminate()
        try:
            self._process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._reader.join()
