"""A process with the engine in its memory, of which the workers are copies: one takes milliseconds.

Programs that outlive the worker whose call started them become children of this process, which ends them.

On the connection whose number is the argument come orders of five bytes: ``b`` and the number of a new worker, with its
connection beside it, or ``k`` and the number of one to kill.
"""

from __future__ import annotations

import contextlib
import ctypes
import gc
import importlib
import os
import select
import signal
import socket
import struct
import sys
from pathlib import Path

ORDER = struct.Struct("!cI")
BIRTH, KILL = b"b", b"k"
READY = b"!"
_DEATH_SIGNAL = 1
"""``PR_SET_PDEATHSIG``."""
_ADOPT = 36
"""``PR_SET_CHILD_SUBREAPER``."""
_KERNEL_ENDED = signal.SIGUSR1
_LEFT_TO_THE_KERNEL = (signal.SIGINT, signal.SIGTERM)
"""Who sends them to all processes of a service means the kernel, which lets calls finish."""


class Zygote:
    def __init__(self, control: socket.socket) -> None:
        self._control = control
        self._children: dict[int, int] = {}
        """Process ids by number."""

    def run(self) -> None:
        """Until the kernel is gone; the workers and their programs go with this process."""
        ended, wake = os.pipe()
        os.set_blocking(ended, False)
        os.set_blocking(wake, False)
        for number in (signal.SIGCHLD, _KERNEL_ENDED):
            signal.signal(number, _ignore)
        signal.set_wakeup_fd(wake, warn_on_full_buffer=False)
        self._control.sendall(READY)
        while True:
            readable, _, _ = select.select([self._control.fileno(), ended], [], [])
            if ended in readable:
                with contextlib.suppress(BlockingIOError):
                    if _KERNEL_ENDED in os.read(ended, 4096):
                        break
                self._reap()
            if self._control.fileno() in readable and not self._obey():
                break
        for child in self._children.values():
            _kill(child)
        while self._reap():
            select.select([ended], [], [])
            with contextlib.suppress(BlockingIOError):
                os.read(ended, 4096)

    def _obey(self) -> bool:
        data, fds, _, _ = socket.recv_fds(self._control, ORDER.size, 1, socket.MSG_WAITALL)
        if len(data) < ORDER.size:
            return False
        kind, number = ORDER.unpack(data)
        if kind == BIRTH:
            self._bear(number, fds[0])
        elif (child := self._children.get(number)) is not None:  # not reaped, so the number is still its own
            _kill(child)
        return True

    def _bear(self, number: int, fd: int) -> None:
        parent = os.getpid()
        child = os.fork()
        if child:
            os.close(fd)
            self._children[number] = child
            return
        status = 1
        try:
            self._control.close()
            signal.set_wakeup_fd(-1)
            for usual in (signal.SIGCHLD, _KERNEL_ENDED):
                signal.signal(usual, signal.SIG_DFL)
            os.setsid()
            end_with_parent(signal.SIGKILL)
            adopt_orphans()
            if os.getppid() != parent:
                raise SystemExit
            os.set_inheritable(fd, False)
            _work(socket.socket(fileno=fd))
        except SystemExit:
            status = 0
        except BaseException as error:
            os.write(2, f"{type(error).__name__}: {error}\n".encode(errors="replace"))
        finally:
            os._exit(status)

    def _reap(self) -> bool:
        """Whether there are processes left."""
        numbers = {child: number for number, child in self._children.items()}
        while True:
            try:
                ended = os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
            except ChildProcessError:
                return False
            if ended is None:
                break
            if ended.si_pid in numbers:
                _kill_group(ended.si_pid)  # while its number is still taken
            os.waitpid(ended.si_pid, 0)
            self._children.pop(numbers.get(ended.si_pid, -1), None)
        for orphan in _children() - set(self._children.values()):
            _kill(orphan)
        return True


def _work(connection: socket.socket) -> None:
    from pharia_kernel.runtimes.lua.child.worker import serve

    serve(connection)


def _kill(child: int) -> None:
    """With the programs it started, which are its group as soon as it has begun."""
    with contextlib.suppress(ProcessLookupError):
        os.kill(child, signal.SIGKILL)
    _kill_group(child)


def _kill_group(child: int) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(child, signal.SIGKILL)


def _children() -> set[int]:
    """Of this process, as far as the system tells."""
    try:
        return {int(child) for child in Path(f"/proc/self/task/{os.getpid()}/children").read_text().split()}
    except OSError:
        return set()


def _ignore(*_: object) -> None:
    """Programs of skills would inherit ``SIG_IGN``."""


def end_with_parent(by: int) -> None:
    """Where the system can do that."""
    _prctl(_DEATH_SIGNAL, by)


def adopt_orphans() -> None:
    """Where the system can do that."""
    _prctl(_ADOPT, 1)


def _prctl(option: int, value: int) -> None:
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(option, value, 0, 0, 0)


def main() -> None:
    for number in _LEFT_TO_THE_KERNEL:
        signal.signal(number, _ignore)
    control = socket.socket(fileno=int(sys.argv[1]))
    os.set_inheritable(control.fileno(), False)
    os.dup2(2, 1)
    end_with_parent(_KERNEL_ENDED)
    adopt_orphans()
    for module in ("lupa.luajit21", "pharia_kernel.runtimes.lua.child.worker"):
        importlib.import_module(module)  # the copies have it
    gc.collect()
    gc.freeze()
    Zygote(control).run()


if __name__ == "__main__":
    main()
