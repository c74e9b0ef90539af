"""A child process in a group of its own, with pipes that never block the one who waits."""

from __future__ import annotations

import os
import select
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from typing import IO, Any

_WINDOWS = sys.platform == "win32"
_SLICE_SECONDS = 0.1
_CHUNK_BYTES = 65_536


class Output:
    """What one pipe delivered: the newest bytes (`drop_oldest`) or the first `limit_bytes`."""

    def __init__(self, changed: threading.Condition, limit_bytes: int, *, drop_oldest: bool) -> None:
        self._changed, self._limit, self._drop_oldest = changed, limit_bytes, drop_oldest
        self.content = bytearray()
        self.ended = False
        self.overflowed = False

    def pump(self, descriptor: int, stop: threading.Event) -> None:
        """Read until the end or `stop`; runs in a thread of its own and closes the descriptor."""
        try:
            while not stop.is_set():
                if not _WINDOWS and not select.select([descriptor], [], [], _SLICE_SECONDS)[0]:
                    continue
                chunk = os.read(descriptor, _CHUNK_BYTES)
                if not chunk:
                    break
                with self._changed:
                    self._take(chunk)
                    self._changed.notify_all()
        except OSError:
            pass
        finally:
            os.close(descriptor)
            with self._changed:
                self.ended = True
                self._changed.notify_all()

    def _take(self, chunk: bytes) -> None:
        self.content += chunk
        surplus = len(self.content) - self._limit
        if surplus > 0:
            self.overflowed = True
            if self._drop_oldest:
                del self.content[:surplus]
            else:
                del self.content[self._limit :]


class Child:
    """A running process group; `close` ends all of it. One owner, who calls `close`."""

    def __init__(
        self,
        command: Sequence[str],
        *,
        cwd: str | None,
        env: Mapping[str, str],
        stdin: bool,
        limit_bytes: int,
        drop_oldest: bool,
    ) -> None:
        """Start it. Raises `OSError` when that fails."""
        self.changed = threading.Condition()
        self._stop = threading.Event()
        self._killed = False
        group: dict[str, Any] = {"creationflags": 0x200} if _WINDOWS else {"start_new_session": True}
        self._process = subprocess.Popen(
            list(command),
            cwd=cwd,
            env={**os.environ, **env},
            stdin=subprocess.PIPE if stdin else subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            bufsize=0,
            **group,
        )
        self.stdout = Output(self.changed, limit_bytes, drop_oldest=drop_oldest)
        self.stderr = Output(self.changed, limit_bytes, drop_oldest=drop_oldest)
        self._threads = [
            self._reader(self.stdout, self._process.stdout),
            self._reader(self.stderr, self._process.stderr),
        ]

    def _reader(self, output: Output, pipe: IO[bytes] | None) -> threading.Thread:
        assert pipe is not None
        with pipe:
            descriptor = os.dup(pipe.fileno())
        thread = threading.Thread(target=output.pump, args=(descriptor, self._stop), name="luaskills-pipe", daemon=True)
        thread.start()
        return thread

    @property
    def code(self) -> int | None:
        """The exit code; None while it runs. Negative: ended by that signal."""
        with self.changed:
            return self._process.poll()

    @property
    def stdin_open(self) -> bool:
        """Whether the process can still be written to."""
        return self._process.stdin is not None and not self._process.stdin.closed

    def write(self, content: bytes, deadline: float | None) -> bool:
        """Give bytes to the process; False when it closed its end or the deadline (`time.monotonic`) passed."""
        pipe = self._process.stdin
        assert pipe is not None
        descriptor = pipe.fileno()
        if not _WINDOWS:
            os.set_blocking(descriptor, False)
        view = memoryview(content)
        while view:
            if self._stop.is_set() or (deadline is not None and time.monotonic() >= deadline):
                return False
            try:
                if _WINDOWS or select.select([], [descriptor], [], _SLICE_SECONDS)[1]:
                    view = view[os.write(descriptor, view[:_CHUNK_BYTES]) :]
            except BlockingIOError:
                continue
            except OSError:
                return False
        return True

    def feed(self, content: bytes) -> None:
        """Write everything and close stdin, beside the reading."""
        thread = threading.Thread(target=self._feed, args=(content,), name="luaskills-stdin", daemon=True)
        self._threads.append(thread)
        thread.start()

    def _feed(self, content: bytes) -> None:
        self.write(content, None)
        self.close_stdin()

    def close_stdin(self) -> None:
        """Tell the process that nothing more comes."""
        if self._process.stdin is not None:
            try:
                self._process.stdin.close()
            except OSError:
                pass

    def wait(self, seconds: float | None) -> bool:
        """Whether the process itself has ended within the time."""
        end = None if seconds is None else time.monotonic() + seconds
        with self.changed:
            while self._process.poll() is None:
                left = None if end is None else end - time.monotonic()
                if left is not None and left <= 0:
                    return False
                # an end of the pipes wakes this up at once; the slice is for processes that closed them earlier
                self.changed.wait(min(_slice(self.stdout.ended and self.stderr.ended), left or _SLICE_SECONDS))
            return True

    def kill(self) -> None:
        """End every process of the group now."""
        with self.changed:
            self._killed = True
            running = self._process.poll() is None
        if _WINDOWS:
            if running:
                subprocess.run(
                    ["taskkill", "/F", "/T", "/PID", str(self._process.pid)], capture_output=True, check=False
                )
            return
        try:
            os.killpg(self._process.pid, signal.SIGKILL)
        except (ProcessLookupError, PermissionError):
            pass

    def close(self, *, kill: bool = True) -> None:
        """Free everything; with `kill` what is left of the group ends first."""
        if kill:
            self.kill()
            self.wait(5)
        self._stop.set()
        self.close_stdin()
        current = threading.current_thread()
        for thread in self._threads:
            if thread is not current:
                thread.join(2)


def _slice(ended: bool) -> float:
    return 0.002 if ended else _SLICE_SECONDS / 2
